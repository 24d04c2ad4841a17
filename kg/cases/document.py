"""One parsed or unparsed document of unknown kind, as cases.

Decides by the content which reader a document belongs to. Where documents come from is decided in
`kg.cases.archive`, what the formats mean in the readers.
"""

from collections.abc import Iterator

from pydantic import ValidationError

from kg.case import ClinicalCase

from .fhir import is_fhir, read_bundle
from .json_tree import parse_json
from .jsonlines import is_case, read_case
from .phenopacket import is_phenopacket, read_phenopacket
from .problem import CaseError, CaseReadError, problem_of_validation

__all__ = ["cases_of_bytes"]

_MEND = "give a phenopacket, a FHIR Bundle or a case with a case_id"


def cases_of_bytes(
    data: bytes, *, where: str, fallback_id: str, notes: bool = True
) -> Iterator[ClinicalCase | CaseError]:
    """Cases of one JSON document: an object of any known format, or a list of them.

    Args:
        data: The document.
        where: Names the file in messages.
        fallback_id: Case id when the document has none.
        notes: Take the note of a FHIR bundle.
    """
    try:
        document = parse_json(data)
    except CaseReadError as problem:
        yield problem.at(where)
        return
    yield from _cases_of(document, where=where, fallback_id=fallback_id, notes=notes)


def _cases_of(
    document: object, *, where: str, fallback_id: str, notes: bool
) -> Iterator[ClinicalCase | CaseError]:
    # Family and Cohort of GA4GH hold phenopackets, a plain list holds documents of any format.
    inner = document
    if isinstance(document, dict) and not is_phenopacket(document) and not is_case(document):
        inner = document.get("members", document.get("proband", document))
        inner = [inner] if isinstance(inner, dict) and inner is not document else inner
    if isinstance(inner, list):
        if not inner:
            mend = "give at least one case"
            yield CaseError(where=where, problem="an empty list", mend=mend, kind="empty")
        for position, item in enumerate(inner):
            yield from _read_one(item, f"{where}[{position}]", f"{fallback_id}[{position}]", notes)
        return
    yield from _read_one(document, where, fallback_id, notes)


def _read_one(
    document: object, where: str, fallback_id: str, notes: bool
) -> Iterator[ClinicalCase | CaseError]:
    try:
        if not isinstance(document, dict):
            problem = f"a JSON {type(document).__name__} is no case"
            raise CaseReadError(problem, _MEND, kind="format")
        if is_case(document):
            yield read_case(document)
        elif is_fhir(document):
            yield from read_bundle(document, where=where, fallback_id=fallback_id, notes=notes)
        elif is_phenopacket(document):
            case, warnings = read_phenopacket(document, where=where, fallback_id=fallback_id)
            yield from warnings
            yield case
        else:
            keys = ", ".join(repr(key)[:30] for key in list(document)[:4]) or "none"
            raise CaseReadError(f"an object of unknown kind (keys: {keys})", _MEND, kind="format")
    except CaseReadError as problem:
        yield problem.at(where)
    except ValidationError as error:
        yield problem_of_validation(error).at(where)
