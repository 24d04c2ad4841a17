r"""What papers say about a treatment, beside the model: belief, sources and passages.

Decides how mined statements enter a ranking. The model and its graph stay as they were trained;
statements of graphs that were added since (`iatros build --literature`, `iatros update`) are read
apart from it. A pair of treatment and disease that no curated statement joins gets the belief

.. math:: b = s \, (1 - c)

with `s` what papers say for it and `c` what they say against it (denied, contraindicated, causes
the disease), each a noisy-or over papers (`kg.literature.belief`). A paper that is read as speaking
for and against the same pair is misread in one of the two: it is shown on both sides and its `s`
counts nothing. Without added graphs nothing changes.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np

from fusion.symbolic.treatments import TREATING
from kg.additions import added_graphs, base_snapshot
from kg.literature.belief import beliefs
from kg.literature.miner import MinedStatement
from kg.literature.statements import from_statement, is_mined
from kg.snapshot import GraphSnapshot
from kg.snapshot_io import SnapshotError
from kg.statements import Statement
from kg.vocabulary import Predicate

from .answer import Hop, Passage
from .answer import Path as EvidencePath
from .paths import to_entity

__all__ = ["MinedSupport", "Stance", "added_statements", "mined_support", "passage_of"]

_AGAINST = (Predicate.CONTRAINDICATED_IN, Predicate.HAS_ADVERSE_EVENT)
_SHOWN = 3  # passages of each stance

Stance = Literal["supporting", "contradicting"]


class MinedSupport:
    """Mined statements between treatments and diseases, in the node numbers of the model's graph.

    Args:
        statements: Of added graphs; what was not mined from a paper is left out.
        base: The graph that the model was trained on.
    """

    def __init__(self, statements: Iterable[Statement], base: GraphSnapshot) -> None:
        self._base = base
        self._pairs: dict[tuple[int, int], list[tuple[Stance, Statement]]] = defaultdict(list)
        self._beliefs: dict[int, dict[int, float]] = defaultdict(dict)
        for statement in statements:
            stance = _stance(statement)
            if stance is None or not is_mined(statement):
                continue
            head, tail = base.index(statement.subject), base.index(statement.object)
            if head is not None and tail is not None:
                self._pairs[head, tail].append((stance, statement))
        said = (one for found in self._pairs.values() for one in _counted(found))
        for belief in beliefs(said):
            head, tail = base.index(belief.subject), base.index(belief.object)
            if head is not None and tail is not None and belief.net > 0.0:
                self._beliefs[tail][head] = belief.net

    def of_disease(self, disease: int) -> dict[int, float]:
        """Belief of each treatment that papers speak for."""
        return self._beliefs.get(disease, {})

    def passages(self, treatment: int, disease: int) -> tuple[Passage, ...]:
        """The surest places that speak for and against, each paper once a stance."""
        found = []
        stances: tuple[Stance, ...] = ("supporting", "contradicting")
        for stance in stances:
            seen: set[str] = set()
            for statement in self._of(treatment, disease, stance):
                paper = statement.publications[0]
                if paper not in seen and len(seen) < _SHOWN:
                    seen.add(paper)
                    found.append(passage_of(stance, statement))
        return tuple(found)

    def paths(self, treatment: int, disease: int, *, limit: int) -> tuple[EvidencePath, ...]:
        """The mined statements for the pair as paths of one hop, the surest first."""
        subject, object_ = to_entity(self._base, treatment), to_entity(self._base, disease)
        return tuple(
            EvidencePath(
                hops=(
                    Hop(
                        subject=subject,
                        predicate=statement.predicate.value,
                        object=object_,
                        direction="forward",
                        statement=statement.id,
                        source=statement.source,
                        publications=statement.publications,
                    ),
                )
            )
            for statement in self._of(treatment, disease, "supporting")[:limit]
        )

    def _of(self, treatment: int, disease: int, stance: str) -> list[Statement]:
        found = [s for kind, s in self._pairs.get((treatment, disease), ()) if kind == stance]
        return sorted(found, key=lambda s: (-(s.confidence or 0.0), s.id))


def mined_support(folder: Path, base: GraphSnapshot) -> MinedSupport | None:
    """Support from the graphs that were added to a folder; None without any.

    Raises:
        SnapshotError: The folder holds no graph.
    """
    found = added_statements(folder, base, (*TREATING, *_AGAINST))
    return None if found is None else MinedSupport(found, base)


def added_statements(
    folder: Path, base: GraphSnapshot, predicates: Iterable[Predicate]
) -> Iterator[Statement] | None:
    """Statements of these predicates in graphs that were added to a folder; None without any.

    Raises:
        SnapshotError: The folder holds no graph, or another one than the model's.
    """
    if not any(one.kind == "statements" for one in added_graphs(folder)):
        return None
    whole, own = GraphSnapshot.load(folder / "snapshot"), base_snapshot(folder)
    if own.digest != base.digest:
        raise SnapshotError(f"{folder}: was built as another graph than the model's")
    standing = {source.name for source in own.sources}
    added = [code for code, s in enumerate(whole.sources) if s.name not in standing]
    edges = [whole.edges(predicate, negated=None) for predicate in predicates]
    rows = np.concatenate([e.rows[np.isin(e.source, added)] for e in edges])
    return (whole.statement(int(row)) for row in rows)


def _stance(statement: Statement) -> Stance | None:
    if statement.predicate in TREATING:
        return "contradicting" if statement.negated else "supporting"
    if statement.predicate in _AGAINST and not statement.negated:
        return "contradicting"
    return None


def _counted(found: list[tuple[Stance, Statement]]) -> Iterator[MinedStatement]:
    """What is said of one pair, without support that its own paper takes back."""
    against = {one.publications for stance, one in found if stance == "contradicting"}
    for stance, statement in found:
        if stance == "contradicting" or statement.publications not in against:
            yield replace(
                from_statement(statement),
                predicate=Predicate.TREATS,
                negated=stance == "contradicting",
            )


def passage_of(stance: Stance, statement: Statement) -> Passage:
    """The place that a mined statement was read at."""
    start, _, end = (statement.qualifier("offsets") or "").partition("-")
    return Passage(
        stance=stance,
        publication=statement.publications[0],
        section=statement.qualifier("section") or "",
        start=int(start) if start else None,
        end=int(end) if end else None,
        sentence=statement.qualifier("sentence"),
        predicate=statement.predicate.value,
        confidence=statement.confidence or 0.0,
        hedged=statement.qualifier("hedged") == "true",
        statement=statement.id,
    )
