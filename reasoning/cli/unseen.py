"""Cases given on the command line, and that a model does not know those it is tested on.

Decides that a bad case is named and left out, and that a case whose paper a model or its graph
knows ends the command. How contact is found is decided in `reasoning.evaluate`.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from reasoning.errors import InputError

from .console import warn

if TYPE_CHECKING:
    from fusion.predictor import Predictor
    from kg.case import ClinicalCase

__all__ = ["readable_cases", "refuse_known"]


def readable_cases(paths: Sequence[Path]) -> "list[ClinicalCase]":
    """The cases of files, folders and archives; each bad one is one warning line.

    Raises:
        InputError: There is none.
    """
    from kg.cases import CaseError, read_cases

    found, wrong = [], []
    for item in read_cases(paths):
        if isinstance(item, CaseError):
            wrong.append(item)
        else:
            found.append(item)
    if len(wrong) == 1 and not found:
        (only,) = wrong
        raise InputError(only.where, only.problem, f"{only.mend[:1].upper()}{only.mend[1:]}")
    for item in wrong:
        warn(str(item))
    if not found:
        where = paths[0] if len(paths) == 1 else "--cases"
        raise InputError(where, "no readable case", "Give phenopackets, FHIR bundles or JSON lines")
    return found


def refuse_known(predictor: "Predictor", cases: "Sequence[ClinicalCase]", where: Path) -> None:
    """Ends the command if a model or its graph knows one of the cases.

    Raises:
        InputError: One is known; says which, and how to build without it.
    """
    from reasoning.evaluate import find_known

    if known := find_known(predictor, cases):
        raise InputError(
            where,
            f"is not unseen: {known}",
            "Build and train with --exclude-publications of these cases",
        )
