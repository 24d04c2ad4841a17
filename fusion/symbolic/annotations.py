"""What the graph says about the signs of each disease, row by row, with the papers behind each row.

Decides how a statement's frequency becomes a number with a weight, and which rows fall when
publications are excluded. How rows become a profile is decided in `fusion.symbolic.profiles`.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from kg.ontology import PHENOTYPIC_ABNORMALITY, Ontology
from kg.snapshot import GraphSnapshot
from kg.vocabulary import Predicate

from .catalogue import DiseaseCatalogue

__all__ = ["Annotations"]

IntArray = npt.NDArray[np.int32]
FloatArray = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]

_FRACTION = re.compile(r"(\d{1,6})\s*/\s*(\d{1,6})")
_UNKNOWN_SHARE = 0.5  # a sign worth writing down is seen in about half of the patients
_STATED_WEIGHT = 5.0  # patients behind a percentage or an HPO frequency class, when not told
_UNKNOWN_WEIGHT = 1.0
_MOST_WEIGHT = 50.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Annotations:
    """Disease–term rows.

    Attributes:
        disease: Catalogue position of each row.
        term: Ontology position of each row; only phenotypic abnormalities.
        share: Share of patients with the sign, in [0, 1].
        weight: Number of patients that the share speaks for.
        negated: The source says that the disease does not have the sign.
        publications: CURIEs of the papers that each row rests on.
    """

    disease: IntArray
    term: IntArray
    share: FloatArray
    weight: FloatArray
    negated: BoolArray
    publications: tuple[tuple[str, ...], ...]

    def __post_init__(self) -> None:
        sizes = {
            len(column)
            for column in (self.disease, self.term, self.share, self.weight, self.negated)
        } | {len(self.publications)}
        if len(sizes) != 1:
            raise ValueError(f"annotations: columns of different lengths {sorted(sizes)}")

    @classmethod
    def from_snapshot(
        cls, snapshot: GraphSnapshot, *, catalogue: DiseaseCatalogue, ontology: Ontology
    ) -> Self:
        """Rows of all `has_phenotype` statements between a candidate and an abnormality."""
        edges = snapshot.edges(predicate=Predicate.HAS_PHENOTYPE, negated=None)
        abnormality = ontology.below(PHENOTYPIC_ABNORMALITY)
        term_of = np.full(snapshot.n_nodes, -1, dtype=np.int32)
        term_of[ontology.nodes] = np.where(abnormality, np.arange(ontology.n_terms), -1)
        disease, term = catalogue.positions[edges.head], term_of[edges.tail]
        kept = np.flatnonzero((disease >= 0) & (term >= 0))
        rows = np.asarray(edges.rows)[kept]
        stated = np.asarray(edges.frequency, dtype=np.float32)[kept]
        share = np.where(np.isnan(stated), np.float32(_UNKNOWN_SHARE), stated)
        weight = np.where(np.isnan(stated), np.float32(_UNKNOWN_WEIGHT), np.float32(_STATED_WEIGHT))
        for at, text in enumerate(snapshot.qualifier_column("frequency_text", rows)):
            if text and (match := _FRACTION.fullmatch(text.strip())):
                weight[at] = min(max(float(match[2]), 1.0), _MOST_WEIGHT)
        return cls(
            disease=disease[kept].astype(np.int32),
            term=term[kept].astype(np.int32),
            share=share.astype(np.float32),
            weight=weight.astype(np.float32),
            negated=np.asarray(edges.negated, dtype=bool)[kept],
            publications=tuple(snapshot.publications(row) for row in rows.tolist()),
        )

    def __len__(self) -> int:
        return len(self.disease)

    def citing(self, publications: Iterable[str]) -> BoolArray:
        """True for the rows that rest on any of the publications, also where on others too.

        Their frequencies mix all papers, so half a row cannot be kept.
        """
        wanted = frozenset(publications)
        return np.asarray([not wanted.isdisjoint(own) for own in self.publications], dtype=bool)

    def select(self, mask: BoolArray) -> Self:
        """The rows where the mask is true."""
        rows = np.flatnonzero(mask)
        return type(self)(
            disease=self.disease[rows],
            term=self.term[rows],
            share=self.share[rows],
            weight=self.weight[rows],
            negated=self.negated[rows],
            publications=tuple(self.publications[row] for row in rows),
        )

    def without(self, publications: Iterable[str]) -> Self:
        """The rows that rest on none of the publications."""
        return self.select(~self.citing(publications))

    def publications_of(self, diseases: Iterable[int]) -> frozenset[str]:
        """All papers that rows of the given diseases rest on."""
        wanted = np.isin(self.disease, np.fromiter(diseases, dtype=np.int64))
        return frozenset(
            publication for row in np.flatnonzero(wanted) for publication in self.publications[row]
        )
