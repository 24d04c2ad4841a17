"""MIMIC-IV tables as cases: one patient, seen at the last admission.

Decides that the conditions are those of the last admission (earlier ones are past), that the
medicines are the drugs ordered in it and not stopped before its end, that a code of the last stay
may say that the patient is pregnant (none says that she is not), and how codes are spelled.
Diagnosis codes of a hospital stay are what was billed, so a case has conditions and no gold
diagnosis.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from kg.case import ClinicalCase, CodedItem, Measurement, Sex, canonical_curie

from .problem import CaseError, CaseReadError
from .table import finite_number, read_rows

__all__ = ["condition_code", "is_mimic", "medicine_item", "read_mimic"]

_SEX: dict[str, Sex] = {"F": "female", "M": "male"}
_ICD = {"9": "ICD9CM", "10": "ICD10CM"}
_PREGNANT = re.compile(r"ICD10CM:(Z33\.1|Z34|O[0-8])|ICD9CM:(V22|V23|64[0-8])")
_NAME = re.compile(r"[^A-Za-z0-9]+")
_NOT_DRUGS = frozenset({"BASE", "ADDITIVE"})  # what a drug is dissolved in
_OMR = {
    "Weight (Lbs)": ("LOINC:29463-7", "Body weight", "[lb_av]"),
    "Height (Inches)": ("LOINC:8302-2", "Body height", "[in_i]"),
    "BMI (kg/m2)": ("LOINC:39156-5", "Body mass index", "kg/m2"),
    "eGFR": ("LOINC:33914-3", "Estimated glomerular filtration rate", "mL/min/{1.73_m2}"),
}

Rows = dict[str, list[dict[str, str]]]


def is_mimic(folder: Path) -> bool:
    """True when the folder holds the tables of a MIMIC-IV release."""
    return all((folder / name).is_file() for name in ("patients.csv", "diagnoses_icd.csv"))


def read_mimic(folder: Path) -> Iterator[ClinicalCase | CaseError]:
    """One case a patient of `patients.csv`, in the order of the table.

    Args:
        folder: Folder with `patients.csv`, `admissions.csv` and `diagnoses_icd.csv`; also
            `prescriptions.csv` and `omr.csv` where they are there.
    """
    try:
        patients = list(read_rows(folder / "patients.csv", ("subject_id", "gender", "anchor_age")))
        admissions = _by_subject(folder, "admissions.csv", ("hadm_id", "admittime", "dischtime"))
        diagnoses = _by_subject(folder, "diagnoses_icd.csv", ("hadm_id", "icd_code", "icd_version"))
        drugs = _by_subject(folder, "prescriptions.csv", ("hadm_id", "drug"), optional=True)
        results = _by_subject(folder, "omr.csv", ("result_name", "result_value"), optional=True)
    except CaseReadError as problem:
        yield problem.at(str(folder))
        return
    for patient in patients:
        subject = patient["subject_id"]
        try:
            yield _case_of(
                patient, admissions[subject], diagnoses[subject], drugs[subject], results[subject]
            )
        except ValueError as error:
            what, _, mend = str(error).partition("; ")
            where = f"{folder}: subject {subject or '(none)'}"
            yield CaseError(where=where, problem=what, mend=mend)


def _by_subject(
    folder: Path, name: str, columns: tuple[str, ...], *, optional: bool = False
) -> Rows:
    rows: Rows = defaultdict(list)
    if optional and not (folder / name).is_file():
        return rows
    for row in read_rows(folder / name, ("subject_id", *columns)):
        rows[row["subject_id"]].append(row)
    return rows


def _case_of(
    patient: dict[str, str],
    admissions: list[dict[str, str]],
    diagnoses: list[dict[str, str]],
    drugs: list[dict[str, str]],
    results: list[dict[str, str]],
) -> ClinicalCase:
    last = max(admissions, key=lambda row: row["admittime"], default=None)
    stay = last["hadm_id"] if last else ""
    now: dict[str, CodedItem] = {}
    past: dict[str, CodedItem] = {}
    for row in sorted(diagnoses, key=lambda row: finite_number(row.get("seq_num", "")) or 0.0):
        curie = condition_code(row)
        if curie is not None:
            (now if row["hadm_id"] == stay else past).setdefault(curie, CodedItem(id=curie))
    pregnant = True if any(_PREGNANT.match(code) for code in now) else None
    medicines = _medicines([row for row in drugs if row["hadm_id"] == stay], last)
    return ClinicalCase(
        case_id=f"mimic-{patient['subject_id']}",
        sex=_SEX.get(patient["gender"]),
        age_years=_age(patient, last),
        conditions=tuple(now.values()),
        past_conditions=tuple(item for curie, item in past.items() if curie not in now),
        medicines=medicines,
        measurements=tuple(_measurements(results)),
        pregnant=pregnant,
        source="mimic_iv_demo",
        licence="ODbL-1.0",
    )


def condition_code(row: dict[str, str]) -> str | None:
    """CURIE of a diagnosis row; None when its code or edition is not known."""
    prefix = _ICD.get(row["icd_version"])
    return canonical_curie(f"{prefix}:{row['icd_code']}") if prefix and row["icd_code"] else None


def _age(patient: dict[str, str], last: dict[str, str] | None) -> float | None:
    """Age at the last admission: the tables give it for one anchor year."""
    age = finite_number(patient["anchor_age"])
    anchor = finite_number(patient.get("anchor_year", ""))
    year = finite_number(last["admittime"][:4]) if last else None
    if age is not None and anchor is not None and year is not None:
        age += max(year - anchor, 0.0)
    return age if age is not None and age <= 150 else None


def _medicines(rows: list[dict[str, str]], last: dict[str, str] | None) -> tuple[CodedItem, ...]:
    """Drugs of the last stay that ran to within a day of its end, or all when none did."""
    current: dict[str, CodedItem] = {}
    ordered: dict[str, CodedItem] = {}
    end = last["dischtime"][:10] if last else ""
    for row in rows:
        if row.get("drug_type") in _NOT_DRUGS or not row["drug"]:
            continue
        item = medicine_item(row)
        ordered.setdefault(item.id, item)
        stop = row.get("stoptime", "")
        if not stop or stop[:10] >= end:
            current.setdefault(item.id, item)
    return tuple((current or ordered).values())


def medicine_item(row: dict[str, str]) -> CodedItem:
    """A drug under its NDC; one without a code keeps its name, to be resolved by label."""
    ndc = row.get("ndc", "")
    label = " ".join(row["drug"].split())[:200]
    if ndc.isascii() and ndc.isdigit() and int(ndc) > 0:
        gsn = row.get("gsn", "")  # a generic sequence number covers the packages of one drug
        same = (f"GSN:{gsn.zfill(6)}",) if gsn.isascii() and gsn.isdigit() else ()
        return CodedItem(id=f"NDC:{ndc.zfill(11)}", label=label, same_as=same)
    return CodedItem(id=f"MIMIC:{_NAME.sub('-', label).strip('-').lower() or 'drug'}", label=label)


def _measurements(rows: list[dict[str, str]]) -> Iterator[Measurement]:
    last: dict[str, tuple[str, Measurement]] = {}
    for row in rows:
        facts = _OMR.get(row["result_name"])
        value = finite_number(row["result_value"])
        if facts is None or value is None:
            continue
        code, label, unit = facts
        when = row.get("chartdate", "")
        if code not in last or when >= last[code][0]:
            last[code] = (when, Measurement(code=code, value=value, label=label, unit=unit))
    yield from (measurement for _, measurement in last.values())
