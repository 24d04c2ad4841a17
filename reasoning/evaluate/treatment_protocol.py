"""Held-out diseases: which diseases are asked for, and what a ranker may know of the others.

Decides the strict control. A tested disease goes with its whole one-hop family, with diseases that
share an identifier and with those of nearly the same name: none of their treatments or
contraindications, from any source, are in training. How they are scored is decided in
`treatment_scorers`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from fusion.symbolic.kin import Kin, family_folds
from fusion.symbolic.pair_knowledge import PairKnowledge
from fusion.symbolic.pairs import PairAttention, PairFeatures, PairOptions
from fusion.symbolic.treatments import (
    TREATING,
    TreatmentCatalogue,
    TreatmentLabels,
    treatment_matrix,
)
from kg.columns import PREDICATE_CODE
from kg.snapshot import GraphSnapshot
from kg.vocabulary import Predicate

__all__ = [
    "EVERY_CURE",
    "EVERY_CURE_FROM_OTHERS",
    "PHARMACOTHERAPY",
    "PHARMACOTHERAPY_ALONE",
    "PHARMACOTHERAPY_FROM_EVERY_CURE",
    "FoldDealer",
    "TreatmentFold",
    "TreatmentSplit",
    "TreatmentTask",
]

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int32]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class TreatmentTask:
    """What is right, and what a curator calls wrong.

    Attributes:
        name: Name in the results.
        sources: Sources whose statements are the answers; empty for all.
        predicates: Predicates of the answers.
        wrong: `contraindicated`, or `denied` for statements that say "does not treat"; then all
            treatments that the sources speak of are ranked, else those that they say treat.
        train_sources: Sources that training may read; empty for all.
    """

    name: str
    sources: tuple[str, ...] = ()
    predicates: tuple[Predicate, ...] = TREATING
    wrong: str = "contraindicated"
    train_sources: tuple[str, ...] = ()


EVERY_CURE = TreatmentTask(
    name="Every Cure", sources=("everycure_indications", "everycure_contraindications")
)
PHARMACOTHERAPY = TreatmentTask(
    name="PharmacotherapyDB",
    sources=("pharmacotherapydb",),
    predicates=(Predicate.TREATS,),
    wrong="denied",
)
PHARMACOTHERAPY_ALONE = TreatmentTask(
    name="PharmacotherapyDB, trained on itself",
    sources=("pharmacotherapydb",),
    predicates=(Predicate.TREATS,),
    wrong="denied",
    train_sources=("pharmacotherapydb",),
)
PHARMACOTHERAPY_FROM_EVERY_CURE = TreatmentTask(
    name="PharmacotherapyDB, trained on Every Cure",
    sources=("pharmacotherapydb",),
    predicates=(Predicate.TREATS,),
    wrong="denied",
    train_sources=("everycure_indications", "everycure_contraindications"),
)
EVERY_CURE_FROM_OTHERS = TreatmentTask(
    name="Every Cure, trained on PharmacotherapyDB and DrugCentral",
    sources=("everycure_indications", "everycure_contraindications"),
    train_sources=("pharmacotherapydb", "drugcentral"),
)


@dataclass(frozen=True, kw_only=True, eq=False)
class TreatmentFold:
    """Some tested diseases and what may be known.

    Attributes:
        number: Which fold.
        split: What it is a part of.
        tested: Nodes of the tested diseases.
        labels: What may be known, all sources.
        n_dropped: Labelled diseases that fell because they are kin of a tested one.
        answers: Right pairs that are asked for, 0/1 CSR `[n_nodes, n_treatments]`.
        wrong: Pairs that a curator calls wrong, likewise.
        given: Pairs that are known of tested diseases and not ranked again; None for none.
        held: Pairs that must not be known, where whole diseases are not; None where they are.
    """

    number: int
    split: "TreatmentSplit"
    tested: IntArray
    labels: TreatmentLabels
    n_dropped: int
    answers: Any
    wrong: Any
    given: Any = None
    held: Any = None

    @cached_property
    def pairs(self) -> PairFeatures:
        """Features of all pairs from what may be known."""
        split = self.split
        return PairFeatures(
            split.snapshot,
            split.catalogue,
            split.knowledge.text,
            split.options,
            labels=self.labels,
            knowledge=split.knowledge,
        )

    def features(self, diseases: IntArray, attention: PairAttention | None) -> FloatArray:
        """Features of some tested diseases; treatments of the kin are read where given."""
        return self.pairs.compute(diseases, attention, hide_kin=self.given is None)

    def training_graph(self) -> GraphSnapshot:
        """The graph without what must not be known, for rankers that read graphs."""
        snapshot, labels = self.split.snapshot, self.labels
        known = np.zeros(snapshot.n_nodes, dtype=bool)
        known[labels.labelled] = True
        edges = snapshot.edges(negated=None)
        codes = [PREDICATE_CODE[p] for p in (*TREATING, Predicate.CONTRAINDICATED_IN)]
        keep = ~np.isin(edges.predicate, codes) | known[edges.tail]
        if self.held is not None:
            column = self.split.catalogue.positions[edges.head]
            rows = np.flatnonzero(np.isin(edges.predicate, codes) & (column >= 0))
            keep[rows] &= np.asarray(self.held[edges.tail[rows], column[rows]]).ravel() == 0
        # A mechanism path from a drug to a disease says that the drug treats it.
        keep &= edges.predicate != PREDICATE_CODE[Predicate.RELATED_TO]
        return snapshot.subset(keep)


class FoldDealer(Protocol):
    """Another way to cut a split into folds than by diseases and their families."""

    @property
    def name(self) -> str:
        """What is held out."""
        ...

    def fold(self, split: "TreatmentSplit", number: int) -> TreatmentFold:
        """One fold of the split."""
        ...


class TreatmentSplit:
    """Folds of one task over one graph.

    Args:
        snapshot: The whole graph, with the answers.
        text: Unit-length text embedding of every node.
        task: What is asked.
        n_folds: Folds of diseases.
        options: How features are made; kin are held out as these options say.
        names: Unit-length embedding of the bare name of every node, for who counts as nearly the
            same name; None takes `text`.
        dealt: How folds are cut; None holds out diseases with their families.
    """

    def __init__(
        self,
        snapshot: GraphSnapshot,
        text: FloatArray,
        task: TreatmentTask,
        *,
        n_folds: int = 5,
        options: PairOptions | None = None,
        names: FloatArray | None = None,
        dealt: FoldDealer | None = None,
    ) -> None:
        self.snapshot = snapshot
        self._dealt = dealt
        self.held_out = "diseases" if dealt is None else dealt.name
        self.task = task
        self.options = options or PairOptions()
        self.names = text if names is None else names
        self.n_folds = n_folds
        sources = task.sources or None
        every = TreatmentCatalogue.from_snapshot(snapshot)
        asked = treatment_matrix(snapshot, every, task.predicates, sources=sources)
        used = np.asarray(asked.sum(axis=0)).ravel() > 0
        if used.any() and task.wrong == "denied":
            for negated in (False, True):
                said = treatment_matrix(snapshot, every, negated=negated, sources=sources)
                used |= np.asarray(said.sum(axis=0)).ravel() > 0
        if not used.any():
            raise ValueError(
                f"{task.name}: the graph has no such treatment; build it with the sources "
                f"{', '.join(task.sources) or 'that give treatments'}"
            )
        self.catalogue = TreatmentCatalogue.of_nodes(snapshot, every.nodes[used])
        self.answers: Any = asked[:, used].tocsr()
        self.wrong: Any = self._wrong(sources)
        self.tested: IntArray = np.flatnonzero(np.diff(self.answers.indptr)).astype(np.int32)
        self.labels = TreatmentLabels.from_snapshot(
            snapshot, self.catalogue, sources=task.train_sources or None
        )
        self.knowledge = PairKnowledge.from_snapshot(
            snapshot,
            self.catalogue,
            text,
            names=names,
            treatment_text=self.options.treatment_text,
            treatment_classes=self.options.treatment_classes,
        )
        self.fold_of = family_folds(snapshot, self.tested, n_folds)
        labelled = np.union1d(self.labels.labelled, self.tested).astype(np.int32)
        self._kin = Kin(
            snapshot,
            labelled,
            self.names,
            near_name=self.options.near_name,
            family=self.options.family,
        )

    def _wrong(self, sources: tuple[str, ...] | None) -> Any:
        if self.task.wrong == "denied":
            return treatment_matrix(
                self.snapshot, self.catalogue, (Predicate.TREATS,), negated=True, sources=sources
            )
        forbidding = (Predicate.CONTRAINDICATED_IN,)
        return treatment_matrix(self.snapshot, self.catalogue, forbidding, sources=sources)

    def fold(self, number: int) -> TreatmentFold:
        """One fold."""
        if self._dealt is not None:
            return self._dealt.fold(self, number)
        tested = self.tested[self.fold_of == number]
        known = np.zeros(self.snapshot.n_nodes, dtype=bool)
        known[self.labels.labelled] = True
        kin = self._kin.of_many(tested)
        held = np.union1d(tested, self._kin.labelled[np.concatenate(kin)]) if kin else tested
        n_dropped = int(known[np.setdiff1d(held, tested)].sum())
        known[held] = False
        return TreatmentFold(
            number=number,
            split=self,
            tested=tested,
            labels=self.labels.only(known),
            n_dropped=n_dropped,
            answers=self.answers,
            wrong=self.wrong,
        )

    def __iter__(self) -> Iterator[TreatmentFold]:
        """All folds."""
        return (self.fold(number) for number in range(self.n_folds))
