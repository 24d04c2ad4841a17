"""Mapping files: foreign names get a meaning, mistakes are named, and a build reads the graph."""

from pathlib import Path

import pytest

from kg.build import BuildError, BuildOptions, build_graph
from kg.compile import compile_snapshot
from kg.files import DataFiles
from kg.foreign import MappingError, rdf_sources, read_mapping
from kg.graph_folder import open_rdf
from kg.sources import DropReport
from kg.validate import validate
from kg.vocabulary import NodeType, Predicate

THEIRS = """
@prefix x: <https://example.org/> .
@prefix v: <https://example.org/vocab#> .
x:gout a v:Illness ; v:name "Gout" ; v:alias "podagra" ; v:see <https://example.org/omim/138900> .
x:colchicine a v:Pill ; v:name "Colchicine" ; v:helps x:gout ; v:note "bitter" .
x:redness v:seenIn x:gout .
x:aspirin v:neverFor x:gout ; a v:Pill .
x:attic a v:Room .
[] v:from x:colchicine ; v:says v:helps ; v:to x:gout ; v:paper "PMID:7" ; v:how "symptomatic" .
"""
MAPPING = """
[source]
name = "my_clinic"
title = "The graph of my clinic"
licence = "CC0-1.0"
licence_class = "permissive"
release = "2026-01"

[prefixes]
v = "https://example.org/vocab#"

[identifiers]
"https://example.org/omim/" = "OMIM"

[classes]
"v:Illness" = "Disease"
"v:Pill" = "biolink:Drug"
"v:Room" = ""

[predicates]
"v:helps" = "treats"
"v:seenIn" = {predicate = "has_phenotype", inverse = true}
"v:neverFor" = {predicate = "treats", negated = true}

[properties]
label = "v:name"
synonym = ["v:alias"]
exactMatch = "v:see"
subject = "v:from"
predicate = "v:says"
object = "v:to"
publications = "v:paper"
kind = "v:how"
"""


@pytest.fixture
def theirs(tmp_path: Path) -> tuple[Path, Path]:
    graph, mapping = tmp_path / "clinic.ttl", tmp_path / "mapping.toml"
    graph.write_text(THEIRS)
    mapping.write_text(MAPPING)
    return graph, mapping


def test_a_build_of_somebody_elses_graph(theirs: tuple[Path, Path], tmp_path: Path) -> None:
    graph_file, mapping = theirs
    guests = rdf_sources([str(graph_file)], mapping=read_mapping(mapping), cache=tmp_path)
    options = BuildOptions(out=tmp_path / "out", profile=None, guests=guests)
    built = build_graph(options)
    graph = built.snapshot
    gout = graph.index("OMIM:138900")
    assert gout is not None
    assert (graph.node(gout).label, graph.node(gout).type) == ("Gout", NodeType.DISEASE)
    assert "podagra" in graph.node(gout).synonyms
    (row,) = graph.edges(Predicate.TREATS).rows
    found = graph.statement(int(row))
    assert (found.subject, found.source) == ("https://example.org/colchicine", "my_clinic")
    assert (found.publications, found.qualifier("kind")) == (("PMID:7",), "symptomatic")
    (row,) = graph.edges(Predicate.HAS_PHENOTYPE).rows
    assert graph.statement(int(row)).object == "https://example.org/redness"
    (row,) = graph.edges(Predicate.TREATS, negated=True).rows
    assert graph.statement(int(row)).subject == "https://example.org/aspirin"
    assert graph.index("https://example.org/attic") is None
    assert built.report.drops["my_clinic"].dropped == {"property that the mapping does not name": 1}
    store = open_rdf(built.out)
    assert "https://w3id.org/iatros/source/my_clinic" in store.graphs()
    assert compile_snapshot(store).digest == graph.digest
    assert validate(store).n_violations == 0


def test_what_iatros_wrote_is_read_back(theirs: tuple[Path, Path], tmp_path: Path) -> None:
    graph_file, mapping = theirs
    guests = rdf_sources([str(graph_file)], mapping=read_mapping(mapping), cache=tmp_path)
    built = build_graph(BuildOptions(out=tmp_path / "out", profile=None, guests=guests)).snapshot
    built.to_nquads(tmp_path / "own.nq")
    (again,) = rdf_sources([str(tmp_path / "own.nq")], cache=tmp_path)
    report = DropReport()
    list(again.read(DataFiles(), report))
    graph = build_graph(BuildOptions(out=tmp_path / "two", profile=None, guests=(again,))).snapshot
    assert (graph.node_ids, graph.labels) == (built.node_ids, built.labels)
    for row in range(graph.n_edges):
        ours, theirs_ = graph.statement(row), built.statement(row)
        assert (ours.subject, ours.predicate, ours.object, ours.negated, ours.publications) == (
            theirs_.subject,
            theirs_.predicate,
            theirs_.object,
            theirs_.negated,
            theirs_.publications,
        )
        assert ours.qualifier("stated_by") == "my_clinic"


def test_a_broken_file_ends_the_build_with_one_line(tmp_path: Path) -> None:
    path = tmp_path / "broken.ttl"
    path.write_text("<urn:a> <urn:b> .")
    guests = rdf_sources([str(path)], cache=tmp_path)
    with pytest.raises(BuildError, match=r"source broken: .*broken\.ttl: cannot be read as Turtle"):
        build_graph(BuildOptions(out=tmp_path / "out", profile=None, guests=guests))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[clases]", r"section \[clases\] is unknown; did you mean classes\?"),
        ("source = 1", "write it as a section"),
        ('[source]\nlicense = "x"', r"source\.license is unknown; did you mean licence\?"),
        ('[classes]\n"biolink:X" = "Desease"', r"no node type; did you mean Disease\?"),
        ('[predicates]\n"biolink:x" = "treat"', r"no relation; did you mean treats\?"),
        ('[predicates]\n"biolink:x" = {predicate = "treats", inverted = true}', "write"),
        ('[predicates]\n"nowhere:x" = "treats"', "with a prefix of"),
        ('[properties]\nlable = "rdfs:label"', r"did you mean label\?"),
        ("no toml", "cannot be read as TOML"),
    ],
)
def test_mistakes_are_named(text: str, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "mapping.toml"
    path.write_text(text)
    with pytest.raises(MappingError, match=reason) as caught:
        read_mapping(path)
    assert str(path) in str(caught.value)


def test_two_files_become_two_sources(theirs: tuple[Path, Path], tmp_path: Path) -> None:
    graph_file, mapping = theirs
    other = tmp_path / "other" / "clinic.ttl"
    other.parent.mkdir()
    other.write_text(THEIRS)
    meaning = read_mapping(mapping)
    places = [str(graph_file), str(other)]
    names = [s.facts.name for s in rdf_sources(places, mapping=meaning, cache=tmp_path)]
    assert names == ["my_clinic_clinic", "my_clinic_clinic_2"]
