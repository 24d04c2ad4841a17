"""Training features that look like test features: out of publication, fold by fold.

Decides what each training case may know. A case whose own paper stands behind its disease's
annotation, or who is its own nearest patient, teaches a ranker to trust evidence that a new patient
will not have. So the reference cases are cut into folds by connected components of their
publications, and the features of a fold are made without the annotations and the patients that rest
on any of the fold's publications. That empties some diseases, half of them right answers: unless as
many wrong ones are emptied, a ranker learns to love emptiness. So the publications of random other
diseases, the decoys, fall too.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .features import SymbolicFeatures
from .knowledge import SymbolicKnowledge
from .patients import ReferenceCases

__all__ = ["CrossFittedFeatures", "Fold", "balanced_folds", "decoy_publications"]

IntArray = npt.NDArray[np.int32]

_EVIDENCE = ("PMID:", "PMCID:", "DOI:")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fold:
    """Cases that are held out together, and the features that know nothing of their papers.

    Attributes:
        rows: Row of each case in the reference cases.
        cases: The cases themselves.
        features: Built without their publications.
        excluded: Publications left out: those of the cases and those of the decoys.
    """

    rows: IntArray
    cases: ReferenceCases
    features: SymbolicFeatures
    excluded: frozenset[str]


def balanced_folds(components: IntArray, *, n_folds: int, rng: np.random.Generator) -> IntArray:
    """Fold of each case; components stay whole, the largest go first to the emptiest fold.

    >>> balanced_folds(np.array([0, 0, 1, 2]), n_folds=2, rng=np.random.default_rng(0)).tolist()
    [0, 0, 1, 1]
    """
    sizes = np.bincount(components)
    order = rng.permutation(len(sizes))
    order = order[np.argsort(-sizes[order], kind="stable")]
    filled = np.zeros(n_folds, dtype=np.int64)
    fold_of = np.zeros(len(sizes), dtype=np.int32)
    for component in order:
        fold = int(filled.argmin())
        fold_of[component] = fold
        filled[fold] += sizes[component]
    folds: IntArray = fold_of[components]
    return folds


def decoy_publications(
    knowledge: SymbolicKnowledge,
    *,
    n_decoys: int,
    rng: np.random.Generator,
    spare: Iterable[int] = (),
) -> frozenset[str]:
    """Papers behind the annotations of random diseases, to be excluded with those under test.

    Args:
        knowledge: The graph as arrays.
        n_decoys: How many diseases lose their papers (all, if there are fewer).
        rng: Source of the choice.
        spare: Diseases that are no decoy: the right answers, which lose papers anyway.

    Only diseases whose annotation cites papers can be emptied; references to a database entry
    (OMIM, ORPHA) are not publications and never fall.
    """
    annotations = knowledge.annotations
    cites = np.asarray(
        [any(p.startswith(_EVIDENCE) for p in own) for own in annotations.publications], dtype=bool
    )
    pool = np.setdiff1d(annotations.disease[cites], np.fromiter(spare, dtype=np.int64))
    chosen = rng.choice(pool, size=min(n_decoys, len(pool)), replace=False)
    papers = annotations.publications_of(chosen.tolist())
    return frozenset(paper for paper in papers if paper.startswith(_EVIDENCE))


class CrossFittedFeatures:
    """Folds of the reference cases, each with the features that it may be trained on."""

    def __init__(
        self,
        knowledge: SymbolicKnowledge,
        references: ReferenceCases,
        *,
        n_folds: int = 5,
        n_decoys: int = 1000,
        exclude_publications: Iterable[str] = (),
        keep_annotations: bool = False,
        seed: int = 0,
    ) -> None:
        """Cuts the folds; features are built when a fold is asked for.

        Args:
            knowledge: The graph as arrays.
            references: Training cases (those under test are not among them).
            n_folds: Number of folds, at least 2.
            n_decoys: Diseases emptied beside those of the fold.
            exclude_publications: Publications that no fold may know: those of development and test.
            keep_annotations: Leave out patients only, and keep what is written from their papers:
                for the as-published protocol, where test cases are treated the same.
            seed: Of folds and decoys.
        """
        if n_folds < 2:
            raise ValueError(f"n_folds: {n_folds} leaves nothing out; use at least 2")
        self.knowledge = knowledge
        self._excluded = frozenset(exclude_publications)
        self.references = references.select(~references.citing(self._excluded))
        self.n_folds = n_folds
        self._n_decoys = n_decoys
        self._keep_annotations = keep_annotations
        self._seed = seed
        self.fold_of = balanced_folds(
            self.references.components(), n_folds=n_folds, rng=np.random.default_rng(seed)
        )

    def fold(self, number: int) -> Fold:
        """One fold with its features."""
        if not 0 <= number < self.n_folds:
            raise IndexError(f"fold {number}: there are {self.n_folds}")
        rows = np.flatnonzero(self.fold_of == number).astype(np.int32)
        cases = self.references.select(rows)
        decoys = decoy_publications(
            self.knowledge,
            n_decoys=self._n_decoys,
            rng=np.random.default_rng([self._seed, number]),
            spare=cases.disease.tolist(),
        )
        excluded = self._excluded
        if not self._keep_annotations:
            excluded = excluded.union(decoys, *cases.publications)
        kept = np.ones(len(self.references), dtype=bool)
        kept[rows] = False  # also the cases that state no publication
        features = SymbolicFeatures(
            self.knowledge, self.references.select(kept), exclude_publications=excluded
        )
        return Fold(rows=rows, cases=cases, features=features, excluded=excluded)

    def __iter__(self) -> Iterator[Fold]:
        """All folds, one at a time: only one set of profiles is in memory."""
        return (self.fold(number) for number in range(self.n_folds))
