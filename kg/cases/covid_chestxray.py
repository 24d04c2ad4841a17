"""Chest X-ray and CT images with clinical notes and a diagnosis (the covid-chestxray data set).

Decides which disease each finding means, which words the notes must not say, and that all images of
a patient make one case. Splitting is by case, since a case is a patient.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from kg.case import ClinicalCase, ImageReference, Measurement, Sex, canonical_curie

from .masking import mask_diagnosis
from .problem import CaseError, CaseReadError
from .table import finite_number, read_rows

__all__ = [
    "DIAGNOSIS_WORDS",
    "FINDINGS",
    "diseases_of_finding",
    "is_covid_chestxray",
    "read_covid_chestxray",
]

FINDINGS = {
    "covid-19": "MONDO:0100096",
    "sars": "MONDO:0005091",
    "mers": "MONDO:0100116",
    "mers-cov": "MONDO:0100116",
    "ards": "MONDO:0006502",
    "pneumocystis": "MONDO:0019121",
    "streptococcus": "MONDO:0005972",
    "klebsiella": "MONDO:0030602",
    "mycoplasma": "MONDO:0005867",
    "mycoplasma bacterial pneumonia": "MONDO:0005867",
    "legionella": "MONDO:0005824",
    "lipoid": "MONDO:0005826",
    "varicella": "MONDO:0005700",
    "e.coli": "MONDO:0004652",  # no node of its own: a bacterial pneumonia
    "staphylococcus": "MONDO:0005970",
    "mrsa": "MONDO:0005970",
    "chlamydophila": "MONDO:0025598",
    "nocardia": "MONDO:0017776",
    "aspergillosis": "MONDO:0005657",
    "aspiration": "MONDO:0002572",
    "influenza": "MONDO:0005812",
    "h1n1": "MONDO:0005460",
    "tuberculosis": "MONDO:0006052",
    "bacterial": "MONDO:0004652",
    "viral": "MONDO:0006012",
    "pneumonia": "MONDO:0005249",
}
"""Finding, or one level of `Pneumonia/Viral/COVID-19`, in lower case -> disease."""

_NOT_A_DISEASE = frozenset({"no finding", "todo", "unknown", ""})
# Left out when a more specific diagnosis of the same patient is known.
_GENERAL = frozenset({"MONDO:0005249", "MONDO:0004652", "MONDO:0006012"})

DIAGNOSIS_WORDS: tuple[str, ...] = (
    "covid*", "COVID-19", "2019-nCoV", "nCoV", "SARS-CoV-2", "SARS-CoV", "coronavirus*",
    "corona virus", "novel corona", "SARS", "severe acute respiratory syndrome", "MERS", "MERS-CoV",
    "Middle East respiratory syndrome", "ARDS", "acute respiratory distress syndrome",
    "adult respiratory distress syndrome", "respiratory distress syndrome",
    "pneumoni*", "bronchopneumoni*", "pleuropneumoni*", "pneumocyst*", "jirovec*", "carinii",
    "PCP", "PJP", "streptococc*", "pneumococc*", "strep*", "klebsiell*", "mycoplasm*",
    "legionell*", "legionnair*", "pneumophila", "lipoid*", "lipid pneumonia", "lipid",
    "varicell*", "chickenpox", "VZV", "zoster*", "E. coli", "escherichia*", "coli",
    "staphylococc*", "MRSA", "chlamyd*", "nocardi*", "aspergill*", "influenz*", "H1N1", "flu",
    "tubercul*", "TB", "herpes*", "bacteri*", "viral*", "fungal*", "aspirat*",
)  # fmt: skip
"""Names and stems of every diagnosis of the set: they are masked in every note."""

_SEX: dict[str, Sex] = {"M": "male", "F": "female"}
_CREDITS = ("case courtesy", "credit to")
_DATA_SET_DOI = "10.6084/"  # names the collection, not a paper about the patient
_LABS = {
    "temperature": ("LOINC:8310-5", "Body temperature", "Cel"),
    "leukocyte_count": ("LOINC:6690-2", "Leukocytes", "10*3/uL"),
    "neutrophil_count": ("LOINC:751-8", "Neutrophils", "10*3/uL"),
    "lymphocyte_count": ("LOINC:731-0", "Lymphocytes", "10*3/uL"),
}


def diseases_of_finding(finding: str) -> tuple[str, ...]:
    """Diseases that a finding names, none for `No Finding`.

    >>> diseases_of_finding("COVID-19, ARDS"), diseases_of_finding("Pneumonia/Viral/SARS")
    (('MONDO:0100096', 'MONDO:0006502'), ('MONDO:0005091',))

    Raises:
        ValueError: The finding is not in the table.
    """
    found: dict[str, None] = {}
    for part in finding.split(","):
        levels = [level.strip().lower() for level in part.split("/")]
        if levels[-1] in _NOT_A_DISEASE:
            continue
        known = [FINDINGS[level] for level in levels if level in FINDINGS]
        if not known:
            raise ValueError(f"finding {part.strip()!r} is not known; add it to FINDINGS")
        found[known[-1]] = None
    return tuple(found)


def is_covid_chestxray(folder: Path) -> bool:
    """True when the folder holds the table and the images of the data set."""
    return (folder / "metadata.csv").is_file() and (folder / "images").is_dir()


def read_covid_chestxray(folder: Path, *, mask: bool = True) -> Iterator[ClinicalCase | CaseError]:
    """One case a patient, in the order of the table.

    Args:
        folder: Folder with `metadata.csv` and `images/`.
        mask: Mask the diagnosis words in the notes; off only to show what they would leak.
    """
    table = folder / "metadata.csv"
    patients: dict[str, list[dict[str, str]]] = {}
    try:
        for row in read_rows(table, ("patientid", "finding", "clinical_notes")):
            if row["patientid"]:
                patients.setdefault(row["patientid"], []).append(row)
    except CaseReadError as problem:
        yield problem.at(str(table))
        return
    for patient, rows in patients.items():
        where = f"{table}: patient {patient}"
        try:
            case, lacking = _case_of(patient, rows, folder, mask=mask)
        except ValueError as error:
            what, _, mend = str(error).partition("; ")
            yield CaseError(where=where, problem=what, mend=mend)
            continue
        if lacking:
            yield CaseError(
                where=where,
                problem=f"{len(lacking)} images are not there, the first: {lacking[0]}",
                mend="give the images folder of the data set",
                kind="missing",
                severity="warning",
                case_id=case.case_id,
            )
        yield case


def _case_of(
    patient: str, rows: Sequence[dict[str, str]], folder: Path, *, mask: bool
) -> tuple[ClinicalCase, list[str]]:
    """Case of a patient's rows, and the images that the table names but the folder lacks."""
    diagnoses = dict.fromkeys(d for row in rows for d in diseases_of_finding(row["finding"]))
    specific = tuple(d for d in diagnoses if d not in _GENERAL)
    texts = [row.get(name, "") for row in rows for name in ("clinical_notes", "other_notes")]
    kept = dict.fromkeys(t for t in texts if t and not t.lower().startswith(_CREDITS))
    note = "\n".join(kept)
    images, lacking = [], []
    for row in rows:
        name = row.get("image") or row.get("filename", "")
        path = folder / (row.get("folder") or "images") / name
        if not name or Path(name).name != name or not path.is_file():
            lacking.append(name or "(no name)")
            continue
        images.append(
            ImageReference(
                path=str(path.absolute()),
                modality=row.get("modality") or None,
                view=row.get("view") or None,
            )
        )
    ages = [a for row in rows if (a := finite_number(row.get("age", ""))) is not None]
    dois = dict.fromkeys(row.get("doi", "") for row in rows)
    licences = dict.fromkeys(licence for row in rows if (licence := row.get("license")))
    case = ClinicalCase(
        case_id=f"covid-chestxray-{patient}",
        sex=next((_SEX[row["sex"]] for row in rows if row.get("sex") in _SEX), None),
        age_years=ages[0] if ages and 0 <= ages[0] <= 150 else None,
        note=(mask_diagnosis(note, DIAGNOSIS_WORDS) if mask else note) or None,
        images=tuple(images),
        diagnoses=specific or tuple(diagnoses),
        measurements=tuple(_measurements(rows)),
        publications=tuple(
            canonical_curie(f"DOI:{doi}") for doi in dois if doi and doi[:8] != _DATA_SET_DOI
        ),
        source="covid_chestxray",
        licence="; ".join(licences) or None,
    )
    return case, lacking


def _measurements(rows: Sequence[dict[str, str]]) -> Iterator[Measurement]:
    """Last value of each test, by the day since the onset of symptoms."""
    ordered = sorted(rows, key=lambda row: finite_number(row.get("offset", "")) or 0.0)
    for column, (code, label, unit) in _LABS.items():
        values = [v for r in ordered if (v := finite_number(r.get(column, ""))) is not None]
        if values:
            yield Measurement(code=code, value=values[-1], label=label, unit=unit)
