"""A miner is trained on a toy corpus, kept on disk, and reads."""

import json
from functools import partial
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file

from fusion.literature import (
    GoldError,
    MinerFolderError,
    MinerSettings,
    SettingsError,
    TrainedMiner,
    document_keys,
    gold_documents,
    load_miner,
    read_gold,
    read_manifest,
    train_miner,
)
from fusion.literature.name_shapes import NameShapes
from kg.identifiers import prefix_of
from kg.literature import Document, EntityType, Miner, sentence_digest
from kg.literature.endpoints import Endpoints
from kg.literature.mining import Plug, mine_files
from kg.literature.statements import MiningRun, from_statement, to_statement
from tests.encoders.tiny import make_bert
from tests.fusion.literature.toy import toy_graph, write_gold

FAST = MinerSettings(encoder="none", epochs_without_encoder=12, batch_words=64, head_rate=5e-3)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A miner of the toy corpus."""
    place = tmp_path_factory.mktemp("miner")
    train_miner([write_gold(place / "gold.txt")], place / "out", graph=toy_graph(), settings=FAST)
    return place / "out"


@pytest.fixture(scope="module")
def miner(folder: Path) -> TrainedMiner:
    return load_miner(folder, toy_graph())


@pytest.fixture
def papers(tmp_path: Path) -> list[Document]:
    return [d.document for d in gold_documents(write_gold(tmp_path / "new.txt", 6, first=40))]


def test_it_finds_links_and_relates_in_new_documents(
    miner: TrainedMiner, tmp_path: Path, papers: list[Document]
) -> None:
    gold = gold_documents(write_gold(tmp_path / "gold.txt", 6, first=40))
    for read, wanted in zip(miner.annotate(papers), gold, strict=True):
        assert [(m.start, m.end, m.ids) for m in read.mentions] == [
            (m.start, m.end, m.ids) for m in wanted.mentions
        ]
        assert {(r.subject, r.object) for r in wanted.relations} <= {
            (r.subject, r.object) for r in read.relations
        }


def test_statements_resolve_to_their_offsets_and_survive_rdf_form(
    miner: TrainedMiner, papers: list[Document]
) -> None:
    assert isinstance(miner, Miner)
    by_id = {paper.id: paper for paper in papers}
    statements = list(miner.mine(papers))
    assert statements
    for mined in statements:
        text = by_id[mined.document].text
        assert mined.evidence is not None
        assert mined.subject_span is not None
        assert mined.object_span is not None
        sentence = text[mined.evidence.start : mined.evidence.end]
        assert sentence_digest(sentence) == mined.sentence_sha256
        assert mined.evidence.contains(mined.subject_span)
        assert mined.evidence.contains(mined.object_span)
        assert prefix_of(mined.publication) == "PMID"
        assert from_statement(to_statement(mined, "run")) == mined


def test_a_document_says_the_same_alone_and_among_others(
    miner: TrainedMiner, papers: list[Document]
) -> None:
    together = list(miner.mine(papers))
    alone = list(chain.from_iterable(miner.mine([paper]) for paper in papers))
    assert alone == together


def test_odd_documents_are_read(miner: TrainedMiner) -> None:
    texts = (
        "",
        " ",
        "\x00",
        "a" * 5000,
        "lithium " * 400,
        "()[]<>%",
        "é\u202e lithium\U0001f600 tremor",
    )
    papers = [
        Document.of_abstract(str(n), title=text, pmid=f"PMID:{n + 1}")
        for n, text in enumerate(texts)
    ]
    assert len(list(miner.annotate(papers))) == len(papers)


def test_the_folder_is_a_manifest_and_no_pickle(folder: Path) -> None:
    manifest = read_manifest(folder)
    assert manifest.heads == ((EntityType.DISEASE, EntityType.CHEMICAL),)
    assert manifest.namespaces[EntityType.CHEMICAL] == ("MESH",)
    assert {path.suffix for path in folder.iterdir()} <= {".json", ".safetensors", ".arrow", ".txt"}
    assert not (folder / "checkpoints").exists()


def test_letters_mean_the_same_after_the_disk(tmp_path: Path) -> None:
    shapes = NameShapes(np.arange(4.0 * 65537).reshape(4, 65537).T / 1e5)  # columns first
    save_file({"weights": shapes.weights}, str(tmp_path / "shapes.safetensors"))
    again = NameShapes(load_file(str(tmp_path / "shapes.safetensors"))["weights"])
    words = ["lithium", "tremor", "x"]
    assert np.array_equal(again.scores(words), shapes.scores(words))


def test_a_folder_without_a_miner_is_one_line(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(MinerFolderError, match="holds no trained miner"):
        load_miner(tmp_path)
    (tmp_path / "miner.json").write_text("{")
    with pytest.raises(MinerFolderError, match="is not JSON"):
        load_miner(tmp_path)
    (tmp_path / "miner.json").write_text((folder / "miner.json").read_text())
    with pytest.raises(MinerFolderError, match="is damaged"):
        load_miner(tmp_path)
    (tmp_path / "miner.json").write_text(json.dumps({"format": 99}))
    with pytest.raises(MinerFolderError, match="format 99"):
        load_miner(tmp_path)


def test_documents_of_two_files_and_excluded_ones_count_once_or_not(tmp_path: Path) -> None:
    first = write_gold(tmp_path / "a.txt", 10)
    second = write_gold(tmp_path / "b.txt", 10, first=5)
    corpora, n_left_out = read_gold([first, second])
    assert [len(corpus.documents) for corpus in corpora] == [15]
    assert n_left_out == 5
    banned = document_keys(gold_documents(first)[0])
    corpora, n_left_out = read_gold([first], without=banned)
    assert len(corpora[0].documents) == 9
    with pytest.raises(GoldError, match="every document is left out"):
        read_gold([first], without={f"PMID:{1000 + n}" for n in range(10)})


def test_unannotated_gold_is_refused(tmp_path: Path) -> None:
    (tmp_path / "plain.txt").write_text("1|t|A title.\n1|a|Text.\n")
    with pytest.raises(GoldError, match="no annotated document"):
        read_gold([tmp_path / "plain.txt"])


def test_an_unknown_setting_names_the_nearest() -> None:
    with pytest.raises(SettingsError, match="did you mean epochs"):
        MinerSettings.from_mapping({"epoch": 3})


@pytest.mark.parametrize("frozen", [0, 1])
def test_a_stopped_training_goes_on_to_the_same_miner(tmp_path: Path, frozen: int) -> None:
    bert = make_bert(tmp_path / "bert")
    gold = [write_gold(tmp_path / "gold.txt", 8)]
    settings = MinerSettings(
        encoder=str(bert), epochs=2, batch_words=64, frozen_layers=frozen, head_rate=5e-3
    )

    class StopError(Exception):
        pass

    def stop(done: int, total: int, _loss: float) -> None:
        if done == total:
            raise StopError

    with pytest.raises(StopError):
        train_miner(gold, tmp_path / "cut", settings=settings, progress=stop)
    assert (tmp_path / "cut" / "checkpoints").is_dir()
    again = train_miner(gold, tmp_path / "cut", settings=settings)
    whole = train_miner(gold, tmp_path / "whole", settings=settings)
    assert again.version == whole.version
    opened = load_miner(tmp_path / "cut")
    assert opened.finder.tagger.states is not None
    assert torch.get_default_dtype() == torch.float32
    paper = Document.of_abstract("1", title="Lithium tremor.", pmid="PMID:1")
    assert len(list(opened.annotate([paper]))) == 1


def trained_plug(folder: Path) -> Plug:
    torch.set_num_threads(1)
    return Plug(reader=load_miner(folder, toy_graph()), endpoints=Endpoints(toy_graph()))


def test_a_miner_with_bert_says_the_same_in_one_and_two_processes(tmp_path: Path) -> None:
    settings = MinerSettings(
        encoder=str(make_bert(tmp_path / "bert")),
        epochs=6,
        batch_words=64,
        head_rate=5e-3,
        encoder_rate=1e-3,
        frozen_layers=0,
    )
    train_miner(
        [write_gold(tmp_path / "gold.txt")], tmp_path / "m", graph=toy_graph(), settings=settings
    )
    (tmp_path / "papers").mkdir()
    for number in range(4):
        write_gold(tmp_path / "papers" / f"{number}.txt", 5, first=40 + 5 * number)
    run = MiningRun(name="run-1", model="iatros-miner", version="1")
    reports = [
        mine_files(
            [tmp_path / "papers"],
            tmp_path / f"{workers}.nq",
            source=partial(trained_plug, tmp_path / "m"),
            run=run,
            workers=workers,
        )
        for workers in (1, 2)
    ]
    assert reports[0] == reports[1]
    assert reports[0].n_statements > 0
    assert (tmp_path / "1.nq").read_bytes() == (tmp_path / "2.nq").read_bytes()
