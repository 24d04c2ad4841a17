"""Training documents are read as if they were new, and relations are learnt from the readings."""

from dataclasses import replace

import pytest

from fusion.literature import MinerSettings, read_gold
from fusion.literature.corpora import GoldCorpus, counted_words
from fusion.literature.held_out import rehearse
from fusion.literature.lexicon import Lexicon
from fusion.literature.linked import LinkedDocument
from fusion.literature.name_shapes import NameShapes
from fusion.literature.relations import RelationReader
from fusion.literature.surfaces import Surfaces
from fusion.literature.word_features import WordKnowledge
from kg.literature import EntityType
from tests.fusion.literature.toy import toy_graph, write_gold

SETTINGS = MinerSettings(encoder="none", batch_words=64, head_rate=5e-3)
SPACES: dict[EntityType, tuple[str, ...]] = {
    EntityType.CHEMICAL: ("MESH",),
    EntityType.DISEASE: ("MESH",),
}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> GoldCorpus:
    gold = write_gold(tmp_path_factory.mktemp("gold") / "gold.txt", 36)
    return read_gold([gold])[0][0]


@pytest.fixture(scope="module")
def as_read(corpus: GoldCorpus) -> list[LinkedDocument]:
    knowledge = WordKnowledge(
        lexicon=Lexicon.of_graph(toy_graph()),
        surfaces=Surfaces.count(counted_words([corpus])),
        shapes=NameShapes.fit([], []),
    )
    return rehearse(corpus, [], knowledge, SPACES, settings=SETTINGS)


def test_each_document_is_read_once_in_its_place(
    corpus: GoldCorpus, as_read: list[LinkedDocument]
) -> None:
    assert [read.id for read in as_read] == [one.document.id for one in corpus.documents]
    right = found = known = 0
    for gold, read in zip(corpus.documents, as_read, strict=True):
        ids = {curie for mention in gold.mentions for curie in mention.ids}
        said = {entity.id for entity in read.entities}
        right, found, known = right + len(ids & said), found + len(said), known + len(ids)
    assert right > 0.8 * max(found, known)


def test_a_small_corpus_is_not_rehearsed(corpus: GoldCorpus) -> None:
    knowledge = WordKnowledge(
        lexicon=Lexicon([]), surfaces=Surfaces({}, {}), shapes=NameShapes.fit([], [])
    )
    few = replace(corpus, documents=corpus.documents[:5])
    assert rehearse(few, [], knowledge, SPACES, settings=SETTINGS) == []


def test_readings_decide_the_belief_in_what_is_read(
    corpus: GoldCorpus, as_read: list[LinkedDocument]
) -> None:
    from_gold = RelationReader.fit(corpus.documents, prior=None)
    from_both = RelationReader.fit(corpus.documents, prior=None, as_read=as_read)
    assert from_gold is not None
    assert from_gold.on_text is None
    assert from_both is not None
    assert from_both.on_text is not None
    n_pairs = sum(len(list(read.pairs(from_both.types))) for read in as_read)
    assert from_both.on_text.n_pairs == n_pairs
    with pytest.raises(ValueError, match="shorter"):
        RelationReader.fit(corpus.documents, prior=None, as_read=as_read[:-1])
