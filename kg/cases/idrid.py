"""Fundus photographs with a retinopathy grade (the IDRiD data set).

Decides that a photograph is a case, and which diagnoses the two grades mean. The grades are labels,
so they are read apart from the cases and never stand in one. The training part, the testing part
and any other folder of the same form are read alike.
"""

from collections.abc import Iterator
from pathlib import Path

from kg.case import ClinicalCase, ImageReference

from .problem import CaseError, CaseReadError
from .table import read_rows

__all__ = ["IDRID_TABLES", "idrid_images", "read_idrid", "read_idrid_grades"]

_RETINOPATHY = "MONDO:0005266"
_PROLIFERATIVE = "MONDO:0001660"
_MACULAR_EDEMA = "MONDO:0004728"
IDRID_TABLES = "*Labels*.csv"  # upstream names them by part: a._…_Training_…, b._…_Testing_…
_NAME, _GRADE, _EDEMA = "Image name", "Retinopathy grade", "Risk of macular edema"
_MEND = "give the upstream table"


def _grades(folder: Path) -> Iterator[tuple[str, int, int]]:
    """Image, retinopathy grade and risk of macular edema of each row."""
    seen: set[str] = set()
    for row in _rows(folder):
        name, grade, edema = row[_NAME], row[_GRADE], row[_EDEMA]
        if not name:
            continue
        if name in seen:
            raise CaseReadError(f"image {name} is graded twice", "give each part in its own folder")
        seen.add(name)
        if grade not in ("0", "1", "2", "3", "4") or edema not in ("0", "1", "2"):
            problem = f"image {name}: grades {grade!r} and {edema!r} are not 0-4 and 0-2"
            raise CaseReadError(problem, _MEND)
        yield name, int(grade), int(edema)


def _rows(folder: Path) -> Iterator[dict[str, str]]:
    tables = sorted(folder.glob(IDRID_TABLES))
    if not tables:
        raise CaseReadError(f"no table {IDRID_TABLES}", "give the folder of the data set")
    for table in tables:
        yield from read_rows(table, (_NAME, _GRADE, _EDEMA))


def idrid_images(folder: Path) -> dict[str, Path]:
    """File of each photograph under `images/`, by name without ending."""
    return {
        path.stem: path
        for path in sorted((folder / "images").glob("**/*"))
        if path.suffix.lower() in (".jpg", ".jpeg", ".png") and path.is_file()
    }


def read_idrid_grades(folder: Path) -> dict[str, tuple[int, int]]:
    """Retinopathy grade, 0 (none) to 4 (proliferative), and risk of macular edema, 0 to 2, by case.

    Raises:
        ValueError: The table is missing or broken.
    """
    try:
        return {f"idrid-{name}": (grade, edema) for name, grade, edema in _grades(folder)}
    except CaseReadError as problem:
        raise ValueError(str(problem.at(str(folder)))) from problem


def read_idrid(folder: Path) -> Iterator[ClinicalCase | CaseError]:
    """One case a photograph, in the order of the table; one without its image is an error.

    Args:
        folder: Folder with the tables of labels and `images/`.
    """
    try:
        images = idrid_images(folder)
        for name, grade, edema in _grades(folder):
            path = images.get(name)
            if path is None:
                yield CaseError(
                    where=f"{folder}: image {name}",
                    problem="no such image",
                    mend="give the images folder of the data set",
                    kind="missing",
                )
                continue
            diagnoses = [_RETINOPATHY] if 0 < grade < 4 else [_PROLIFERATIVE] if grade else []
            if edema == 2:
                diagnoses.append(_MACULAR_EDEMA)
            yield ClinicalCase(
                case_id=f"idrid-{name}",
                images=(ImageReference(path=str(path.absolute()), modality="fundus"),),
                diagnoses=tuple(diagnoses),
                source="idrid",
                licence="CC-BY-4.0",
            )
    except CaseReadError as problem:
        yield problem.at(str(folder))
