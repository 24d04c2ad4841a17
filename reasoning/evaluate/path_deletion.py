"""Are shown paths what a score rests on: what deleting them does to it, against random paths.

Decides the comparison. For known pairs of drug and disease the statements of all shown paths are
taken out of the graph at once, features are made anew and the trained trees asked again; the same
with random paths between the same two, as long and over a first node of about the same degree. The
statement that the drug is for the disease counts in neither: the trees never see it of the disease
they are asked about. Intervals resample drugs.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import numpy.typing as npt

from fusion.predictor import Predictor
from fusion.symbolic.boosted_treatments import BoostedTreatments
from fusion.symbolic.pairs import PairFeatures
from kg.snapshot import GraphSnapshot
from reasoning.path_choice import PathTemplates, choose
from reasoning.paths import EvidenceGraph

from .mechanism_gold import Mechanism, stated_pairs
from .metrics import Interval
from .random_paths import RandomPaths
from .resampling import cluster_draws, interval_of

__all__ = ["DeletionResult", "delete_paths"]

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletionResult:
    """What was found.

    Attributes:
        n_pairs: Pairs with a path.
        n_drugs: Their drugs.
        n_statements: Statements of shown paths, and of random ones, each counted once.
        shown: Mean fall of the log-odds when the shown paths go.
        random: The same for random paths.
        difference: The one minus the other, paired.
        ratio: The one divided by the other; infinite when random paths change nothing.
    """

    n_pairs: int
    n_drugs: int
    n_statements: tuple[int, int]
    shown: Interval
    random: Interval
    difference: Interval
    ratio: float

    def table(self) -> str:
        """Markdown."""
        rows = (("shown paths", self.shown), ("degree-matched random paths", self.random))
        lines = [
            f"{self.n_pairs} pairs of {self.n_drugs} drugs; {self.n_statements[0]} statements of "
            f"shown paths, {self.n_statements[1]} of random ones; ratio {self.ratio:.1f}.",
            "",
            "| deleted | fall of the log-odds |",
            "|---|---|",
            *(f"| {name} | {x.value:+.4f} ({x.low:+.4f} to {x.high:+.4f}) |" for name, x in rows),
            "",
        ]
        return "\n".join(lines)


def delete_paths(
    predictor: Predictor,
    mechanisms: Sequence[Mechanism],
    *,
    shown: int = 3,
    seed: int = 0,
    n_samples: int = 1000,
    progress: Callable[[str], None] = lambda _: None,
) -> DeletionResult:
    """Deletes and asks again.

    Args:
        predictor: A model with trees over treatments; its graph is the one that is cut.
        mechanisms: Pairs to ask about, nodes of that graph.
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
    graph, catalogue = predictor.graph, predictor.treatments
    evidence, stated = EvidenceGraph(graph), stated_pairs(graph)
    at_random = RandomPaths(graph, np.random.default_rng(seed))
    asked, cut = [], (set[int](), set[int]())
    for mechanism in mechanisms:
        pair = (mechanism.drug, mechanism.disease)
        if catalogue.positions[mechanism.drug] < 0:
            continue
        chains, signs = evidence.read(*pair, without=stated.get(pair, frozenset()))
        score = PathTemplates.shipped().score(signs)
        chosen = [at for at, _ in islice(choose(chains, signs, score), shown)]
        if not chosen:
            continue
        asked.append(mechanism)
        for rows, places in zip(cut, (chosen, at_random.like(chains, chosen)), strict=True):
            rows.update(row for row in chains.row[places].ravel().tolist() if row >= 0)
    if not asked:
        raise ValueError("no pair has a path whose statements could be deleted")
    before = _scores(predictor, graph, trees, asked)
    falls = []
    for name, rows in zip(("shown paths", "random paths"), cut, strict=True):
        progress(f"without the {len(rows)} statements of {name}")
        keep = np.ones(graph.n_edges, dtype=bool)
        keep[sorted(rows)] = False
        falls.append(before - _scores(predictor, graph.subset(keep), trees, asked))
    drug = np.asarray([mechanism.drug for mechanism in asked])
    draws = cluster_draws(drug, n_samples)
    by_chance = float(falls[1].mean())
    return DeletionResult(
        n_pairs=len(asked),
        n_drugs=len(np.unique(drug)),
        n_statements=(len(cut[0]), len(cut[1])),
        shown=interval_of(falls[0], draws),
        random=interval_of(falls[1], draws),
        difference=interval_of(falls[0] - falls[1], draws),
        ratio=float(falls[0].mean()) / by_chance if by_chance else float("inf"),
    )


def _scores(
    predictor: Predictor,
    graph: GraphSnapshot,
    trees: BoostedTreatments,
    asked: Sequence[Mechanism],
) -> FloatArray:
    """Log-odds of the pairs by the trees over features of a graph."""
    whole = predictor.context.pairs
    if whole is None:
        raise ValueError("the graph says of no treatment what it is for")
    knowledge = whole.knowledge
    pairs = PairFeatures(graph, predictor.treatments, knowledge.text, names=knowledge.names)
    diseases = np.unique([mechanism.disease for mechanism in asked]).astype(np.int32)
    scores = trees.score(pairs, diseases)[:, :, 0]
    row = np.searchsorted(diseases, [mechanism.disease for mechanism in asked])
    column = predictor.treatments.positions[[mechanism.drug for mechanism in asked]]
    found: FloatArray = scores[row, column].astype(np.float64)
    return found
