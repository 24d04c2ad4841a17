"""The project's own form of a case: one JSON object, alone or one a line.

Decides how an object becomes a `ClinicalCase`; the fields are decided in `kg.case`.
"""

from pathlib import Path

from pydantic import ValidationError

from kg.case import ClinicalCase, ImageReference

from .problem import CaseReadError, problem_of_validation

__all__ = ["is_case", "read_case", "resolve_images"]


def is_case(document: dict[str, object]) -> bool:
    """True when the object looks like a case in the project's own form."""
    return "case_id" in document


def read_case(document: dict[str, object]) -> ClinicalCase:
    """Case of an object; raises `CaseReadError` that names the field."""
    try:
        return ClinicalCase.model_validate(document)
    except ValidationError as error:
        raise problem_of_validation(error) from error
    except RecursionError as error:
        raise CaseReadError("nested too deeply", "flatten it", kind="unsafe") from error


def resolve_images(case: ClinicalCase, folder: Path | None) -> ClinicalCase:
    """The case with image paths that no longer depend on where it was read from.

    Args:
        case: Case as read.
        folder: Folder of the file that it was read from; None leaves the paths alone.
    """
    if folder is None or not case.images:
        return case
    images = tuple(
        image
        if "://" in image.path or Path(image.path).is_absolute()
        else ImageReference(
            path=str((folder / image.path).absolute()), modality=image.modality, view=image.view
        )
        for image in case.images
    )
    return case.model_copy(update={"images": images})
