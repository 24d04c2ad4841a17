"""Are shown paths what a score rests on: what deleting them does to it, against random paths.

Decides the comparison. For known pairs of drug and disease the shown paths are taken out of the
graph, features are made anew and the trained trees asked again; the same for two kinds of random
paths, as long and over a first node of about the same degree, that share no step with a shown one:
between the same two nodes, and from the same drug to another disease of about the same degree. A
step goes with everything that any source says of the same two nodes, or a label that two sources
give would stay. Of each drug one pair is asked about, so that hardly a pair feels what is deleted
for another. The statement that the drug is for the disease counts in neither: the trees never see
it of the disease they are asked about. Intervals resample drugs.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise

import numpy as np
import numpy.typing as npt

from fusion.predictor import Predictor
from fusion.symbolic.boosted_treatments import BoostedTreatments
from fusion.symbolic.pair_knowledge import PairKnowledge
from fusion.symbolic.pairs import PairFeatures
from kg.columns import NODE_TYPE_CODE
from kg.snapshot import GraphSnapshot
from kg.vocabulary import NodeType
from reasoning.path_choice import PathTemplates, choose
from reasoning.path_search import PREDICATE_WEIGHTS, Chains
from reasoning.paths import EvidenceGraph

from .mechanism_gold import Mechanism, stated_pairs
from .metrics import Interval
from .random_paths import RandomPaths
from .resampling import cluster_draws, interval_of

__all__ = ["DeletionResult", "delete_paths"]

FloatArray = npt.NDArray[np.float64]
_Steps = set[tuple[int, int]]

_KINDS = ("shown paths", "random paths between the two", "random paths to another disease")
_NEAR = np.log(2.0)
_TRIES = 20  # random diseases, until one is reached by a path as long


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletionResult:
    """What was found.

    Attributes:
        n_pairs: Pairs with a path, each of another drug.
        n_steps: Steps that were deleted, by kind of path, each counted once a pair.
        falls: Mean fall of the log-odds by kind of path.
        differences: That of the shown paths less that of each random kind, paired.
        ratios: The one mean divided by the other.
    """

    n_pairs: int
    n_steps: dict[str, int]
    falls: dict[str, Interval]
    differences: dict[str, Interval]
    ratios: dict[str, Interval]

    def table(self) -> str:
        """Markdown."""
        lines = [
            f"{self.n_pairs} pairs of as many drugs; a step goes with all that is said of its two "
            "nodes.",
            "",
            "| deleted | steps | fall of the log-odds | shown less this | ratio |",
            "|---|---|---|---|---|",
        ]
        for name, fall in self.falls.items():
            less = self.differences.get(name)
            lines.append(
                f"| {name} | {self.n_steps[name]} | {_cell(fall)} | "
                + ("| |" if less is None else f"{_cell(less)} | {_ratio(self.ratios[name])} |")
            )
        return "\n".join([*lines, ""])


def _cell(found: Interval) -> str:
    return f"{found.value:+.4f} ({found.low:+.4f} to {found.high:+.4f})"


def _ratio(found: Interval) -> str:
    return f"{found.value:.1f} ({found.low:.1f} to {found.high:.1f})"


def delete_paths(
    predictor: Predictor,
    mechanisms: Sequence[Mechanism],
    *,
    most: int = 300,
    shown: int = 3,
    seed: int = 0,
    n_samples: int = 1000,
    progress: Callable[[str], None] = lambda _: None,
) -> DeletionResult:
    """Deletes and asks again.

    Args:
        predictor: A model with trees over treatments; its graph is the one that is cut.
        mechanisms: Pairs to ask about, nodes of that graph; of each drug the first one counts.
        most: Drugs at most.
        shown: Paths of each pair.
        seed: Of the random paths.
        n_samples: Bootstrap samples.
        progress: Told what is being done.

    Raises:
        ValueError: The model has no trees, or no pair has a path.
    """
    trees = predictor.treatment_trees
    if trees is None:
        raise ValueError("the model has no trees over treatments to ask again")
    asked, cuts = _Cutter(predictor, seed).cut(_one_a_drug(mechanisms)[:most], shown)
    if not asked:
        raise ValueError("no pair has a path whose statements could be deleted")
    whole = predictor.context.pairs
    if whole is None:
        raise ValueError("the graph says of no treatment what it is for")
    before = _scores(predictor, whole, trees, asked)
    falls: dict[str, FloatArray] = {}
    spoken = _Spoken(predictor.graph)
    for name in _KINDS:
        rows = spoken.rows(set().union(*(cut[name] for cut in cuts)))
        progress(f"without the {len(rows)} statements of {name}")
        keep = np.ones(predictor.graph.n_edges, dtype=bool)
        keep[rows] = False
        pairs = _features(predictor, whole, predictor.graph.subset(keep))
        falls[name] = before - _scores(predictor, pairs, trees, asked)
    draws = cluster_draws(np.asarray([mechanism.drug for mechanism in asked]), n_samples)
    first, *others = _KINDS
    return DeletionResult(
        n_pairs=len(asked),
        n_steps={name: sum(len(cut[name]) for cut in cuts) for name in _KINDS},
        falls={name: interval_of(fall, draws) for name, fall in falls.items()},
        differences={name: interval_of(falls[first] - falls[name], draws) for name in others},
        ratios={name: _quotient(falls[first], falls[name], draws) for name in others},
    )


def _quotient(over: FloatArray, under: FloatArray, draws: FloatArray) -> Interval:
    """One mean divided by another, with its interval; infinite where the other is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        drawn = np.nan_to_num((draws @ over) / (draws @ under), nan=np.inf)
        value = float(np.float64(over.sum()) / under.sum())
    low, high = np.quantile(drawn, [0.025, 0.975], method="nearest")
    return Interval(value=value, low=float(low), high=float(high))


class _Cutter:
    """Which steps go, for each pair and each kind of path."""

    def __init__(self, predictor: Predictor, seed: int) -> None:
        self._predictor = predictor
        self._evidence = EvidenceGraph(predictor.graph)
        self._stated = stated_pairs(predictor.graph)
        self._rng = np.random.default_rng(seed)
        self._at_random = RandomPaths(predictor.graph, self._rng)
        types = predictor.graph.node_types
        self._diseases = np.flatnonzero(types == NODE_TYPE_CODE[NodeType.DISEASE])

    def cut(
        self, mechanisms: Sequence[Mechanism], n_shown: int
    ) -> tuple[list[Mechanism], list[dict[str, _Steps]]]:
        """Pairs that have a path, and the steps of their paths by kind."""
        asked, cuts = [], []
        for mechanism in mechanisms:
            pair = (mechanism.drug, mechanism.disease)
            if self._predictor.treatments.positions[mechanism.drug] < 0:
                continue
            chains, signs = self._evidence.read(*pair, without=self._stated.get(pair, frozenset()))
            score = PathTemplates.shipped().score(signs)
            read = self._predictor.attended(mechanism.disease)
            chosen = [at for at, _ in islice(choose(chains, signs, score, read), n_shown)]
            if not chosen:
                continue
            told = chains.take(np.asarray(chosen))
            between, elsewhere = _Steps(), _Steps()
            for at in range(len(told)):
                between |= self._drawn(told, at, chains)
                elsewhere |= self._elsewhere(mechanism, told, at)
            asked.append(mechanism)
            found = (_steps(told), between, elsewhere)
            cuts.append(dict(zip(_KINDS, found, strict=True)))
        return asked, cuts

    def _drawn(self, told: Chains, at: int, among: Chains) -> _Steps:
        """Steps of a random path that matches a shown one; none where there is none."""
        drawn = self._at_random.apart(told, at, among)
        return _Steps() if drawn is None else _steps(among.take(np.asarray([drawn])))

    def _elsewhere(self, mechanism: Mechanism, told: Chains, at: int) -> _Steps:
        """Steps of a path of the drug to a random other disease of about the same degree."""
        degree = self._at_random.log_degree
        away = np.abs(degree[self._diseases] - degree[mechanism.disease])
        near = self._diseases[(away <= _NEAR) & (self._diseases != mechanism.disease)]
        for disease in self._rng.permutation(near)[:_TRIES].tolist():
            without = self._stated.get((mechanism.drug, disease), frozenset())
            chains, _ = self._evidence.read(mechanism.drug, disease, without=without)
            if (chains.n_hops == told.n_hops[at]).any():
                return self._drawn(told, at, chains)
        return _Steps()


class _Spoken:
    """Edge rows by the two nodes that they are between, of statements that may stand in a path."""

    def __init__(self, graph: GraphSnapshot) -> None:
        parts = [graph.edges(predicate, negated=False) for predicate in PREDICATE_WEIGHTS]
        head = np.concatenate([part.head for part in parts]).astype(np.int64)
        tail = np.concatenate([part.tail for part in parts]).astype(np.int64)
        self._rows = np.concatenate([part.rows for part in parts]).astype(np.int64)
        self._between = (np.minimum(head, tail) << 32) | np.maximum(head, tail)

    def rows(self, steps: _Steps) -> npt.NDArray[np.int64]:
        """All rows between the two nodes of any of the steps."""
        wanted = [(low << 32) | high for low, high in steps]
        found: npt.NDArray[np.int64] = self._rows[np.isin(self._between, wanted)]
        return found


def _features(predictor: Predictor, whole: PairFeatures, graph: GraphSnapshot) -> PairFeatures:
    """Features by a part of the graph, in everything else as those of the whole."""
    known, options = whole.knowledge, whole.options
    knowledge = PairKnowledge.from_snapshot(
        graph,
        predictor.treatments,
        known.text,
        names=known.names,
        treatment_text=options.treatment_text,
        treatment_classes=options.treatment_classes,
        like=known,
    )
    return PairFeatures(graph, predictor.treatments, known.text, options, knowledge=knowledge)


def _one_a_drug(mechanisms: Sequence[Mechanism]) -> list[Mechanism]:
    first: dict[int, Mechanism] = {}
    for mechanism in mechanisms:
        first.setdefault(mechanism.drug, mechanism)
    return list(first.values())


def _steps(chains: Chains) -> _Steps:
    return {
        (min(a, b), max(a, b))
        for nodes in chains.node.tolist()
        for a, b in pairwise(nodes)
        if b >= 0
    }


def _scores(
    predictor: Predictor,
    pairs: PairFeatures,
    trees: BoostedTreatments,
    asked: Sequence[Mechanism],
) -> FloatArray:
    """Log-odds of the pairs by the trees over some features."""
    diseases = np.unique([mechanism.disease for mechanism in asked]).astype(np.int32)
    scores = trees.score(pairs, diseases)[:, :, 0]
    row = np.searchsorted(diseases, [mechanism.disease for mechanism in asked])
    column = predictor.treatments.positions[[mechanism.drug for mechanism in asked]]
    found: FloatArray = scores[row, column].astype(np.float64)
    return found
