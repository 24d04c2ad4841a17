"""Search in papers: by words, by meaning, by both; and what speaks for and against."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from encoders import TextEncoder
from fusion.passages import PassageError, PassageIndex, stances
from kg.literature.document import Document
from tests.kg.literature.papers import PAPERS

AGAINST = Document.of_abstract(
    "7", title="Valproate was not effective in the treatment of epilepsy.", pmid="PMID:7"
)
INDEX = PassageIndex.of_documents([*PAPERS, AGAINST])


def test_words_find_their_sentence_and_its_place() -> None:
    hit = INDEX.search("SCN1A Dravet", top=1)[0]
    assert hit.passage.text == "Mutations in SCN1A cause Dravet syndrome."
    paper = PAPERS[0]
    assert paper.text[hit.passage.start : hit.passage.end] == hit.passage.text
    assert hit.passage.publication == "PMID:101"


@settings(max_examples=30)
@given(st.text(max_size=40), st.integers(1, 9))
def test_any_question_is_answered(question: str, top: int) -> None:
    hits = INDEX.search(question, top=top)
    assert len(hits) <= top
    assert [h.score for h in hits] == sorted((h.score for h in hits), reverse=True)
    assert len({h.passage for h in hits}) == len(hits)


def test_meaning_needs_vectors() -> None:
    with pytest.raises(PassageError, match="encoder"):
        INDEX.search("x", way="meaning")
    with pytest.raises(PassageError, match="no passage"):
        PassageIndex.of_documents([])


def test_both_ways_and_back_from_disk(text_encoder_folder: Path, tmp_path: Path) -> None:
    encoder = TextEncoder(str(text_encoder_folder))
    index = PassageIndex.of_documents(PAPERS, encoder=encoder)
    near = index.search(PAPERS[0].sections[0].text, top=1, way="meaning")
    assert near[0].passage.text == PAPERS[0].sections[0].text
    index.save(tmp_path / "i")
    again = PassageIndex.load(tmp_path / "i", encoder=encoder)
    for way in ("words", "both"):
        old = [h.passage for h in index.search("tremor", way=way)]
        new = [h.passage for h in again.search("tremor", way=way)]
        assert set(old) == set(new)
    assert PassageIndex.load(tmp_path / "i").search("tremor")
    with pytest.raises(PassageError, match="no index"):
        PassageIndex.load(tmp_path)
    with pytest.raises(PassageError, match="vectors"):
        PassageIndex(index.passages, np.zeros((1, 3), np.float32))


def test_both_sides_are_shown() -> None:
    found = stances(INDEX, ("valproate", "valproic acid"), ("epilepsy",))
    sides = {f.stance: f.passage.publication for f in found if "effective" in f.passage.text}
    assert sides == {"supporting": "PMID:101", "contradicting": "PMID:7"}
    assert not stances(INDEX, ("aspirin",), ("gout",))
