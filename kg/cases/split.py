"""Parts of a cohort that share no publication and no patient.

Decides what belongs together: cases that cite a common paper, directly or through other cases, are
one component, and a component never stands in two parts. A patient without a publication is a
component of its own. Splitting by patient instead would leave siblings of one paper on both sides.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from kg.case import ClinicalCase

__all__ = ["Leak", "find_leaks", "publication_components", "split_by_publication"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Leak:
    """Something that two parts of a split share.

    Attributes:
        kind: `publication` or `patient`.
        shared: The publication or case id.
        parts: Names of the two parts.
    """

    kind: str
    shared: str
    parts: tuple[str, str]

    def __str__(self) -> str:
        """One line."""
        return f"{self.kind} {self.shared} stands in {self.parts[0]} and in {self.parts[1]}"


def publication_components(cases: Sequence[ClinicalCase]) -> np.ndarray:
    """Number of the component of each case, counted in order of first appearance.

    Args:
        cases: Any cases; the same `case_id` twice is one patient.

    Returns:
        int64 array, one entry a case.
    """
    if not cases:
        return np.zeros(0, dtype=np.int64)
    columns: dict[tuple[str, str], int] = {}
    rows: list[int] = []
    cols: list[int] = []
    for row, case in enumerate(cases):
        keys = [("case", case.case_id), *(("publication", p) for p in case.publications)]
        for key in keys:
            rows.append(row)
            cols.append(columns.setdefault(key, len(columns)))
    n_cases, size = len(cases), len(cases) + len(columns)
    entries = (np.ones(len(rows), dtype=np.int8), (np.array(rows), np.array(cols) + n_cases))
    _, labels = connected_components(coo_array(entries, shape=(size, size)), directed=False)
    order: dict[int, int] = {}
    return np.array([order.setdefault(int(x), len(order)) for x in labels[:n_cases]], np.int64)


def split_by_publication(
    cases: Sequence[ClinicalCase], fractions: Mapping[str, float], rng: np.random.Generator
) -> dict[str, tuple[ClinicalCase, ...]]:
    """Cases dealt out to named parts, component by component.

    The components are shuffled and each goes to the part that lacks most of its share, the largest
    first, so that the shares of cases come close to the fractions.

    Args:
        cases: Cohort.
        fractions: Part -> share of the cases, positive; they need not sum to one.
        rng: Decides which components go where.

    Returns:
        Part -> its cases, in the order of the cohort.

    Raises:
        ValueError: No part, or a share that is not positive.

    >>> cohort = [ClinicalCase(case_id=str(i), publications=(f"PMID:{i // 2}",)) for i in range(6)]
    >>> parts = split_by_publication(cohort, {"train": 2, "test": 1}, np.random.default_rng(0))
    >>> [len(parts["train"]), len(parts["test"])], find_leaks(parts)
    ([4, 2], ())
    """
    names = list(fractions)
    shares = np.array([fractions[name] for name in names], dtype=np.float64)
    if not names or not np.all(np.isfinite(shares)) or np.any(shares <= 0):
        raise ValueError(f"fractions: {dict(fractions)!r} must name parts with positive shares")
    components = publication_components(cases)
    sizes = np.bincount(components) if len(components) else np.zeros(0, dtype=np.int64)
    shuffled = rng.permutation(len(sizes))
    dealt = np.zeros(len(names))
    part_of = np.zeros(len(sizes), dtype=np.int64)
    target = shares / shares.sum() * len(cases)
    for component in shuffled[np.argsort(-sizes[shuffled], kind="stable")]:
        part = int(np.argmax(target - dealt))
        part_of[component] = part
        dealt[part] += sizes[component]
    parts: dict[str, list[ClinicalCase]] = {name: [] for name in names}
    for case, component in zip(cases, components, strict=True):
        parts[names[part_of[component]]].append(case)
    return {name: tuple(members) for name, members in parts.items()}


def find_leaks(parts: Mapping[str, Sequence[ClinicalCase]]) -> tuple[Leak, ...]:
    """Everything that two parts share; a sound split has an empty report.

    Publications are compared by their identifier and patients by their case id. This looks at the
    parts alone and not at how they were made, so it checks any split.
    """
    holders: defaultdict[tuple[str, str], dict[str, None]] = defaultdict(dict)
    for name, cases in parts.items():
        for case in cases:
            holders["patient", case.case_id][name] = None
            for publication in case.publications:
                holders["publication", publication][name] = None
    return tuple(
        Leak(kind=kind, shared=shared, parts=(first, second))
        for (kind, shared), names in sorted(holders.items())
        for number, first in enumerate(names)
        for second in list(names)[number + 1 :]
    )
