"""GA4GH phenopackets (version 2, JSON) as cases.

Decides which parts of a phenopacket a case takes: observed and excluded features with their onset,
sex, age, genes and variants, diagnosis, measurements, medicines, and the publications. Modifiers,
severity and resources are left out. The check is by hand, so that the error can name the place;
fields that this file does not know are ignored, as protobuf does.
"""

from collections.abc import Iterator

from kg.case import ClinicalCase, CodedItem, Measurement, Observation, Sex, canonical_curie

from .age import years_between, years_of_duration
from .json_tree import Fields
from .problem import CaseError

__all__ = ["is_phenopacket", "read_phenopacket"]

_SEX: dict[str, Sex | None] = {
    "FEMALE": "female",
    "MALE": "male",
    "OTHER_SEX": "other",
    "UNKNOWN_SEX": None,
}
_KEYS = frozenset({"phenotypicFeatures", "phenotypic_features", "subject", "interpretations"})
_MAX_AGE = 150.0


def is_phenopacket(document: dict[str, object]) -> bool:
    """True when the object looks like a phenopacket."""
    return not _KEYS.isdisjoint(document)


def read_phenopacket(
    document: dict[str, object], *, where: str, fallback_id: str
) -> tuple[ClinicalCase, list[CaseError]]:
    """Case of a phenopacket, and warnings about what was left out of it.

    Args:
        document: Parsed JSON object.
        where: Names the file in warnings.
        fallback_id: Case id when the phenopacket has none.

    Raises:
        CaseReadError: A value of the wrong type, named with its place.
        pydantic.ValidationError: A value out of its range.
    """
    return _Reader(Fields(document), where, fallback_id).read()


class _Reader:
    """One phenopacket while it is read; collects the warnings."""

    def __init__(self, root: Fields, where: str, fallback_id: str) -> None:
        self._root = root
        self._where = where
        self._case_id = root.text("id") or fallback_id
        self._warnings: list[CaseError] = []

    def _warn(self, problem: str, mend: str) -> None:
        self._warnings.append(
            CaseError(
                where=self._where,
                problem=problem,
                mend=mend,
                kind="identifier",
                severity="warning",
                case_id=self._case_id,
            )
        )

    def _curie(self, holder: Fields, name: str) -> str | None:
        """Identifier of a field; a malformed one is a warning and None."""
        text = holder.text(name)
        if text is None:
            return None
        try:
            return canonical_curie(text)
        except ValueError as error:
            problem, _, mend = str(error).partition("; ")
            self._warn(f"{holder.place(name)}: {problem}, left out", mend)
            return None

    def read(self) -> tuple[ClinicalCase, list[CaseError]]:
        subject = self._root.fields("subject") or Fields({}, "subject", self._root)
        genes, variants, diagnoses = self._interpretations()
        case = ClinicalCase(
            case_id=self._case_id,
            sex=self._sex(subject),
            age_years=self._age(subject),
            phenotypes=tuple(self._observations()),
            genes=genes,
            variants=variants,
            diagnoses=diagnoses or self._diseases(),
            medicines=tuple(self._medicines()),
            measurements=tuple(self._measurements()),
            publications=self._publications(),
        )
        return case, self._warnings

    def _sex(self, subject: Fields) -> Sex | None:
        text = subject.text("sex")
        if text is None:
            return None
        if text.upper() not in _SEX:
            self._warn(f"{subject.place('sex')}: {text[:40]!r} is no sex", f"use {', '.join(_SEX)}")
        return _SEX.get(text.upper())

    def _time(self, element: Fields | None, birth: str | None = None) -> float | None:
        """Years of a GA4GH time element; None when it tells none."""
        if element is None:
            return None
        if (age := element.fields("age")) is not None:
            return self._duration(age, "iso8601duration")
        if (span := element.fields("ageRange")) is not None:
            ends = [
                self._duration(end, "iso8601duration")
                for end in (span.fields("start"), span.fields("end"))
                if end is not None
            ]
            known = [end for end in ends if end is not None]
            return sum(known) / len(known) if known else None
        if element.fields("gestationalAge") is not None:
            return 0.0  # before birth
        timestamp = element.text("timestamp")
        return years_between(birth, timestamp) if birth and timestamp else None

    def _duration(self, holder: Fields, name: str) -> float | None:
        text = holder.text(name)
        years = None if text is None else years_of_duration(text)
        if text is not None and (years is None or years > _MAX_AGE):
            self._warn(
                f"{holder.place(name)}: {text[:40]!r} is no age", "write it as P2Y6M or P10D"
            )
            return None
        return years

    def _age(self, subject: Fields) -> float | None:
        """Age at the last encounter, else the oldest age at which anything began.

        A patient is at least as old as the onset of what was observed.
        """
        birth = subject.text("dateOfBirth")
        last = self._time(subject.fields("timeAtLastEncounter"), birth)
        if last is not None:
            return last
        holders = (*self._root.items("phenotypicFeatures"), *self._root.items("diseases"))
        onsets = (
            self._time(holder.fields("onset"), birth)
            for holder in holders
            if not holder.flag("excluded")
        )
        return max((age for age in onsets if age is not None), default=None)

    def _onset(self, holder: Fields) -> str | None:
        """HPO class of an onset, or its ISO 8601 age."""
        element = holder.fields("onset")
        if element is None:
            return None
        if (term := element.fields("ontologyClass")) is not None:
            return self._curie(term, "id")
        if (age := element.fields("age")) is not None:
            return (
                None
                if self._duration(age, "iso8601duration") is None
                else age.text("iso8601duration")
            )
        if (age := element.fields("gestationalAge")) is not None:
            weeks, days = age.number("weeks") or 0, age.number("days") or 0
            return f"gestational {weeks:.0f}w{days:.0f}d"
        return None

    def _observations(self) -> Iterator[Observation]:
        for feature in self._root.items("phenotypicFeatures"):
            kind = feature.fields("type")
            if kind is None:
                self._warn(f"{feature.place('type')}: missing, left out", "give its HPO term")
                continue
            term = self._curie(kind, "id")
            if term is None:
                if "id" not in kind:
                    self._warn(f"{kind.place('id')}: missing, left out", "give its HPO id")
                continue
            excluded = feature.flag("excluded") or feature.flag("negated")  # negated: version 1
            yield Observation(
                term=term,
                status="excluded" if excluded else "present",
                onset=self._onset(feature),
                label=kind.label("label"),
            )

    def _interpretations(self) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
        """Genes, variants and diagnoses, each once, in the order of the document."""
        genes: dict[str, None] = {}
        variants: dict[str, None] = {}
        diagnoses: dict[str, None] = {}
        for interpretation in self._root.items("interpretations"):
            diagnosis = interpretation.fields("diagnosis")
            if diagnosis is None:
                continue
            disease = diagnosis.fields("disease")
            if disease is not None and (curie := self._curie(disease, "id")):
                diagnoses[curie] = None
            for genomic in diagnosis.items("genomicInterpretations"):
                if genomic.text("interpretationStatus") == "REJECTED":
                    continue
                gene, variant = self._genomic(genomic)
                genes |= {gene: None} if gene else {}
                variants |= {variant: None} if variant else {}
        return tuple(genes), tuple(variants), tuple(diagnoses)

    def _genomic(self, genomic: Fields) -> tuple[str | None, str | None]:
        gene = genomic.fields("gene")
        variant: str | None = None
        interpretation = genomic.fields("variantInterpretation")
        descriptor = interpretation.fields("variationDescriptor") if interpretation else None
        if descriptor is not None:
            gene = descriptor.fields("geneContext") or gene
            written = {e.label("syntax"): e.label("value") for e in descriptor.items("expressions")}
            variant = (
                written.get("hgvs.c")
                or written.get("hgvs.g")
                or descriptor.label("label")
                or descriptor.label("description")
                or descriptor.label("id")
            )
        return (self._curie(gene, "valueId") if gene is not None else None), variant

    def _diseases(self) -> tuple[str, ...]:
        terms = [d.fields("term") for d in self._root.items("diseases") if not d.flag("excluded")]
        curies = (self._curie(term, "id") for term in terms if term is not None)
        return tuple(dict.fromkeys(curie for curie in curies if curie))

    def _medicines(self) -> Iterator[CodedItem]:
        for action in self._root.items("medicalActions"):
            treatment = action.fields("treatment")
            agent = treatment.fields("agent") if treatment is not None else None
            if agent is not None and (curie := self._curie(agent, "id")):
                yield CodedItem(id=curie, label=agent.label("label"))

    def _measurements(self) -> Iterator[Measurement]:
        last: dict[str, Measurement] = {}
        for measurement in self._root.items("measurements"):
            assay, value = measurement.fields("assay"), measurement.fields("value")
            quantity = value.fields("quantity") if value is not None else None
            number = quantity.number("value") if quantity is not None else None
            code = self._curie(assay, "id") if assay is not None else None
            if assay is None or quantity is None or number is None or code is None:
                continue
            unit = quantity.fields("unit")
            symbol = (unit.label("id") or unit.label("label")) if unit is not None else None
            last[code] = Measurement(
                code=code, value=number, label=assay.label("label"), unit=symbol
            )
        yield from last.values()

    def _publications(self) -> tuple[str, ...]:
        facts = self._root.fields("metaData")
        if facts is None:
            return ()
        curies = (self._curie(r, "id") for r in facts.items("externalReferences") if "id" in r)
        return tuple(dict.fromkeys(curie for curie in curies if curie))
