"""Which passages speak for a treatment of a disease, and which against it.

Decides it with the cue words of `kg.literature.cues`, for passages that name both: a passage that
says that the drug treats, supports; one that denies it, or says that the drug causes the disease or
must not be given, contradicts. Passages that do neither are left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from kg.literature.dictionary import Dictionary, Name
from kg.literature.document import Document, EntityType
from kg.literature.rules import CueMiner
from kg.vocabulary import Predicate

from .index import Passage, PassageIndex

__all__ = ["PassageStance", "stances"]

_TREATING = (Predicate.TREATS, Predicate.PREVENTS)
_POOL = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class PassageStance:
    """A passage and what it says.

    Attributes:
        passage: The sentence.
        stance: For or against.
        hedged: With caution.
        confidence: Of the cue.
    """

    passage: Passage
    stance: Literal["supporting", "contradicting"]
    hedged: bool
    confidence: float


def stances(
    index: PassageIndex,
    treatment: Sequence[str],
    disease: Sequence[str],
    *,
    top: int = 5,
) -> list[PassageStance]:
    """Passages for and against, at most `top` of each, in the order of the search.

    Args:
        index: Papers.
        treatment: Names of the treatment, the preferred one first.
        disease: Names of the disease.
        top: Passages of each stance.
    """
    book = Dictionary(
        [Name(text=n, type=EntityType.CHEMICAL, id="X:treatment") for n in treatment]
        + [Name(text=n, type=EntityType.DISEASE, id="X:disease") for n in disease]
    )
    miner = CueMiner(book)
    found: list[PassageStance] = []
    taken = {"supporting": 0, "contradicting": 0}
    for hit in index.search(f"{treatment[0]} {disease[0]}", top=_POOL):
        paper = Document.of_abstract("1", title=hit.passage.text, pmid="PMID:1")
        for said in miner.mine([paper]):
            against = said.negated if said.predicate in _TREATING else not said.negated
            if said.predicate not in _TREATING and said.negated:
                continue  # "does not cause it" is no word for it as a treatment
            stance: Literal["supporting", "contradicting"] = (
                "contradicting" if against else "supporting"
            )
            if taken[stance] < top:
                taken[stance] += 1
                found.append(
                    PassageStance(
                        passage=hit.passage,
                        stance=stance,
                        hedged=said.hedged,
                        confidence=said.confidence,
                    )
                )
            break
    return found
