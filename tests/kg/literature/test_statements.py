"""Mined statements: resolve to their places, become valid RDF, add up by paper."""

import itertools
import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.compile import compile_snapshot
from kg.literature.belief import beliefs, conflicts
from kg.literature.dictionary import Dictionary, Name
from kg.literature.document import AnnotatedDocument, Document, Span
from kg.literature.miner import MinedStatement, Miner
from kg.literature.readers import read_annotated
from kg.literature.rules import CueMiner
from kg.literature.statements import MiningRun, from_statement, resolves, to_statement
from kg.rdf import write_nquads
from kg.store import GraphStore
from kg.validate import validate
from kg.vocabulary import Predicate
from tests.kg.literature.papers import NODES, PAPERS, full_text, toy_dictionary

RUN = MiningRun(name="run-1", model="iatros-cues", version="1")

places = st.none() | st.tuples(st.integers(0, 999), st.integers(1, 99)).map(
    lambda p: Span(start=p[0], end=p[0] + p[1])
)


@st.composite
def mined(draw: st.DrawFn) -> MinedStatement:
    evidence = draw(places)
    return MinedStatement(
        subject=draw(st.sampled_from(["DRUGBANK:DB1", "HGNC:5"])),
        predicate=draw(st.sampled_from([Predicate.TREATS, Predicate.HAS_ADVERSE_EVENT])),
        object=draw(st.sampled_from(["MONDO:1", "HP:2"])),
        document=draw(st.text(min_size=1, max_size=9)),
        publication=draw(st.sampled_from(["PMID:1", "PMID:2", "PMCID:PMC3", "DOI:10.1000/a"])),
        section=draw(st.sampled_from(["abstract", "title"])),
        evidence=evidence,
        subject_span=draw(places),
        object_span=draw(places),
        sentence_sha256="" if evidence is None else "a" * 64,
        confidence=draw(st.floats(0, 1)),
        negated=draw(st.booleans()),
        hedged=draw(st.booleans()),
        direction=draw(st.sampled_from([None, "increases", "decreases"])),
        species=draw(st.sampled_from([None, "NCBITAXON:9606"])),
        study_type=draw(st.sampled_from([None, "review", "animal"])),
        sentence=draw(st.none() | st.text(min_size=1, max_size=30)),
        model="m",
        version="1",
    )


@given(mined())
def test_a_mined_statement_goes_into_the_graph_and_back(said: MinedStatement) -> None:
    assert from_statement(to_statement(said, "run-1")) == said


def test_the_cue_miner_is_a_miner_and_reads_what_is_there() -> None:
    miner = CueMiner(toy_dictionary())
    assert isinstance(miner, Miner)
    said = {
        (s.subject, s.predicate.value, s.object, s.negated, s.hedged) for s in miner.mine(PAPERS)
    }
    assert {
        ("DRUGBANK:DB00313", "has_adverse_event", "HP:0001337", False, False),
        ("DRUGBANK:DB00313", "treats", "MONDO:0005027", False, False),
        ("DRUGBANK:DB00313", "has_adverse_event", "HP:0001337", False, True),
        ("DRUGBANK:DB00555", "has_adverse_event", "HP:0001337", True, False),
        ("HGNC:10585", "gene_associated_with_condition", "MONDO:0100135", False, False),
        ("DRUGBANK:DB00555", "treats", "MONDO:0005027", False, False),
    } <= said
    assert ("DRUGBANK:DB00555", "has_adverse_event", "HP:0001337", False, False) not in said


def test_every_statement_resolves_to_its_places() -> None:
    papers = {p.id: p for p in (*PAPERS, full_text(40))}
    found = list(CueMiner(toy_dictionary()).mine(papers.values()))
    assert len(found) > 100
    assert all(resolves(s, papers[s.document]) for s in found)
    moved = Document.of_abstract("101", title="x" + PAPERS[0].text, pmid="PMID:101")
    assert not any(resolves(s, moved) for s in found if s.document == "101")


def test_sentences_are_kept_only_where_the_licence_allows() -> None:
    found = list(CueMiner(toy_dictionary()).mine(PAPERS))
    assert all((s.sentence is not None) == (s.document == "101") for s in found)


@settings(max_examples=20)
@given(st.permutations(range(6)))
def test_order_of_papers_does_not_change_what_each_says(order: list[int]) -> None:
    papers = [
        Document.of_abstract(str(i), title=PAPERS[0].text, pmid=f"PMID:{i + 1}") for i in range(6)
    ]
    miner = CueMiner(toy_dictionary())
    alone = {p.id: list(miner.mine([p])) for p in papers}
    together = list(miner.mine([papers[i] for i in order]))
    assert together == list(itertools.chain.from_iterable(alone[str(i)] for i in order))


def test_rdf_of_a_run_has_no_violation_and_comes_back(tmp_path: Path) -> None:
    said = list(CueMiner(toy_dictionary()).mine(PAPERS))
    statements = [to_statement(s, RUN.name) for s in said]
    path = tmp_path / "run.nq"
    write_nquads(path, [*NODES, *statements], sources=[RUN.facts])
    store = GraphStore(tmp_path / "store")
    store.bulk_load([path])
    report = validate(store)
    assert report.n_violations == 0, list(report.lines())
    graph = compile_snapshot(store)
    back = {from_statement(s) for s in graph.statements()}
    assert back == set(said)


def test_shapes_refuse_a_mined_statement_without_a_paper(tmp_path: Path) -> None:
    said = next(CueMiner(toy_dictionary()).mine(PAPERS))
    statement = to_statement(said, RUN.name)
    path = tmp_path / "run.nq"
    write_nquads(path, [*NODES, statement], sources=[RUN.facts])
    lines = [line for line in path.read_text().splitlines() if "publications" not in line]
    path.write_text("\n".join(lines) + "\n")
    store = GraphStore(tmp_path / "store")
    store.bulk_load([path])
    assert {key[1] for key in validate(store).counts if key[0] == "Violation"} == {"Mined"}


def brute_force(said: list[MinedStatement], negated: bool) -> float:
    papers = {s.publication for s in said if s.negated is negated}
    doubts = [
        1 - max(s.confidence for s in said if s.publication == p and s.negated is negated)
        for p in papers
    ]
    return 1 - math.prod(doubts)


@settings(max_examples=40)
@given(st.lists(mined(), max_size=8))
def test_a_paper_counts_once(said: list[MinedStatement]) -> None:
    for belief in beliefs(said + said):
        same = [
            s
            for s in said
            if (s.subject, s.predicate, s.object)
            == (belief.subject, belief.predicate, belief.object)
        ]
        assert belief.support == pytest.approx(brute_force(same, False))
        assert belief.denial == pytest.approx(brute_force(same, True))
        assert 0 <= belief.net <= belief.support <= 1


def test_conflicts_are_kept_on_both_sides() -> None:
    said = [s for s in CueMiner(toy_dictionary()).mine(PAPERS) if s.confidence > 0.5]
    denied = [
        from_statement(to_statement(s, "r")).__class__(
            **{f: getattr(s, f) for f in s.__dataclass_fields__} | {"negated": True}
        )
        for s in said[:1]
    ]
    found = list(conflicts(beliefs([*said, *denied])))
    assert any(c.first == c.second and c.first.denying for c in found)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("subject", "no curie", "subject"),
        ("publication", "X:1", "PMID"),
        ("confidence", 1.5, "confidence"),
        ("sentence_sha256", "abc", "sentence_sha256"),
        ("model", "", "model"),
    ],
)
def test_a_bad_statement_names_its_field(field: str, value: object, message: str) -> None:
    good = next(CueMiner(toy_dictionary()).mine(PAPERS))
    fields = {f: getattr(good, f) for f in good.__dataclass_fields__} | {field: value}
    with pytest.raises(ValueError, match=message):
        MinedStatement(**fields)


@pytest.mark.mirror
def test_every_statement_of_a_corpus_resolves(mirror: Path) -> None:
    found = list(read_annotated(mirror / "bc5cdr" / "CDR_DevelopmentSet.PubTator.txt"))
    gold = [item for item in found if isinstance(item, AnnotatedDocument)]
    papers = {item.document.id: item.document for item in gold}
    names = {(m.text, m.type, m.ids[0]) for item in gold for m in item.mentions if m.ids}
    book = Dictionary(Name(text=text, type=kind, id=id_) for text, kind, id_ in sorted(names))
    said = list(CueMiner(book).mine(papers.values()))
    assert len(said) > 1000
    assert all(resolves(s, papers[s.document]) for s in said)
