"""The mirror's knowledge reaches the diagnoses, conditions and medicines of its patients."""

import json
import zipfile
from collections import Counter
from pathlib import Path

import pytest

from kg.build import BuildOptions, BuildResult, build_graph
from kg.case import ClinicalCase, CodedItem
from kg.cases import read_cases
from kg.files import DataFiles
from kg.lookup import CodeLookup
from kg.vocabulary import NodeType

READ = (
    *("hpo", "hpo_annotations", "hpo_genes", "mondo", "disease_catalogue", "gene_bridge"),
    *("disease_ontology", "biomappings", "icd", "drugbank", "everycure_drugs", "atc", "drug_names"),
)

pytestmark = [pytest.mark.mirror, pytest.mark.slow]


@pytest.fixture(scope="module")
def built(mirror: Path, tmp_path_factory: pytest.TempPathFactory) -> BuildResult:
    return build_graph(
        BuildOptions(
            out=tmp_path_factory.mktemp("real") / "graph",
            files=DataFiles(mirror=mirror),
            sources=READ,
            cases=(),
            store=False,
        )
    )


@pytest.fixture(scope="module")
def diagnoses(mirror: Path) -> Counter[str]:
    found: Counter[str] = Counter()
    with zipfile.ZipFile(mirror / "phenopacket-store" / "all_phenopackets.zip") as archive:
        for name in archive.namelist():
            if name.endswith(".json"):
                packet = json.loads(archive.read(name))
                found.update(
                    {i["diagnosis"]["disease"]["id"] for i in packet.get("interpretations", [])}
                )
    return found


def test_at_least_98_percent_of_the_patients_have_a_known_diagnosis(
    built: BuildResult, diagnoses: Counter[str]
) -> None:
    graph = built.snapshot
    reached = 0
    for disease, n_patients in diagnoses.items():
        index = graph.index(disease)
        if index is not None:
            assert graph.node(index).type is NodeType.DISEASE
            reached += n_patients
    assert reached >= 0.98 * diagnoses.total()


def test_no_identifier_belongs_to_two_nodes(built: BuildResult) -> None:
    graph = built.snapshot
    owners: Counter[str] = Counter()
    for index in range(graph.n_nodes):
        node = graph.node(index)
        owners.update({node.id, *node.xrefs})
        omim = [c for c in (node.id, *node.xrefs) if c.startswith("OMIM:")]
        assert len(omim) <= 1, f"{node.id} holds {omim}"
    assert max(owners.values()) == 1


@pytest.mark.parametrize(
    ("folder", "least"),
    [("fhir_synthea", 1.0), ("mimic_iv_demo", 0.98)],
)
def test_medicines_of_records_are_found(
    built: BuildResult, mirror: Path, folder: str, least: float
) -> None:
    lookup = CodeLookup(built.snapshot)
    items: dict[str, CodedItem] = {}
    for case in read_cases([mirror / folder]):
        if isinstance(case, ClinicalCase):
            items |= {item.id: item for item in case.medicines}
    found = [lookup.medicine(item) for item in items.values()]
    assert sum(f is not None for f in found) >= least * len(found)
    assert not any(built.snapshot.index(code) is not None for code in items), "found for a reason"


def test_billing_codes_of_diseases_are_found(built: BuildResult, mirror: Path) -> None:
    lookup = CodeLookup(built.snapshot)
    codes: dict[str, CodedItem] = {}
    for case in read_cases([mirror / "mimic_iv_demo"]):
        if isinstance(case, ClinicalCase):
            items = (*case.conditions, *case.past_conditions)
            codes |= {item.id: item for item in items if _is_disease(item.id)}
    found = [lookup.condition(item) for item in codes.values()]
    assert sum(f is not None for f in found) >= 0.98 * len(found)
    ids = built.snapshot.node_ids
    named = sum(any(not ids[n].startswith("ICD") for n in f.nodes) for f in found if f)
    assert named >= 0.55 * len(found), "beyond the code itself"


def _is_disease(code: str) -> bool:
    """Neither an injury, nor an outside cause, nor a contact with health care."""
    prefix, _, local = code.partition(":")
    if prefix == "ICD10CM":
        return local[0] in "ABCDEFGHIJKLMNOPQRU"
    return local[0].isdigit() and float(local) < 800
