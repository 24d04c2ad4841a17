"""Readers: every format gives the same papers, and nothing that is wrong stops the others."""

import gzip
import io
import os
import random
import tarfile
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.literature.document import AnnotatedDocument, Document, EntityType, Relation
from kg.literature.readers import (
    FORMATS,
    DocumentError,
    document_to_json,
    read_annotated,
    read_documents,
    read_stream,
)
from tests.kg.literature.papers import (
    ABSTRACT,
    BOMB,
    OTHER,
    PAPERS,
    SEEDS,
    TITLE,
    bioc_xml,
    json_lines,
    mutated,
    pubmed,
    pubtator,
)


def read(
    folder: Path, name: str, data: bytes
) -> tuple[list[AnnotatedDocument], list[DocumentError]]:
    path = folder / name
    path.write_bytes(data)
    found = list(read_annotated(path))
    return (
        [item for item in found if isinstance(item, AnnotatedDocument)],
        [item for item in found if isinstance(item, DocumentError)],
    )


def test_every_format_has_a_seed() -> None:
    assert tuple(SEEDS) == FORMATS


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("packed", ["plain", "gzip", "zip", "tar"])
def test_every_format_gives_the_same_papers(tmp_path: Path, name: str, packed: str) -> None:
    file, make = SEEDS[name]
    data = make()
    if packed == "gzip":
        file, data = f"{file}.gz", gzip.compress(data)
    elif packed == "zip":
        whole = io.BytesIO()
        with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(f"a/{file}", data)
        file, data = "papers.zip", whole.getvalue()
    elif packed == "tar":
        whole = io.BytesIO()
        with tarfile.open(fileobj=whole, mode="w:gz") as tar:
            member = tarfile.TarInfo(f"a/{file}")
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
        file, data = "papers.tar.gz", whole.getvalue()
    papers, errors = read(tmp_path, file, data)
    assert not errors
    assert [p.document.pmid for p in papers] == ["PMID:101", "PMID:102"][: len(papers)]
    first = papers[0].document
    assert first.text.startswith(f"{TITLE}\n{ABSTRACT}")
    assert first.sections[1].offset == len(TITLE) + 1
    if name != "plain text":
        assert papers[1].document.text.startswith(OTHER)
    for paper in papers:
        for section in paper.document.sections:
            assert paper.document.text[section.offset : section.end] == section.text


def test_annotations_and_relations_of_pubtator(tmp_path: Path) -> None:
    (first, second), _ = read(tmp_path, "a.pubtator", pubtator())
    name = first.mentions[0]
    assert (name.text, name.type, name.ids) == ("Valproate", EntityType.CHEMICAL, ("MESH:D014635",))
    assert first.relations == (Relation(kind="CID", subject="MESH:D014635", object="MESH:D014202"),)
    assert second.mentions[0].ids == ()  # -1: in no catalogue


def test_metadata_of_pubmed(tmp_path: Path) -> None:
    (first, _), _ = read(tmp_path, "a.xml", pubmed())
    paper = first.document
    assert (paper.doi, paper.pmcid, paper.year) == ("DOI:10.1000/xyz1", "PMCID:PMC13900", 1999)
    assert paper.publication_types == ("Case Reports",)
    assert paper.sections[1].kind == "results"


def test_jats_knows_licence_and_sections_and_leaves_references_out(tmp_path: Path) -> None:
    (first, _), _ = read(tmp_path, "a.nxml", SEEDS["JATS XML"][1]())
    assert first.document.licence == "CC-BY"
    assert first.document.sections[-1].kind == "methods"
    assert first.document.sections[-1].text == "We gave valproate ."


def test_moved_annotation_is_found_again_and_told(tmp_path: Path) -> None:
    (first, _), errors = read(tmp_path, "a.pubtator", pubtator().replace(b"\t18\t24", b"\t21\t27"))
    assert [m.start for m in first.mentions] == [0, 18, 28]
    assert [e.kind for e in errors] == ["offset"]
    assert errors[0].severity == "warning"


def test_bioc_offsets_in_bytes_do_not_break_the_document(tmp_path: Path) -> None:
    data = bioc_xml().replace(b"<offset>38<", b"<offset>438<")
    (first, _), _ = read(tmp_path, "a.xml", data)
    assert first.document.text.startswith(f"{TITLE}\n{ABSTRACT}")


@pytest.mark.parametrize("name", ["PubMed XML", "JATS XML", "BioC XML"])
def test_entity_declarations_are_refused(tmp_path: Path, name: str) -> None:
    file, make = SEEDS[name]
    data = make()
    body = data[data.find(b"?>") + 2 :] if data.startswith(b"<?xml") else data
    body = body[body.find(b"<PubmedArticleSet") :] if b"<PubmedArticleSet" in body else body
    papers, errors = read(tmp_path, file, BOMB + body.replace(b"epilepsy", b"&j;"))
    assert not papers
    assert [e.kind for e in errors] == ["unsafe"]
    assert "entities" in str(errors[0])


def test_external_entity_is_not_fetched(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("SECRET")
    data = f'<!DOCTYPE collection [<!ENTITY s SYSTEM "{secret.as_uri()}">]>'.encode()
    papers, errors = read(tmp_path, "a.xml", data + bioc_xml().partition(b"?>")[2])
    assert not papers
    assert errors[0].kind == "unsafe"


def test_gigantic_line_is_passed_over_and_the_next_one_read(tmp_path: Path) -> None:
    first, second = json_lines().splitlines(keepends=True)
    data = first + b'{"id":"x","title":"' + b"x" * (9 << 20) + b'"}\n' + second
    tracemalloc.start()
    papers, errors = read(tmp_path, "a.jsonl", data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [p.document.id for p in papers] == ["101", "102"]
    assert [(e.kind, e.where[-2:]) for e in errors] == [("unsafe", ":2")]
    assert peak < 100 << 20


def test_wrong_encoding_is_read_and_told(tmp_path: Path) -> None:
    papers, errors = read(tmp_path, "a.pubtator", pubtator().replace(b"tremor in", b"tr\xe9mor in"))
    assert papers[0].document.text[18:24] == "trémor"
    assert "encoding" in [e.kind for e in errors]


def test_broken_xml_gives_what_stands_before(tmp_path: Path) -> None:
    data = pubmed()
    papers, errors = read(tmp_path, "a.xml", data[: data.rfind(b"<PMID>102") + 5])
    assert [p.document.id for p in papers] == ["101"]
    assert errors[0].kind == "syntax"


def test_missing_ids_are_named(tmp_path: Path) -> None:
    papers, errors = read(tmp_path, "a.xml", pubmed().replace(b"<PMID>102</PMID>", b""))
    assert [p.document.id for p in papers] == ["101"]
    assert errors[0].kind == "identifier"


def test_a_paper_given_twice_counts_once(tmp_path: Path) -> None:
    papers, errors = read(tmp_path, "a.jsonl", json_lines() + json_lines())
    assert len(papers) == 2
    assert [e.kind for e in errors] == ["duplicate", "duplicate"]


def test_members_that_leave_the_archive_are_not_read(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../a.jsonl", json_lines())
        archive.writestr("b.jsonl", json_lines())
    found = list(read_documents(path))
    assert sum(isinstance(item, Document) for item in found) == 2
    assert any(isinstance(item, DocumentError) and item.kind == "unsafe" for item in found)


def test_a_missing_path_is_one_line(tmp_path: Path) -> None:
    (error,) = read_documents(tmp_path / "none.xml")
    assert isinstance(error, DocumentError)
    assert "\n" not in str(error)


words = st.text(max_size=60)


@given(title=words.filter(lambda t: bool(t.strip())), abstract=words, licence=words)
def test_a_document_goes_to_json_and_back(title: str, abstract: str, licence: str) -> None:
    paper = Document.of_abstract(
        "7", title=title, abstract=abstract, pmid="PMID:7", licence=licence
    )
    line = document_to_json(paper).encode()
    (found,) = read_stream(io.BytesIO(line), "x", "a.jsonl")
    assert isinstance(found, AnnotatedDocument)
    assert found.document == paper
    assert found.document.text == paper.text


@pytest.mark.slow
def test_mutated_files_never_raise(tmp_path: Path) -> None:
    n_files = int(os.environ.get("IATROS_FUZZ_FILES", "100"))
    seeds = list(SEEDS.values())
    for number in range(n_files):
        rng = random.Random(number)
        name, make = seeds[number % len(seeds)]
        file, data = mutated(make(), name, rng)
        papers, errors = read(tmp_path, file, data)
        assert papers or errors, f"file {number} gave neither a paper nor a reason"
        assert all(len(str(e)) <= 600 and str(e).isprintable() for e in errors)
        assert len(papers) <= 100


@pytest.mark.mirror
def test_corpora_have_their_published_counts(mirror: Path) -> None:
    counts = {
        "bc5cdr/CDR_DevelopmentSet.PubTator.txt": (500, 9591, 1012),
        "biored/Dev.PubTator": (100, 3533, 1162),
        "ncbi_disease/NCBIdevelopset_corpus.txt": (100, 787, 0),
    }
    for name, expected in counts.items():
        found = [i for i in read_annotated(mirror / name) if isinstance(i, AnnotatedDocument)]
        n_mentions = sum(len(item.mentions) for item in found)
        n_relations = sum(len(item.relations) for item in found)
        assert (len(found), n_mentions, n_relations) == expected
    assert PAPERS
