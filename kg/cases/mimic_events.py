"""Every diagnosis and prescription row of MIMIC-IV as a fact about its patient.

Decides what of a row is kept: codes, names, and when, how much and how a drug was given. A case
(`kg.cases.mimic`) is the patient at the last admission; these facts are the whole record, one a
row, and go into the graph of the population alone.
"""

from collections.abc import Iterator
from pathlib import Path

from .mimic import condition_code, medicine_item
from .statements import PatientFact
from .table import read_rows

__all__ = ["mimic_events"]

_DOSE = {
    "starttime": "start_time",
    "stoptime": "stop_time",
    "prod_strength": "strength",
    "dose_val_rx": "dose",
    "dose_unit_rx": "dose_unit",
    "doses_per_24_hrs": "doses_per_day",
    "route": "route",
    "drug_type": "drug_type",
    "gsn": "gsn",
    "hadm_id": "admission",
}
_STAY = {"hadm_id": "admission", "seq_num": "rank"}


def mimic_events(folder: Path) -> Iterator[PatientFact]:
    """Facts of `diagnoses_icd.csv` and `prescriptions.csv`, in the order of the rows.

    Args:
        folder: Folder of the tables; one that is not there has no facts.
    """
    diagnoses, drugs = folder / "diagnoses_icd.csv", folder / "prescriptions.csv"
    if diagnoses.is_file():
        columns = ("subject_id", "hadm_id", "seq_num", "icd_code", "icd_version")
        for number, row in enumerate(read_rows(diagnoses, columns)):
            code = condition_code(row)
            if code is not None:
                yield _fact(row, "conditions", code, "", f"row-{number}", _STAY)
    if drugs.is_file():
        for number, row in enumerate(read_rows(drugs, ("subject_id", "hadm_id", "drug"))):
            if row["drug"]:
                item = medicine_item(row)
                yield _fact(row, "medicines", item.id, item.label or "", f"row-{number}", _DOSE)


def _fact(
    row: dict[str, str], field: str, code: str, label: str, key: str, kept: dict[str, str]
) -> PatientFact:
    return PatientFact(
        case_id=f"mimic-{row['subject_id']}",
        field=field,
        code=code,
        label=label,
        key=key,
        qualifiers=tuple((name, row[column]) for column, name in kept.items() if row.get(column)),
    )
