"""How often each disease shows each sign: annotations and published patients in one estimate.

Decides the frequencies that every symbolic scorer reads. Annotated shares and counted patients are
merged as a Beta posterior mean: the annotation speaks for `annotation_weight` patients, each
published patient for one, and `doubt` patients without any sign keep a single report from looking
certain.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy import sparse

from kg.ontology import Ontology

from .annotations import Annotations
from .patients import ReferenceCases
from .relatives import Relatives

__all__ = ["DiseaseProfiles", "ProfileOptions", "closure_matrix", "term_matrix"]

IntArray = npt.NDArray[np.int32]
FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileOptions:
    """How annotations and patients are weighed.

    Attributes:
        annotation_weight: Patients that the annotation of a disease speaks for.
        doubt: Patients without the sign that are added to every disease.
        family_weight: Patients that the mean profile of a disease's relatives speaks for.
    """

    annotation_weight: float = 1.0
    doubt: float = 2.0
    family_weight: float = 1.0

    def __post_init__(self) -> None:
        if self.annotation_weight <= 0 or self.doubt < 0:
            raise ValueError("annotation_weight must be above 0 and doubt at least 0")


def _maximum_matrix(rows: Any, columns: Any, values: Any, shape: tuple[int, int]) -> Any:
    """CSR matrix whose repeated entries are resolved by their maximum (scipy would add them)."""
    if not len(rows):
        return sparse.csr_matrix(shape, dtype=np.float32)
    key = np.asarray(rows, dtype=np.int64) * shape[1] + np.asarray(columns, dtype=np.int64)
    order = np.argsort(key, kind="stable")
    key, values = key[order], np.asarray(values, dtype=np.float32)[order]
    starts = np.flatnonzero(np.r_[True, key[1:] != key[:-1]])
    best = np.maximum.reduceat(values, starts)
    at = key[starts]
    matrix = sparse.csr_matrix((best, (at // shape[1], at % shape[1])), shape=shape)
    matrix.sort_indices()
    return matrix


def term_matrix(patients: tuple[Any, ...], n_terms: int) -> Any:
    """CSR `[n_cases, n_terms]`, 1 where a term was seen as such."""
    sizes = [len(patient.present) for patient in patients]
    indptr = np.r_[0, np.cumsum(sizes)].astype(np.int64)
    indices = (
        np.concatenate([patient.present for patient in patients])
        if patients
        else np.zeros(0, dtype=np.int32)
    )
    data = np.ones(len(indices), dtype=np.float32)
    return sparse.csr_matrix((data, indices, indptr), shape=(len(patients), n_terms))


def closure_matrix(patients: tuple[Any, ...], ontology: Ontology) -> Any:
    """CSR `[n_cases, n_terms]`, 1 where a term or anything more specific was seen."""
    rows = [ontology.closure(patient.present) for patient in patients]
    indptr = np.r_[0, np.cumsum([len(row) for row in rows])].astype(np.int32)
    indices = np.concatenate(rows).astype(np.int32) if rows else np.zeros(0, dtype=np.int32)
    data = np.ones(len(indices), dtype=np.float32)
    return sparse.csr_matrix((data, indices, indptr), shape=(len(patients), ontology.n_terms))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DiseaseProfiles:
    """Sign frequencies of every disease of the catalogue.

    Attributes:
        annotated: CSR `[n_diseases, n_terms]`, share of patients by annotation alone, as stated.
        annotated_closed: The same, each term with at least the share of its descendants.
        merged: Annotations and patients, terms as stated.
        merged_closed: Annotations and patients, closed upwards.
        named_closed: Signs in the names of the diseases, closed upwards.
        told_closed: Signs in their names and definitions, closed upwards.
        family_closed: As `merged_closed`, smoothed towards relatives and the disease's own name.
        background: Mean merged share of each term over diseases with a profile, in (0, 1].
        annotated_background: The same for annotations alone.
        content: Information content of each term in nats, over diseases with a profile.
        n_annotations: Number of annotated terms of each disease.
        n_cases: Number of published patients of each disease.
    """

    annotated: Any
    annotated_closed: Any
    merged: Any
    merged_closed: Any
    named_closed: Any
    told_closed: Any
    family_closed: Any
    background: FloatArray
    annotated_background: FloatArray
    content: FloatArray
    n_annotations: IntArray
    n_cases: IntArray

    @classmethod
    def build(
        cls,
        *,
        ontology: Ontology,
        n_diseases: int,
        annotations: Annotations,
        references: ReferenceCases,
        relatives: Sequence[Relatives] = (),
        named: Any = None,
        told: Any = None,
        options: ProfileOptions | None = None,
    ) -> Self:
        """Merges the rows and patients given (the caller has left out what must not be known)."""
        chosen = options or ProfileOptions()
        shape = (n_diseases, ontology.n_terms)
        annotated = _stated_shares(annotations, shape)
        annotated_closed = _close(annotated, ontology)
        patient_of = sparse.csr_matrix(
            (
                np.ones(len(references), dtype=np.float32),
                (references.disease, np.arange(len(references))),
            ),
            shape=(n_diseases, len(references)),
        )
        n_cases = np.bincount(references.disease, minlength=n_diseases)
        n_annotations = np.diff(annotated.indptr)
        weight = np.where(n_annotations > 0, chosen.annotation_weight, 0.0)
        total = np.maximum(weight + n_cases + chosen.doubt, 1e-9)
        counted = patient_of @ term_matrix(references.patients, ontology.n_terms)
        counted_closed = patient_of @ closure_matrix(references.patients, ontology)
        merged = _blend(annotated, counted, weight / total, 1.0 / total)
        merged_closed = _blend(annotated_closed, counted_closed, weight / total, 1.0 / total)
        named_closed = _close(sparse.csr_matrix(shape) if named is None else named, ontology)
        known = max(int(((n_annotations > 0) | (n_cases > 0)).sum()), 1)
        carriers = np.bincount(merged_closed.indices, minlength=ontology.n_terms)
        return cls(
            annotated=annotated,
            annotated_closed=annotated_closed,
            merged=merged,
            merged_closed=merged_closed,
            named_closed=named_closed,
            told_closed=named_closed if told is None else _close(told, ontology),
            family_closed=_smooth(
                merged_closed, relatives, named_closed, total, chosen.family_weight
            ),
            background=_background(merged_closed, known),
            annotated_background=_background(annotated_closed, int((n_annotations > 0).sum())),
            content=ontology.information_content(carriers, total=known),
            n_annotations=n_annotations.astype(np.int32),
            n_cases=n_cases.astype(np.int32),
        )

    @property
    def n_diseases(self) -> int:
        """Number of candidates."""
        return len(self.n_cases)


def _stated_shares(annotations: Annotations, shape: tuple[int, int]) -> Any:
    """Weighted mean share of each stated pair, shrunk by half a patient either way."""
    place = (annotations.disease, annotations.term)
    seen = np.where(annotations.negated, 0.0, annotations.share * annotations.weight)
    numerator = sparse.csr_matrix((seen.astype(np.float32), place), shape=shape)
    denominator = sparse.csr_matrix((annotations.weight, place), shape=shape)
    numerator.sum_duplicates()
    denominator.sum_duplicates()
    shares = numerator.copy()
    shares.data = np.where(
        numerator.data > 0, (numerator.data + 0.5) / (denominator.data + 1.0), 0.0
    ).astype(np.float32)
    shares.eliminate_zeros()
    shares.sort_indices()
    return shares


def _close(shares: Any, ontology: Ontology) -> Any:
    """Carries each share up to all ancestors, keeping the largest."""
    entries = shares.tocoo()
    indptr, ancestors = ontology.ancestors.indptr, ontology.ancestors.indices
    sizes = np.diff(indptr)[entries.col]
    starts = np.repeat(indptr[entries.col] - np.r_[0, np.cumsum(sizes)[:-1]], sizes)
    columns = ancestors[starts + np.arange(int(sizes.sum()))] if len(sizes) else ancestors[:0]
    return _maximum_matrix(
        np.repeat(entries.row, sizes), columns, np.repeat(entries.data, sizes), shares.shape
    )


def _blend(first: Any, second: Any, first_weight: Any, second_weight: Any) -> Any:
    blended = (sparse.diags(first_weight) @ first + sparse.diags(second_weight) @ second).tocsr()
    blended = blended.astype(np.float32)
    blended.data = np.minimum(blended.data, np.float32(1.0))
    blended.sort_indices()
    return blended


def _smooth(
    shares: Any, relatives: Sequence[Relatives], named: Any, total: FloatArray, weight: float
) -> Any:
    """Adds the mean profile of the relatives, and the name's, as `weight` more patients each."""
    if not relatives or not weight:
        return shares
    kin = sum(
        (relation.weights for relation in relatives), start=sparse.csr_matrix(shares.shape[:1] * 2)
    )
    size = np.maximum(np.asarray(kin.sum(axis=1)).ravel(), 1.0)
    mean = sparse.diags(1.0 / size) @ kin @ shares
    smoothed = sparse.diags(total) @ shares + weight * mean + weight * named
    smoothed = (sparse.diags(1.0 / (total + 2.0 * weight)) @ smoothed).tocsr().astype(np.float32)
    smoothed.sort_indices()
    return smoothed


def _background(shares: Any, n_known: int) -> FloatArray:
    """Mean share with half a disease added, so that an unseen term is rare and not impossible."""
    total = np.asarray(shares.sum(axis=0)).ravel()
    mean: FloatArray = np.minimum(1.0, (total + 0.5) / (n_known + 0.5)).astype(np.float32)
    return mean
