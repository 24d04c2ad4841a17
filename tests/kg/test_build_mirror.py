"""The mirror's knowledge reaches the diagnoses of its patients, each at exactly one node."""

import json
import zipfile
from collections import Counter
from pathlib import Path

import pytest

from kg.build import BuildOptions, BuildResult, build_graph
from kg.files import DataFiles
from kg.vocabulary import NodeType

DISEASE_SOURCES = (
    *("hpo", "hpo_annotations", "hpo_genes", "mondo", "disease_catalogue", "gene_bridge"),
    *("disease_ontology", "biomappings"),
)

pytestmark = [pytest.mark.mirror, pytest.mark.slow]


@pytest.fixture(scope="module")
def built(mirror: Path, tmp_path_factory: pytest.TempPathFactory) -> BuildResult:
    return build_graph(
        BuildOptions(
            out=tmp_path_factory.mktemp("real") / "graph",
            files=DataFiles(mirror=mirror),
            sources=DISEASE_SOURCES,
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
