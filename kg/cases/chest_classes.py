"""Coarse classes of the chest cases: six, so that each has some patients.

Decides which diagnosis falls into which class. A cause goes before what it leads to: a patient with
COVID-19 and ARDS counts as COVID-19. What is called pneumonia without a cause, and every cause that
few patients have, is `other`.
"""

from collections.abc import Iterable

__all__ = ["CHEST_CLASSES", "chest_class"]

CHEST_CLASSES = ("COVID-19", "Pneumocystis", "Streptococcus", "other bacteria", "ARDS", "other")
"""Names of the classes, in the order of the numbers that `chest_class` gives."""

_CLASS_OF = {
    "MONDO:0100096": 0,
    "MONDO:0019121": 1,
    "MONDO:0005972": 2,
    "MONDO:0030602": 3,  # Klebsiella
    "MONDO:0005867": 3,  # Mycoplasma
    "MONDO:0005824": 3,  # Legionella
    "MONDO:0004652": 3,  # bacterial, E. coli
    "MONDO:0005970": 3,  # Staphylococcus
    "MONDO:0025598": 3,  # Chlamydophila
    "MONDO:0017776": 3,  # Nocardia
    "MONDO:0006052": 3,  # tuberculosis
    "MONDO:0006502": 4,
}
_OTHER = len(CHEST_CLASSES) - 1


def chest_class(diagnoses: Iterable[str]) -> int | None:
    """Number of the class of a case; None for a case without a diagnosis.

    >>> [chest_class(d) for d in (["MONDO:0006502", "MONDO:0100096"], ["MONDO:0005826"], [])]
    [0, 5, None]
    """
    found = {_CLASS_OF.get(diagnosis, _OTHER) for diagnosis in diagnoses}
    causes = found - {4, _OTHER}
    if causes:
        return min(causes)
    return min(found) if found else None
