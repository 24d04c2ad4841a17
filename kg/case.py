"""A patient as the engine sees one: whatever is known, and nothing that must be there.

Decides the contract of a case, which is also the project's JSON lines form (one object a line,
fields at their default left out). How other formats become cases is decided in `kg.cases`; what a
code means, and whether a term is obsolete or unknown, is decided later against the graph.
"""

import re
from functools import lru_cache
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool, StrictFloat

from .identifiers import IdentifierError, normalise

__all__ = [
    "ClinicalCase",
    "CodedItem",
    "ImageReference",
    "Measurement",
    "Observation",
    "Sex",
    "Status",
    "canonical_curie",
]

Sex = Literal["female", "male", "other"]
Status = Literal["present", "excluded"]

_CURIE = re.compile(r"[A-Za-z][A-Za-z0-9_.+-]*:[^\s\x00-\x1f\x7f-\x9f]+")
_HP = re.compile(r"HP:[0-9]{7}")
_SEVEN_DIGITS = re.compile(r"(?<![0-9])[0-9]{7}$")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_MAX_CURIE = 500


@lru_cache(maxsize=1 << 16)
def canonical_curie(text: str) -> str:
    """Identifier in the project's spelling; one of an unknown space stays as it is.

    HPO ids must have their seven digits: a shortened one is another term, not a spelling.

    Raises:
        ValueError: The text is no identifier; the message says how to write one.

    >>> canonical_curie("http://purl.obolibrary.org/obo/HP_0001250")
    'HP:0001250'
    """
    try:
        curie = normalise(text)
    except IdentifierError:
        curie = text.strip()
    if len(curie) > _MAX_CURIE or not _CURIE.fullmatch(curie):
        raise ValueError(f"{text[:60]!r} is not a CURIE; write prefix:local, such as HP:0001250")
    is_hp = curie[:3].upper() == "HP:"
    if is_hp and not (_HP.fullmatch(curie) and _SEVEN_DIGITS.search(text.strip())):
        raise ValueError(f"{text[:60]!r} is not an HPO id; write HP: and seven digits")
    return curie


def _check_line(value: str) -> str:
    if _CONTROL.search(value):
        raise ValueError(f"{value[:60]!r} holds a line break or another control character")
    return value


Curie = Annotated[str, AfterValidator(canonical_curie)]
Line = Annotated[str, Field(min_length=1, max_length=2000), AfterValidator(_check_line)]
Number = Annotated[StrictFloat, Field(allow_inf_nan=False)]


class _Record(BaseModel):
    """Frozen and closed: an unknown field is an error, so that a typing slip is not lost data."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Observation(_Record):
    """A phenotype that was looked for.

    Attributes:
        term: CURIE, usually of HPO, as the input gave it (it may be obsolete or unknown).
        status: `present` or `excluded`; what is not observed is not listed.
        onset: HPO onset class (`HP:0003577`) or ISO 8601 age (`P2Y`).
        label: Name as the input gave it.
    """

    term: Curie
    status: Status = "present"
    onset: Line | None = None
    label: Line | None = None


class ImageReference(_Record):
    """An image of the patient.

    Attributes:
        path: File; relative to the file that the case stands in, which readers make absolute.
        modality: `X-ray`, `CT`, `fundus`, `dermoscopy`, or as the source says.
        view: `PA`, `AP`, `L`, `Axial`, `left`, or as the source says.
    """

    path: Line
    modality: Line | None = None
    view: Line | None = None


class CodedItem(_Record):
    """A condition, medicine or allergy.

    Attributes:
        id: CURIE of the code that the input lists first.
        label: Name as the input gave it.
        same_as: Other codes that the input gives for the same thing.
    """

    id: Curie
    label: Line | None = None
    same_as: tuple[Curie, ...] = ()


class Measurement(_Record):
    """Most recent value of one laboratory test or vital sign.

    Attributes:
        code: CURIE, usually of LOINC.
        value: Finite number.
        unit: UCUM unit as the input gave it.
    """

    code: Curie
    value: Number
    label: Line | None = None
    unit: Line | None = None


class ClinicalCase(_Record):
    """One patient at one time; everything but `case_id` may be unknown.

    Attributes:
        case_id: Identifies the case among all cases that are read together.
        sex: None when unknown.
        age_years: Age at the last encounter; None when unknown.
        phenotypes: What was observed, present and excluded.
        note: Free text; never logged, and written to RDF only when asked.
        images: Images of the patient.
        genes: CURIEs of genes with a reported variant, usually HGNC.
        variants: Variants in HGVS or as the source wrote them.
        diagnoses: Known diagnoses (the gold standard of training and evaluation, never an input).
        conditions: Known other conditions that the patient has now, coded.
        past_conditions: Conditions that the patient had and no longer has.
        medicines: Current medicines, coded.
        allergies: Substances that the patient must not get, coded.
        measurements: Laboratory tests and vital signs.
        pregnant: None when unknown.
        publications: CURIEs of the papers that describe the patient.
        source: Name of the data set.
        licence: Licence of the record.
    """

    case_id: Line
    sex: Sex | None = None
    age_years: Annotated[Number, Field(ge=0.0, le=150.0)] | None = None
    phenotypes: tuple[Observation, ...] = ()
    note: Annotated[str, Field(max_length=1_000_000)] | None = None
    images: tuple[ImageReference, ...] = ()
    genes: tuple[Curie, ...] = ()
    variants: tuple[Line, ...] = ()
    diagnoses: tuple[Curie, ...] = ()
    conditions: tuple[CodedItem, ...] = ()
    past_conditions: tuple[CodedItem, ...] = ()
    medicines: tuple[CodedItem, ...] = ()
    allergies: tuple[CodedItem, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    pregnant: StrictBool | None = None
    publications: tuple[Curie, ...] = ()
    source: Line | None = None
    licence: Line | None = None

    @property
    def present(self) -> tuple[str, ...]:
        """Terms observed at least once, each once, in input order."""
        return tuple(dict.fromkeys(o.term for o in self.phenotypes if o.status == "present"))

    @property
    def excluded(self) -> tuple[str, ...]:
        """Terms excluded and never observed (a sign absent at birth and seen later is present)."""
        seen = set(self.present)
        excluded = (o.term for o in self.phenotypes if o.status == "excluded")
        return tuple(dict.fromkeys(term for term in excluded if term not in seen))

    def has_input(self) -> bool:
        """True when there is anything that a diagnosis or treatment could rest on."""
        return bool(
            self.phenotypes
            or (self.note and self.note.strip())
            or self.images
            or self.genes
            or self.conditions
            or self.past_conditions
            or self.medicines
            or self.measurements
        )

    def to_json(self) -> str:
        """One line of JSON; fields at their default are left out.

        >>> ClinicalCase(case_id="p1", sex="female").to_json()
        '{"case_id":"p1","sex":"female"}'
        """
        return self.model_dump_json(exclude_defaults=True)

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Case of one JSON object; raises `pydantic.ValidationError` that names the field."""
        return cls.model_validate_json(text)
