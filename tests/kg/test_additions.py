"""Named graphs that come and go: what stays out, what comes back, and that the RDF agrees."""

import gzip
import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from kg import additions
from kg.addition import read_additions
from kg.additions import (
    AdditionError,
    add_cases,
    add_graphs,
    added_graphs,
    base_snapshot,
    hold_graphs,
    remove_graphs,
)
from kg.build import BuildOptions, build_graph
from kg.columns import SourceRecord
from kg.compile import compile_snapshot
from kg.controls import Controls
from kg.extend import extended
from kg.files import DataFiles
from kg.graph_folder import CASES, SNAPSHOT, open_rdf
from kg.rdf import write_nquads
from kg.snapshot import GraphSnapshot
from kg.statements import Mapping, Node, Statement
from kg.validate import validate
from kg.vocabulary import NodeType, Predicate
from tests.kg.records import MAPPINGS, NODES, SOURCES, STATEMENTS, nodes, statements

RUN = SourceRecord(
    name="mined_1",
    title="A mining run",
    licence="CC0-1.0",
    licence_class="permissive",
    release="2026-01-01",
)
PAPER = "PMID:77"
NEW = Node(id="MESH:C1", type=NodeType.DRUG, label="newamine", synonyms=("NA-1",))


def says(subject: str, object_: str, **more: object) -> Statement:
    facts: dict[str, object] = {
        "predicate": Predicate.TREATS,
        "source": RUN.name,
        "publications": (PAPER,),
        "confidence": 0.7,
        **more,
    }
    return Statement(subject=subject, object=object_, **facts)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("built") / "graph"
    files = DataFiles(mirror=None, cache=out.parent / "none")
    build_graph(
        BuildOptions(out=out, files=files, sources=("demo_treatments",), cases=(), store=True)
    )
    return out


@pytest.fixture
def graph(built: Path, tmp_path: Path) -> Path:
    """A copy that a test may change."""
    import shutil

    return Path(shutil.copytree(built, tmp_path / "graph"))


@pytest.fixture
def ends(built: Path) -> tuple[str, str]:
    """A drug and a disease that the graph knows."""
    snapshot = GraphSnapshot.load(built / SNAPSHOT)
    kinds = (NodeType.DRUG, NodeType.DISEASE)
    drug, disease = (snapshot.node_ids[snapshot.nodes_of(kind)[0]] for kind in kinds)
    return drug, disease


def run_file(
    path: Path,
    *said: Statement,
    run: SourceRecord = RUN,
    more: tuple[Node | Mapping, ...] = (NEW,),
) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_nquads(path, [*more, *(replace(s, source=run.name) for s in said)], sources=[run])
    return path


def digest_of(graph: Path) -> str:
    snapshot = GraphSnapshot.load(graph / SNAPSHOT)
    assert snapshot.compute_digest() == snapshot.digest
    return snapshot.digest


def quads_of(graph: Path) -> set[str]:
    return {str(quad) for quad in open_rdf(graph).quads()}


@settings(max_examples=30, deadline=None)
@given(st.lists(nodes, max_size=4), st.lists(statements, max_size=6))
def test_extending_is_building_with_all_records(some: list[Node], said: list[Statement]) -> None:
    known = {end for s in STATEMENTS for end in (s.subject, s.object)} | {n.id for n in NODES}
    own = [replace(s, source="mined") for s in said]
    touched = {end for s in own for end in (s.subject, s.object)}
    described = [node for node in some if node.id not in known]
    loose = touched - known - {node.id for node in described}
    described += [Node(id=id_, type=NodeType.GENE) for id_ in loose]
    run = replace(RUN, name="mined")
    base = GraphSnapshot.from_records(NODES, STATEMENTS, MAPPINGS, SOURCES)
    added = GraphSnapshot.from_records(described, own, (), [run])
    together = GraphSnapshot.from_records(
        [*NODES, *described], [*STATEMENTS, *own], MAPPINGS, [*SOURCES, run]
    )
    whole = extended(base, added)
    assert whole.compute_digest() == together.digest
    assert [s.id for s in whole.statements()] == [s.id for s in together.statements()]
    assert list(whole.nodes()) == list(together.nodes())


def test_an_added_run_is_in_snapshot_and_rdf_and_leaves_without_a_trace(
    graph: Path, tmp_path: Path, ends: tuple[str, str]
) -> None:
    before, quads = digest_of(graph), quads_of(graph)
    files = sorted(path.name for path in graph.iterdir())
    said = (says(*ends), says(NEW.id, ends[1], negated=True))
    (report,) = add_graphs(graph, [run_file(tmp_path / "m.nq", *said)])
    assert (report.n_read, report.n_kept, report.n_nodes) == (2, 2, 1)
    after = GraphSnapshot.load(graph / SNAPSHOT)
    assert after.digest != before
    assert {s.id for s in said} <= {s.id for s in after.statements()}
    new = after.index(NEW.id)
    assert new is not None
    assert after.node(new).synonyms == ("NA-1",)
    store = open_rdf(graph)
    assert compile_snapshot(store).digest == after.digest
    assert validate(store).n_violations == 0
    assert base_snapshot(graph).digest == before
    del store
    remove_graphs(graph, [RUN.name])
    assert (digest_of(graph), quads_of(graph)) == (before, quads)
    assert sorted(path.name for path in graph.iterdir()) == files


def test_mapped_ids_reach_the_nodes_of_the_graph(
    graph: Path, tmp_path: Path, ends: tuple[str, str]
) -> None:
    disease = Node(id="MESH:D1", type=NodeType.DISEASE, label="a name for it")
    same = Mapping(subject=disease.id, object=ends[1], source=RUN.name)
    file = run_file(tmp_path / "m.nq", says(ends[0], disease.id), more=(disease, same))
    add_graphs(graph, [file])
    snapshot = GraphSnapshot.load(graph / SNAPSHOT)
    (found,) = (s for s in snapshot.statements() if s.source == RUN.name)
    assert (found.object, found.qualifier("original_object")) == (ends[1], disease.id)
    assert snapshot.index(disease.id) is None  # one node per thing, and it keeps its own facts


def test_order_and_repetition_do_not_matter(
    graph: Path, tmp_path: Path, ends: tuple[str, str]
) -> None:
    one = run_file(tmp_path / "1.nq", says(*ends), says(NEW.id, ends[1]))
    two = run_file(
        tmp_path / "2.nq", says(NEW.id, ends[1]), run=replace(RUN, name="https://x.org/run/2")
    )
    add_graphs(graph, [one])
    alone = digest_of(graph)
    add_graphs(graph, [two])
    both, quads = digest_of(graph), quads_of(graph)
    remove_graphs(graph, [RUN.name])
    add_graphs(graph, [one, two])
    assert (digest_of(graph), quads_of(graph)) == (both, quads)
    assert [added.name for added in added_graphs(graph)] == ["https://x.org/run/2", RUN.name]
    assert "https://x.org/run/2" in open_rdf(graph).graphs()
    remove_graphs(graph, ["https://x.org/run/2"])
    assert digest_of(graph) == alone


def test_a_run_that_is_in_is_replaced(graph: Path, tmp_path: Path, ends: tuple[str, str]) -> None:
    add_graphs(graph, [run_file(tmp_path / "m.nq", says(*ends), says(NEW.id, ends[1]))])
    add_graphs(graph, [run_file(tmp_path / "m.nq", says(*ends))])
    snapshot = GraphSnapshot.load(graph / SNAPSHOT)
    assert sum(s.source == RUN.name for s in snapshot.statements()) == 1
    assert compile_snapshot(open_rdf(graph)).digest == snapshot.digest


def test_bad_statements_stay_out_and_are_told(
    graph: Path, tmp_path: Path, ends: tuple[str, str]
) -> None:
    drug, disease = ends
    bad = (
        says(drug, "MESH:NOBODY"),  # nobody says what it is
        says(drug, disease, predicate=Predicate.SUBCLASS_OF),
        says(drug, drug),
    )
    path = run_file(tmp_path / "m.nq", says(drug, disease), *bad, says(NEW.id, disease))
    lines = path.read_text("utf-8").splitlines()
    node = f"<https://w3id.org/iatros/{says(NEW.id, disease).id[7:]}>"
    lines = [
        line
        for line in lines
        if not (line.startswith(node) and "license" in line)  # no licence
    ]
    graph_term = "<https://w3id.org/iatros/source/mined_1>"
    free = "<https://w3id.org/iatros/0123>"
    rdf = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
    biolink = "https://w3id.org/biolink/vocab/"
    lines += [  # an association with a free predicate, no object and a share of 2
        f"{free} <{rdf}type> <{biolink}Association> {graph_term} .",
        f"{free} <{rdf}predicate> <urn:cures> {graph_term} .",
        f'{free} <{biolink}has_quotient> "2"^^<http://www.w3.org/2001/XMLSchema#double> '
        f"{graph_term} .",
        f"<urn:a> <{biolink}treats> <urn:b> {graph_term} .",  # a triple that nobody answers for
    ]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    (report,) = add_graphs(graph, [path])
    assert (report.n_read, report.n_kept) == (6, 1)
    assert report.n_refused == 5
    text = "\n".join(report.lines())
    for word in ("MESH:NOBODY", "is-a statement", "relates a node to itself", "license", "iatros:"):
        assert word in text
    assert "urn:a" not in "".join(quads_of(graph))
    assert validate(open_rdf(graph)).n_violations == 0


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda text: text[: len(text) // 2], "cannot be read as N-Quads"),
        (lambda text: text.replace("mined_1", "demo_treatments"), "is a source of the graph"),
        (lambda text: text.replace("source/mined_1", "cases"), "add their case files"),
        (lambda text: text.replace("2026-01-01", ""), "lacks release"),
        (lambda text: text.replace("void#Dataset", "void#Other"), "lacks"),
        (lambda _: "", "holds no statement"),
        (lambda _: "\x00\xff not RDF at all", "cannot be read"),
    ],
)
def test_a_file_that_is_no_run_is_refused_in_one_line_and_changes_nothing(
    graph: Path, tmp_path: Path, ends: tuple[str, str], change: object, complaint: str
) -> None:
    before = digest_of(graph)
    path = run_file(tmp_path / "m.nq", says(*ends))
    path.write_text(change(path.read_text("utf-8")), "utf-8")  # type: ignore[operator]
    with pytest.raises(AdditionError, match=complaint) as caught:
        add_graphs(graph, [path])
    assert "\n" not in str(caught.value)
    assert digest_of(graph) == before
    assert added_graphs(graph) == ()


def test_a_packed_run_is_read_and_a_cut_one_refused(
    graph: Path, tmp_path: Path, ends: tuple[str, str]
) -> None:
    packed = tmp_path / "m.nq.gz"
    packed.write_bytes(gzip.compress(run_file(tmp_path / "m.nq", says(*ends)).read_bytes()))
    (report,) = add_graphs(graph, [packed])
    assert report.n_kept == 1
    packed.write_bytes(packed.read_bytes()[:-20])
    with pytest.raises(AdditionError, match=r"m\.nq\.gz"):
        add_graphs(graph, [packed])


def test_an_addition_obeys_the_controls_of_the_build(
    built: Path, tmp_path: Path, ends: tuple[str, str]
) -> None:
    base = GraphSnapshot.load(built / SNAPSHOT)
    path = run_file(tmp_path / "m.nq", says(*ends), says(NEW.id, ends[1], publications=("PMID:8",)))
    for controls, kept in (
        (Controls(publications=frozenset({PAPER})), 1),
        (Controls(held_out=frozenset({ends[1]})), 0),
        (Controls(), 2),
    ):
        (addition,) = read_additions(path, base, controls)
        assert len(addition.statements) == kept
        assert addition.report.n_refused == 2 - kept
        controls.save(tmp_path)
        assert Controls.load(tmp_path) == controls
    closed = run_file(
        tmp_path / "c.nq", says(*ends), run=replace(RUN, licence_class="noncommercial")
    )
    with pytest.raises(AdditionError, match="licence-filter"):
        read_additions(closed, base, Controls(licence_filter="permissive"))


def test_a_change_that_was_cut_short_is_finished(
    graph: Path, tmp_path: Path, ends: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = run_file(tmp_path / "m.nq", says(*ends))

    def die(_: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(additions, "settle_store", die)
        with pytest.raises(KeyboardInterrupt):
            add_graphs(graph, [path])
    assert compile_snapshot(open_rdf(graph)).digest == digest_of(graph)
    (only,) = added_graphs(graph)
    assert only.name == RUN.name


def test_a_store_that_is_made_later_has_the_additions(
    tmp_path: Path, ends: tuple[str, str]
) -> None:
    out = tmp_path / "late"
    files = DataFiles(mirror=None, cache=tmp_path / "none")
    build_graph(
        BuildOptions(out=out, files=files, sources=("demo_treatments",), cases=(), store=False)
    )
    add_graphs(out, [run_file(tmp_path / "m.nq", says(*ends))])
    assert compile_snapshot(open_rdf(out)).digest == digest_of(out)


def test_patients_come_and_go_without_touching_knowledge(graph: Path, tmp_path: Path) -> None:
    rows = [{"case_id": f"p{i}", "phenotypes": [{"term": "HP:0001250"}]} for i in range(3)]
    rows[2]["publications"] = [PAPER]
    path = tmp_path / "c.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in [*rows, rows[0]]) + "\nno json\n")
    before, quads, cases = digest_of(graph), quads_of(graph), (graph / CASES).read_bytes()
    Controls(publications=frozenset({PAPER})).save(graph)
    report = add_cases(graph, [path], name="ward-7")
    assert (report.n_kept, report.n_refused) == (2, 3)
    assert digest_of(graph) == before
    assert len((graph / CASES).read_text().splitlines()) == 2
    assert "https://w3id.org/iatros/cases/ward-7" in open_rdf(graph).graphs()
    assert compile_snapshot(open_rdf(graph)).digest == before
    assert validate(open_rdf(graph)).n_violations == 0
    with pytest.raises(AdditionError, match="population of builds"):
        add_cases(graph, [path], name="phenopacket_store")
    with pytest.raises(AdditionError, match=r"no case to add .*, the first: "):
        add_cases(graph, [path], name="ward-8")
    remove_graphs(graph, ["cases/ward-7"])
    assert (quads_of(graph), (graph / CASES).read_bytes()) == (quads, cases)


def test_a_build_holds_just_the_literature_it_was_given(
    graph: Path, tmp_path: Path, ends: tuple[str, str]
) -> None:
    before = digest_of(graph)
    path = run_file(tmp_path / "m.nq", says(*ends))
    assert [report.n_kept for report in hold_graphs(graph, [path])] == [1]
    assert hold_graphs(graph, [path]) == []  # the same bytes are not read again
    lines: list[str] = []
    hold_graphs(graph, [], lines.append)
    assert digest_of(graph) == before
    assert lines == ["warning: no longer asked for, taken out: mined_1"]
    with pytest.raises(AdditionError, match="no such file"):
        hold_graphs(graph, [tmp_path / "none.nq"])


def test_the_command_adds_lists_and_removes(
    graph: Path, tmp_path: Path, ends: tuple[str, str]
) -> None:
    from reasoning.cli import app

    before = digest_of(graph)
    path = run_file(tmp_path / "m.nq", says(*ends))
    added = CliRunner().invoke(app, ["update", str(graph), "--add", str(path)])
    assert added.exit_code == 0, added.output
    assert added.stdout == f"mined_1\tstatements\t1\t{path}\n"
    removed = CliRunner().invoke(app, ["update", str(graph), "--remove", "mined_1"])
    assert (removed.exit_code, removed.stdout, digest_of(graph)) == (0, "", before)
    wrong = CliRunner().invoke(app, ["update", str(graph), "--remove", "mined_1"])
    assert "no added graph of this name" in str(wrong.exception)
