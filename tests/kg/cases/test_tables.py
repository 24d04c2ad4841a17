"""Public tables as cases: chest X-rays, fundus photographs, hospital stays (rows made up here)."""

from pathlib import Path

import pytest

from kg.case import ClinicalCase
from kg.cases import CaseError, read_cases
from kg.cases.covid_chestxray import diseases_of_finding, read_covid_chestxray
from kg.cases.idrid import read_idrid, read_idrid_grades
from kg.cases.mimic import read_mimic


def table(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text.strip() + "\n", encoding="utf-8")


@pytest.fixture
def chestxray(tmp_path: Path) -> Path:
    table(
        tmp_path / "metadata.csv",
        """
patientid,offset,sex,age,finding,view,modality,image,folder,doi,license,clinical_notes,other_notes,temperature
1,5,M,61,"COVID-19, ARDS",PA,X-ray,a.jpg,images,10.1/x,CC BY 4.0,Fever. COVID-19.,Credit to X,39
1,2,M,61,COVID-19,AP,X-ray,b.jpg,images,10.1/x,CC BY 4.0,Fever. COVID-19.,No SARS.,38
2,,F,,No Finding,L,CT,gone.jpg,images,10.6084/m9.y,CC0,,,
3,,F,400,Pneumonia/Bacterial/Klebsiella,,X-ray,../evil.jpg,images,,,Cough.,,
4,,,,Martian fever,,,a.jpg,images,,,x,,
,,,,COVID-19,,,a.jpg,images,,,x,,
""",
    )
    for name in ("a.jpg", "b.jpg"):
        table(tmp_path / "images" / name, "x")
    return tmp_path


def test_images_of_a_patient_make_one_case(chestxray: Path) -> None:
    found = list(read_covid_chestxray(chestxray))
    cases = {c.case_id: c for c in found if isinstance(c, ClinicalCase)}
    errors = [e for e in found if isinstance(e, CaseError)]
    first = cases["covid-chestxray-1"]
    assert [(Path(i.path).name, i.view) for i in first.images] == [("a.jpg", "PA"), ("b.jpg", "AP")]
    assert first.diagnoses == ("MONDO:0100096", "MONDO:0006502")
    assert first.note == "Fever. [masked].\nNo [masked]."
    assert (first.sex, first.age_years, first.publications) == ("male", 61.0, ("DOI:10.1/x",))
    assert [m.value for m in first.measurements] == [39.0]  # of the latest day
    second = cases["covid-chestxray-2"]
    assert (second.diagnoses, second.images, second.publications) == ((), (), ())
    third = cases["covid-chestxray-3"]
    assert (third.diagnoses, third.images, third.age_years) == (("MONDO:0030602",), (), None)
    assert len(cases) == 3
    assert [e.severity for e in errors] == ["warning", "warning", "error"]
    assert "martian fever" in str(errors[2]).lower()


def test_unmasked_notes_only_when_asked(chestxray: Path) -> None:
    case = next(iter(read_covid_chestxray(chestxray, mask=False)))
    assert isinstance(case, ClinicalCase)
    assert case.note is not None
    assert "COVID-19" in case.note


@pytest.mark.parametrize("finding", ["No Finding", "todo", "Unknown", ""])
def test_no_finding_is_no_disease(finding: str) -> None:
    assert diseases_of_finding(finding) == ()


def test_general_diagnosis_gives_way_to_a_specific_one(tmp_path: Path) -> None:
    header = "patientid,finding,clinical_notes\n"
    table(tmp_path / "metadata.csv", header + "1,Pneumonia,x\n1,Legionella,x\n2,Pneumonia,x")
    found = [c for c in read_covid_chestxray(tmp_path) if isinstance(c, ClinicalCase)]
    assert [c.diagnoses for c in found] == [("MONDO:0005824",), ("MONDO:0005249",)]


@pytest.fixture
def mimic(tmp_path: Path) -> Path:
    table(
        tmp_path / "patients.csv",
        "subject_id,gender,anchor_age,anchor_year,dod\n7,F,50,2100,\n8,M,91,2100,\n9,,x,,",
    )
    table(
        tmp_path / "admissions.csv",
        "subject_id,hadm_id,admittime,dischtime\n"
        "7,2,2103-05-01 10:00:00,2103-05-09 10:00:00\n7,1,2100-01-01 10:00:00,2100-01-02 10:00:00",
    )
    table(
        tmp_path / "diagnoses_icd.csv",
        "subject_id,hadm_id,seq_num,icd_code,icd_version\n"
        "7,2,2,E119,10\n7,2,1,I10,10\n7,1,1,41071,9\n7,1,2,I10,10\n7,1,3,zz,11",
    )
    table(
        tmp_path / "prescriptions.csv",
        "subject_id,hadm_id,starttime,stoptime,drug_type,drug,ndc\n"
        "7,2,2103-05-01,2103-05-09 09:00:00,MAIN,Metformin,93104801\n"
        "7,2,2103-05-01,2103-05-02 09:00:00,MAIN,Cefazolin,00143992490\n"
        "7,2,2103-05-01,,MAIN,Insulin Human,0\n"
        "7,2,2103-05-01,,BASE,Sodium Chloride,0338004904\n"
        "7,1,2100-01-01,,MAIN,Aspirin,00904404073",
    )
    table(
        tmp_path / "omr.csv",
        "subject_id,chartdate,result_name,result_value\n"
        "7,2103-05-02,eGFR,41\n7,2101-05-02,eGFR,80\n7,2103-05-02,Blood Pressure,120/80",
    )
    return tmp_path


def test_hospital_patient(mimic: Path) -> None:
    found = list(read_cases([mimic]))
    (case,) = (item for item in found if isinstance(item, ClinicalCase))
    errors = [item for item in found if isinstance(item, CaseError)]
    assert (case.case_id, case.sex, case.age_years) == ("mimic-7", "female", 53.0)
    assert [c.id for c in case.conditions] == ["ICD10CM:I10", "ICD10CM:E11.9"]
    assert [c.id for c in case.past_conditions] == ["ICD9CM:410.71"]
    assert [m.id for m in case.medicines] == ["NDC:00093104801", "MIMIC:insulin-human"]
    assert [(m.code, m.value) for m in case.measurements] == [("LOINC:33914-3", 41.0)]
    assert case.diagnoses == ()
    assert [str(e).count("no phenotype") for e in errors] == [
        1,
        1,
    ]  # nothing is known of the others


def test_missing_table_is_one_clear_line(mimic: Path) -> None:
    (mimic / "admissions.csv").unlink()
    (error,) = read_mimic(mimic)
    assert "admissions.csv" in str(error)
    table(mimic / "admissions.csv", "a,b\n1,2")
    (error,) = read_mimic(mimic)
    assert "no column" in str(error)


LABELS = "a._IDRiD_Disease_Grading_Training_Labels.csv"
HEADER = "Image name,Retinopathy grade,Risk of macular edema ,,,\n"


def test_fundus_photographs(tmp_path: Path) -> None:
    table(tmp_path / LABELS, HEADER + "I_1,0,0,,,\nI_2,3,2,,,\nI_3,4,1,,,\nI_4,1,0,,,\n,,,,,")
    for name in ("I_1", "I_2", "I_3"):
        table(tmp_path / "images" / "train" / f"{name}.jpg", "x")
    *cases, error = read_idrid(tmp_path)
    assert [c.diagnoses for c in cases if isinstance(c, ClinicalCase)] == [
        (),
        ("MONDO:0005266", "MONDO:0004728"),
        ("MONDO:0001660",),
    ]
    assert isinstance(error, CaseError)
    assert error.kind == "missing"
    assert read_idrid_grades(tmp_path)["idrid-I_2"] == (3, 2)


def test_bad_grade_is_named(tmp_path: Path) -> None:
    table(tmp_path / LABELS, HEADER + "I_1,7,0,,,")
    (error,) = read_idrid(tmp_path)
    assert "I_1" in str(error)
    with pytest.raises(ValueError, match="I_1"):
        read_idrid_grades(tmp_path)
