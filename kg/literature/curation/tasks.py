r"""Which statements people should look at, those first whose answer moves rankings most.

Decides the order. A statement of confidence `c` is accepted with probability `c`; its task is worth
the expected number of ranks that its pair moves among all treatments of the disease,

.. math:: E = c \, |r_{yes} - r| + (1 - c) \, |r_{no} - r|

where `r` is the rank by prior score plus belief as it stands, `r_yes` with `c = 1`, `r_no` without
the statement. Statements of other relations are ordered by doubt alone, behind those.
"""

import csv
import io
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

from kg.literature.belief import beliefs
from kg.literature.miner import MinedStatement
from kg.literature.statements import from_statement, is_mined
from kg.statements import Statement
from kg.vocabulary import Predicate

__all__ = ["CurationTask", "choose_tasks", "read_tasks", "write_tasks"]

_TREATING = (Predicate.TREATS, Predicate.AMELIORATES, Predicate.PREVENTS)
Prior = Callable[[str], Mapping[str, float]]
"""Scores of treatments of a disease without papers; treatments that it leaves out have 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CurationTask:
    """One question: does the paper say this?

    Attributes:
        id: Id of the statement.
        subject: Name of the subject.
        predicate: Relation.
        object: Name of the object.
        negated: The miner read that it does not hold.
        publication: CURIE of the paper.
        section: Where in the paper.
        offsets: Characters of the evidence.
        sentence: The evidence where its licence allows it, else empty: read it in the paper.
        confidence: Of the miner.
        reason: `uncertain` or `conflict`.
        moves: Expected number of ranks that the answer moves a treatment.
    """

    id: str
    subject: str
    predicate: str
    object: str
    negated: bool
    publication: str
    section: str
    offsets: str
    sentence: str
    confidence: float
    reason: str
    moves: float


def choose_tasks(
    statements: Iterable[Statement],
    *,
    limit: int,
    label: Callable[[str], str] = lambda curie: curie,
    prior: Prior = lambda _disease: {},
) -> list[CurationTask]:
    """The tasks that are worth most, best first.

    Args:
        statements: Of a graph; those that were not mined, or were curated, are left out.
        limit: Number of tasks.
        label: Name of a CURIE.
        prior: Scores that a ranking has without papers.
    """
    mined = [s for s in statements if is_mined(s) and s.qualifier("curator") is None]
    said = {statement.id: from_statement(statement) for statement in mined}
    pairs: dict[tuple[str, Predicate, str], list[str]] = defaultdict(list)
    treated: dict[str, set[str]] = defaultdict(set)
    for id_, one in said.items():
        pairs[one.subject, one.predicate, one.object].append(id_)
        if one.predicate in _TREATING:
            treated[one.object].add(one.subject)
    ranks = {
        disease: _Ranks(disease, drugs, pairs, said, prior) for disease, drugs in treated.items()
    }
    tasks = []
    for statement in mined:
        one = said[statement.id]
        group = [said[i] for i in pairs[one.subject, one.predicate, one.object]]
        conflict = len({other.negated for other in group}) > 1
        moves = 0.0
        if one.predicate in _TREATING:
            moves = ranks[one.object].moved(statement.id, one)
        tasks.append(
            CurationTask(
                id=statement.id,
                subject=label(one.subject),
                predicate=one.predicate.value,
                object=label(one.object),
                negated=one.negated,
                publication=one.publication,
                section=one.section,
                offsets=statement.qualifier("offsets") or "",
                sentence=one.sentence or "",
                confidence=one.confidence,
                reason="conflict" if conflict else "uncertain",
                moves=round(moves, 4),
            )
        )
    tasks.sort(key=lambda t: (-t.moves, t.reason != "conflict", abs(t.confidence - 0.5), t.id))
    return tasks[:limit]


class _Ranks:
    """Ranks of the treatments of a disease under what-ifs."""

    def __init__(
        self,
        disease: str,
        drugs: Iterable[str],
        pairs: Mapping[tuple[str, Predicate, str], Sequence[str]],
        said: Mapping[str, MinedStatement],
        prior: Prior,
    ) -> None:
        self._disease = disease
        self._prior = dict(prior(disease))
        self._said = {
            drug: {
                i: replace(said[i], predicate=Predicate.TREATS)
                for predicate in _TREATING
                for i in pairs.get((drug, predicate, disease), ())
            }
            for drug in drugs
        }
        self._scores = dict(self._prior)
        for drug in self._said:
            self._scores[drug] = self._score(drug, self._said[drug].values())

    def _score(self, drug: str, said: Iterable[MinedStatement]) -> float:
        (found,) = list(beliefs(said)) or (None,)
        return self._prior.get(drug, 0.0) + (0.0 if found is None else found.net)

    def _rank(self, drug: str, score: float) -> int:
        return sum(other > score for name, other in self._scores.items() if name != drug)

    def moved(self, id_: str, one: MinedStatement) -> float:
        """Expected number of ranks that the answer to one statement moves its treatment."""
        drug = one.subject
        own = self._said[drug]
        now = self._rank(drug, self._scores[drug])
        sure = own | {id_: replace(own[id_], confidence=1.0)}
        without = {i: s for i, s in own.items() if i != id_}
        yes = self._rank(drug, self._score(drug, sure.values()))
        no = self._rank(drug, self._score(drug, without.values()))
        return one.confidence * abs(yes - now) + (1.0 - one.confidence) * abs(no - now)


def write_tasks(tasks: Sequence[CurationTask], path: Path) -> None:
    """Writes tasks as CSV or JSON, by the ending of the file.

    Raises:
        ValueError: The file ends with neither.
    """
    rows = [asdict(task) for task in tasks]
    if path.suffix == ".json":
        path.write_text(json.dumps(rows, indent=1) + "\n", "utf-8")
    elif path.suffix == ".csv":
        sink = io.StringIO()
        names = [f.name for f in fields(CurationTask)]
        writer = csv.DictWriter(sink, [*names, "verdict", "curator"], lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: _inert(value) for name, value in row.items()} for row in rows)
        path.write_text(sink.getvalue(), "utf-8")
    else:
        raise ValueError(f"{path.name}: ends with neither .csv nor .json")


def read_tasks(path: Path) -> list[CurationTask]:
    """Tasks of a JSON file that `write_tasks` wrote."""
    return [CurationTask(**row) for row in json.loads(path.read_text("utf-8"))]


def _inert(value: object) -> object:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in "=+-@\t\r" and value else value
