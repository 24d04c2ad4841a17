"""Evidence paths: chains of statements that lead from a treatment to a disease.

Decides what a path is and how it stands in an answer, each hop with its statement, source and
papers. Which chains there are is decided in `reasoning.path_search`, which few are shown in
`reasoning.path_choice`. "Reachable" is weak evidence: any path of three hops links a third of
shuffled pairs too.
"""

from dataclasses import dataclass
from itertools import islice

import numpy as np
import numpy.typing as npt

from kg.columns import PREDICATES
from kg.snapshot import GraphSnapshot

from .answer import Entity, Hop, Path
from .path_choice import PathSigns, PathTemplates, ProteinLinks, choose
from .path_search import MOST_HOPS, Chains, PathSearch

__all__ = ["EvidenceGraph", "EvidencePath", "Step", "to_entity", "to_path"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One hop: the edge row of the snapshot, and whether it is walked along its direction."""

    row: int
    forward: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidencePath:
    """Node positions from treatment to disease, the steps between them, and the path's score."""

    nodes: tuple[int, ...]
    steps: tuple[Step, ...]
    score: float


class EvidenceGraph:
    """The statements of a snapshot that may stand in a path.

    Args:
        snapshot: The graph. Negated statements and cases are left out.
        templates: How paths are weighed; None takes the weights that ship.
    """

    def __init__(self, snapshot: GraphSnapshot, *, templates: PathTemplates | None = None) -> None:
        self._search = PathSearch(snapshot)
        self._links = ProteinLinks(snapshot)
        self._templates = templates or PathTemplates.shipped()

    def paths(
        self,
        treatment: int,
        disease: int,
        *,
        limit: int = 3,
        max_hops: int = MOST_HOPS,
        without: frozenset[int] = frozenset(),
        read: npt.NDArray[np.floating] | None = None,
    ) -> list[EvidencePath]:
        """The best and most diverse paths from a treatment to a disease.

        Args:
            treatment: Node position of the drug or action.
            disease: Node position of the disease.
            limit: How many paths at most.
            max_hops: Longest path, 1 to 4.
            without: Edge rows that must not be used.
            read: How much the score of the disease rests on the treatments of each node.

        Returns:
            Paths in the order to show them, see `path_choice.choose`; empty when none is short
            enough.
        """
        if treatment == disease:
            return []
        chains, signs = self.read(treatment, disease, max_hops=max_hops, without=without)
        chosen = choose(chains, signs, self._templates.score(signs), read)
        return [_path(chains, at, chance) for at, chance in islice(chosen, limit)]

    def read(
        self,
        treatment: int,
        disease: int,
        *,
        max_hops: int = MOST_HOPS,
        without: frozenset[int] = frozenset(),
    ) -> tuple[Chains, PathSigns]:
        """All paths that are looked at, and what is read off them."""
        chains = self._search.chains(treatment, disease, max_hops=max_hops)
        if without:
            used = np.isin(chains.row, sorted(without))
            chains = chains.take(np.flatnonzero(~used.any(axis=1)))
        return chains, PathSigns.of(chains, self._links, self._search.predicate)


def _path(chains: Chains, at: int, chance: float) -> EvidencePath:
    n_hops = int(chains.n_hops[at])
    hops = zip(chains.row[at, :n_hops].tolist(), chains.forward[at, :n_hops].tolist(), strict=True)
    return EvidencePath(
        nodes=tuple(chains.node[at, : n_hops + 1].tolist()),
        steps=tuple(Step(row=row, forward=forward) for row, forward in hops),
        score=chance,
    )


def to_entity(snapshot: GraphSnapshot, node: int) -> Entity:
    """A node as the answer shows it; the label falls back to the identifier."""
    view = snapshot.node(node)
    return Entity(id=view.id, label=view.label or view.id, xrefs=view.xrefs)


def to_path(snapshot: GraphSnapshot, path: EvidencePath) -> Path:
    """The path with each hop's statement, source and publications."""
    rows = np.asarray([step.row for step in path.steps], dtype=np.int64)
    columns = snapshot.take(rows)
    entities = {node: to_entity(snapshot, node) for node in path.nodes}
    hops = []
    for at, step in enumerate(path.steps):
        hops.append(
            Hop(
                subject=entities[int(columns.head[at])],
                predicate=PREDICATES[columns.predicate[at]].value,
                object=entities[int(columns.tail[at])],
                direction="forward" if step.forward else "backward",
                statement=snapshot.statement_id(step.row),
                source=snapshot.sources[columns.source[at]].name,
                publications=snapshot.publications(step.row),
            )
        )
    return Path(hops=tuple(hops))
