"""A hand-checkable toy world for the reasoning tests."""

from collections.abc import Callable

import pytest

from kg.snapshot import GraphSnapshot
from kg.statements import Node, Statement
from kg.vocabulary import NodeType, Predicate
from reasoning.cli import main

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Run:
    """Runs the command line in this process: exit status, standard output, standard error."""
    monkeypatch.setenv("IATROS_CACHE", str(tmp_path_factory.getbasetemp() / "iatros-cache"))
    monkeypatch.setenv("COLUMNS", "200")

    def invoke(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["iatros", *map(str, words)])
        capsys.readouterr()
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return invoke


def say(head: str, predicate: Predicate, tail: str, **more: object) -> Statement:
    return Statement(subject=head, predicate=predicate, object=tail, source="toy", **more)  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def toy_graph() -> GraphSnapshot:
    """A porphyria under its parent, a gene, drugs, a combination, a class, an interaction."""
    nodes = [
        Node(id="MONDO:0000001", type=NodeType.DISEASE, label="porphyria"),
        Node(id="MONDO:0000002", type=NodeType.DISEASE, label="acute porphyria"),
        Node(id="MONDO:0000003", type=NodeType.DISEASE, label="epilepsy"),
        Node(id="HGNC:1", type=NodeType.GENE, label="HMBS"),
        Node(id="DRUGBANK:DB00001", type=NodeType.DRUG, label="hemin"),
        Node(id="DRUGBANK:DB00002", type=NodeType.DRUG, label="phenobarbital"),
        Node(id="DRUGBANK:DB00003", type=NodeType.DRUG, label="givosiran"),
        Node(id="DRUGBANK:DB00004", type=NodeType.DRUG, label="phenobarbital and caffeine"),
        Node(id="DRUGBANK:DB00005", type=NodeType.DRUG, label="primidone"),
        Node(id="ATC:N03AA", type=NodeType.DRUG_CLASS, label="barbiturates"),
    ]
    p = Predicate
    statements = [
        say("MONDO:0000002", p.SUBCLASS_OF, "MONDO:0000001"),
        say("HGNC:1", p.CAUSES, "MONDO:0000002", publications=("PMID:1",)),
        say("DRUGBANK:DB00001", p.TREATS, "MONDO:0000001", publications=("PMID:2",)),
        say("DRUGBANK:DB00003", p.AFFECTS, "HGNC:1"),
        say("DRUGBANK:DB00002", p.TREATS, "MONDO:0000003"),
        say("DRUGBANK:DB00005", p.TREATS, "MONDO:0000003"),
        say("DRUGBANK:DB00002", p.CONTRAINDICATED_IN, "MONDO:0000001", publications=("PMID:3",)),
        say("DRUGBANK:DB00001", p.CONTRAINDICATED_IN, "MONDO:0000003", negated=True),
        say("DRUGBANK:DB00004", p.HAS_PART, "DRUGBANK:DB00002"),
        say("DRUGBANK:DB00002", p.HAS_ROLE, "ATC:N03AA"),
        say("DRUGBANK:DB00005", p.HAS_ROLE, "ATC:N03AA"),
        say(
            "DRUGBANK:DB00003",
            p.INTERACTS_WITH,
            "DRUGBANK:DB00002",
            qualifiers=(("severity", "severe"),),
        ),
    ]
    return GraphSnapshot.from_records(nodes, statements)
