"""Do the shown paths name the protein by which a treatment acts, where curators say which it is.

Decides what is counted: pairs of DrugMechDB with a protein, of a part that no template was learnt
from, whose own paths and direct statements are taken out of the graph; a hit is a shown path whose
first protein is the first protein of the curated mechanism, reached before any disease. Beside it
run three nulls: the same drug asked about the disease of another pair, random paths between the
same two (as long, over a first node of about the same degree), and the order without learnt
weights. All shown hops are looked up in the graph. Intervals resample drugs.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fusion.predictor import Predictor
from kg.snapshot import GraphSnapshot
from reasoning.path_choice import PathSigns, PathTemplates, choose
from reasoning.path_search import Chains
from reasoning.paths import EvidenceGraph, EvidencePath, to_path

from .mechanism_gold import Mechanism, graph_without, known_mechanisms, part_of, stated_pairs
from .metrics import Interval
from .path_deletion import DeletionResult, delete_paths
from .random_paths import RandomPaths
from .resampling import cluster_draws, interval_of
from .template_learning import learn_templates

__all__ = ["ExplanationResult", "evaluate_explanation"]

SHOWN, POSSIBLE = "shown paths", "any path looked at"
OTHER, RANDOM, UNLEARNT = (
    "disease of another pair",
    "degree-matched random paths",
    "first score only",
)

_PARTS = {
    "pairs": "pairs held out, other mechanisms of the drug known",
    "drugs": "drugs held out, no mechanism of the drug known",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplanationResult:
    """What was found in one part.

    Attributes:
        part: What was held out.
        n_pairs: Tested pairs with a protein.
        n_drugs: Their drugs.
        shown: How many paths of a pair count.
        hits: Share of pairs with the right first protein, for each way of choosing paths.
        against: The shown paths minus each null, paired.
        with_path: Share of pairs with any path.
        n_hops: Shown hops.
        n_missing: Of these, those that the graph does not say. Must be 0.
    """

    part: str
    n_pairs: int
    n_drugs: int
    shown: int
    hits: dict[str, Interval]
    against: dict[str, Interval]
    with_path: float
    n_hops: int
    n_missing: int

    def table(self) -> str:
        """Markdown."""
        lines = [
            f"{_PARTS[self.part]}: {self.n_pairs} pairs of {self.n_drugs} drugs, "
            f"{self.with_path:.1%} with a path; {self.n_missing} of {self.n_hops} shown hops are "
            "not in the graph. 95% intervals over drugs.",
            "",
            f"| first protein on one of {self.shown} paths | share of pairs | shown minus this |",
            "|---|---|---|",
        ]
        for name, found in self.hits.items():
            less = self.against.get(name)
            lines.append(f"| {name} | {_cell(found)} | {'' if less is None else _cell(less)} |")
        return "\n".join([*lines, ""])


def _cell(found: Interval) -> str:
    return f"{found.value:.3f} ({found.low:.3f} to {found.high:.3f})"


def evaluate_explanation(
    snapshot: GraphSnapshot,
    out: Path,
    *,
    learn: bool = False,
    shown: int = 3,
    predictor: Predictor | None = None,
    n_deleted: int = 300,
    n_samples: int = 1000,
    seed: int = 0,
    progress: Callable[[str], None] = lambda _: None,
) -> tuple[tuple[ExplanationResult, ...], DeletionResult | None]:
    """Asks for all tested pairs and writes `explanation.json` and `.md`.

    Args:
        snapshot: A graph with DrugMechDB (profile `full`).
        out: Folder of the results; made when missing.
        learn: Learn the weights anew from the training part, and write them beside the results;
            else those that ship are used.
        shown: Paths of each pair that count.
        predictor: A model on a graph with DrugMechDB; the shown paths of some tested pairs are
            deleted from it, see `path_deletion`.
        n_deleted: Pairs that this is done for.
        n_samples: Bootstrap samples.
        seed: Of the nulls.
        progress: Told what is being done.

    Raises:
        ValueError: The graph has no mechanism to test.
    """
    every = [found for found in known_mechanisms(snapshot) if found.proteins]
    parts = {name: [m for m in every if part_of(snapshot, m) == name] for name in _PARTS}
    if not any(parts.values()):
        raise ValueError("the graph has no mechanism with a protein; build it with --profile full")
    out.mkdir(parents=True, exist_ok=True)
    templates = PathTemplates.shipped()
    if learn:
        training = [found for found in every if part_of(snapshot, found) is None]
        hidden = [found for tested in parts.values() for found in tested]
        templates = learn_templates(snapshot, training, hidden=hidden, progress=progress)
        templates.save(out / "path_templates.json")
    results = []
    for name, tested in parts.items():
        if tested:
            progress(f"{_PARTS[name]}: {len(tested)} pairs")
            asked = _Asked(snapshot, tested, templates, shown=shown, seed=seed)
            results.append(asked.result(name, n_samples=n_samples))
    deletion = None
    if predictor is not None:
        deletion = _delete(predictor, n_deleted, shown, seed, n_samples, progress)
    document = {
        "parts": [asdict(result) for result in results],
        "deletion": None if deletion is None else asdict(deletion),
    }
    text = json.dumps(document, indent=1, sort_keys=True)
    (out / "explanation.json").write_text(text + "\n", encoding="utf-8")
    tables = [result.table() for result in results]
    tables += [] if deletion is None else [deletion.table()]
    (out / "explanation.md").write_text("\n".join(tables), encoding="utf-8")
    return tuple(results), deletion


def _delete(
    predictor: Predictor,
    n_pairs: int,
    shown: int,
    seed: int,
    n_samples: int,
    progress: Callable[[str], None],
) -> DeletionResult:
    """Deletion for random pairs of the model's graph that no template was learnt from."""
    graph = predictor.graph
    tested = [m for m in known_mechanisms(graph) if m.proteins and part_of(graph, m) is not None]
    order = np.random.default_rng(seed).permutation(len(tested))
    return delete_paths(
        predictor,
        [tested[at] for at in order.tolist()],
        most=n_pairs,
        shown=shown,
        seed=seed,
        n_samples=n_samples,
        progress=progress,
    )


class _Asked:
    """Answers for all tested pairs of one part."""

    def __init__(
        self,
        snapshot: GraphSnapshot,
        tested: Sequence[Mechanism],
        templates: PathTemplates,
        *,
        shown: int,
        seed: int,
    ) -> None:
        self._graph = graph_without(snapshot, tested)
        self._evidence = EvidenceGraph(self._graph, templates=templates)
        self._templates, self._shown = templates, shown
        self._stated = stated_pairs(self._graph)
        self._tested = tested
        self._rng = np.random.default_rng(seed)
        self._at_random = RandomPaths(self._graph, self._rng)
        self.n_hops = self.n_missing = self.n_with_path = 0

    def result(self, part: str, *, n_samples: int) -> ExplanationResult:
        """Asks and counts."""
        others = self._rng.permutation([found.disease for found in self._tested]).tolist()
        rows = [
            self._ask(mechanism, other)
            for mechanism, other in zip(self._tested, others, strict=True)
        ]
        values = {name: np.asarray([row[name] for row in rows], dtype=float) for name in rows[0]}
        drug = np.asarray([found.drug for found in self._tested])
        draws = cluster_draws(drug, n_samples)
        return ExplanationResult(
            part=part,
            n_pairs=len(rows),
            n_drugs=len(np.unique(drug)),
            shown=self._shown,
            hits={name: interval_of(value, draws) for name, value in values.items()},
            against={
                name: interval_of(values[SHOWN] - value, draws)
                for name, value in values.items()
                if name not in (SHOWN, POSSIBLE)
            },
            with_path=self.n_with_path / len(rows),
            n_hops=self.n_hops,
            n_missing=self.n_missing,
        )

    def _ask(self, mechanism: Mechanism, other: int) -> dict[str, bool]:
        drug, disease = mechanism.drug, mechanism.disease
        without = self._stated.get((drug, disease), frozenset())
        chains, signs = self._evidence.read(drug, disease, without=without)
        right = np.isin(signs.protein, list(mechanism.proteins))
        chosen = self._first(chains, signs, self._templates.score(signs))
        for path in self._evidence.paths(drug, disease, limit=self._shown, without=without):
            self._look_up(path)
        self.n_with_path += len(chains) > 0
        return {
            SHOWN: bool(right[chosen].any()),
            POSSIBLE: bool(right.any()),
            OTHER: self._elsewhere(mechanism, other),
            RANDOM: bool(right[self._at_random.like(chains, chosen)].any()),
            UNLEARNT: bool(right[self._first(chains, signs, signs.numbers[:, 0])].any()),
        }

    def _first(self, chains: Chains, signs: PathSigns, score: npt.NDArray[np.float64]) -> list[int]:
        return [at for at, _ in islice(choose(chains, signs, score), self._shown)]

    def _elsewhere(self, mechanism: Mechanism, disease: int) -> bool:
        """Whether the same protein is shown when another disease is asked about."""
        without = self._stated.get((mechanism.drug, disease), frozenset())
        chains, signs = self._evidence.read(mechanism.drug, disease, without=without)
        chosen = self._first(chains, signs, self._templates.score(signs))
        return bool(np.isin(signs.protein[chosen], list(mechanism.proteins)).any())

    def _look_up(self, path: EvidencePath) -> None:
        """Counts hops of the answer that no statement of the graph says."""
        for hop in to_path(self._graph, path).hops:
            self.n_hops += 1
            row = self._graph.row_of(hop.statement)
            said = None if row is None else self._graph.statement(row)
            self.n_missing += said is None or (said.subject, said.predicate.value, said.object) != (
                hop.subject.id,
                hop.predicate,
                hop.object.id,
            )
