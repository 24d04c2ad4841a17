"""Learning which paths run through the protein that a treatment acts by.

Decides the training part and the fit. Mechanisms of the training part are hidden from the graph a
fifth at a time, half of them with all other mechanisms of their drug, so that learning sees what a
new pair and a new drug look like. The model is logistic, pairs weigh alike, and right and wrong
paths of a pair weigh alike.
"""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from kg.snapshot import GraphSnapshot
from reasoning.path_choice import PATH_NUMBERS, PathSigns, PathTemplates
from reasoning.paths import EvidenceGraph

from .mechanism_gold import Mechanism, graph_without, stated_pairs

__all__ = ["learn_templates"]

_N_TURNS = 5
_LEAST_PAIRS = 20  # that have a path of a template, before it gets a weight of its own
_STRENGTH = 0.1  # inverse of the regularisation

BoolArray = npt.NDArray[np.bool_]


def learn_templates(
    snapshot: GraphSnapshot,
    training: Sequence[Mechanism],
    *,
    hidden: Sequence[Mechanism] = (),
    seed: int = 0,
    progress: Callable[[str], None] = lambda _: None,
) -> PathTemplates:
    """Weights from known mechanisms.

    Args:
        snapshot: The graph.
        training: Mechanisms to learn from; those without a protein teach nothing.
        hidden: Mechanisms that must not be known at all: those to be tested.
        seed: Of the turns.
        progress: Told what is being done.

    Raises:
        ValueError: No path of the training part runs through its protein.
    """
    rng = np.random.default_rng(seed)
    useful = [mechanism for mechanism in training if mechanism.proteins]
    drugs = np.unique([mechanism.drug for mechanism in useful])
    turn_of_drug = dict(
        zip(drugs.tolist(), rng.integers(2 * _N_TURNS, size=len(drugs)), strict=True)
    )
    turn_of_pair = rng.integers(_N_TURNS, size=len(useful))
    read: list[tuple[PathSigns, BoolArray]] = []
    for turn in range(_N_TURNS):
        # Half of the drugs are hidden as a whole in their turn, of the others single pairs.
        asked = [
            mechanism
            for mechanism, pair in zip(useful, turn_of_pair.tolist(), strict=True)
            if turn_of_drug[mechanism.drug] == turn
            or (turn_of_drug[mechanism.drug] >= _N_TURNS and pair == turn)
        ]
        progress(f"learning templates: {turn + 1} of {_N_TURNS}, {len(asked)} pairs")
        graph = graph_without(snapshot, [*asked, *hidden])
        evidence, stated = EvidenceGraph(graph), stated_pairs(graph)
        for mechanism in asked:
            pair = (mechanism.drug, mechanism.disease)
            _, signs = evidence.read(*pair, without=stated.get(pair, frozenset()))
            right = np.isin(signs.protein, list(mechanism.proteins))
            if right.any() and not right[signs.protein >= 0].all():
                read.append((signs, right))
    if not read:
        raise ValueError("no known path runs through the protein of its mechanism")
    return _fit(read)


def _fit(read: Sequence[tuple[PathSigns, BoolArray]]) -> PathTemplates:
    own = [np.unique(signs.template[signs.protein >= 0]) for signs, _ in read]
    codes, counts = np.unique(np.concatenate(own), return_counts=True)
    codes = codes[counts >= _LEAST_PAIRS]
    numbers, template, label, weight = [], [], [], []
    for signs, right in read:
        rows = _best_of_each(signs)
        is_right = right[rows]
        numbers.append(signs.numbers[rows])
        template.append(signs.template[rows])
        label.append(is_right)
        n_right, n_wrong = max(is_right.sum(), 1), max((~is_right).sum(), 1)
        weight.append(np.where(is_right, 0.5 / n_right, 0.5 / n_wrong))
    joined, of = np.concatenate(numbers), np.concatenate(template)
    at = np.minimum(np.searchsorted(codes, of), max(len(codes) - 1, 0))
    known = np.flatnonzero(codes[at] == of) if len(codes) else np.zeros(0, dtype=np.int64)
    ones = sparse.csr_matrix((np.ones(len(known)), (known, at[known])), shape=(len(of), len(codes)))
    model = LogisticRegression(C=_STRENGTH, max_iter=500)
    share = np.concatenate(weight)
    model.fit(
        sparse.hstack([sparse.csr_matrix(joined), ones]).tocsr(),
        np.concatenate(label),
        sample_weight=share * (len(share) / share.sum()),
    )
    slope = model.coef_[0]
    n = len(PATH_NUMBERS)
    return PathTemplates(
        intercept=float(model.intercept_[0]),
        numbers=dict(zip(PATH_NUMBERS, slope[:n].tolist(), strict=True)),
        templates={
            PathSigns.name(int(code)): float(value)
            for code, value in zip(codes, slope[n:], strict=True)
        },
    )


def _best_of_each(signs: PathSigns) -> npt.NDArray[np.int64]:
    """The best path of each template through each protein."""
    order = np.argsort(-signs.numbers[:, 0], kind="stable")
    order = order[signs.protein[order] >= 0]
    both = np.stack([signs.protein[order], signs.template[order]])
    first: npt.NDArray[np.int64] = np.unique(both, axis=1, return_index=True)[1]
    return order[first]
