"""What a corpus's relation means in the graph.

Decides the predicate, which end is the subject, and the direction, from the corpus's word for the
relation and the types of both ends. Kinds that say nothing about medicine (compared, given
together) mean nothing.
"""

from dataclasses import dataclass

from kg.literature import EntityType
from kg.literature.miner import Direction
from kg.vocabulary import Predicate

__all__ = ["Meaning", "meaning_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """A relation in the graph's words.

    Attributes:
        predicate: The relation.
        swapped: The second entity is the subject.
        direction: Increases or decreases, when the corpus says so.
    """

    predicate: Predicate
    swapped: bool = False
    direction: Direction | None = None


_ILL = (EntityType.DISEASE, EntityType.PHENOTYPE)
_SIGNS: dict[str, Direction] = {
    "Positive_Correlation": "increases",
    "Negative_Correlation": "decreases",
}
_SILENT = frozenset({"Cotreatment", "Comparison", "Conversion"})


def meaning_of(kind: str, first: EntityType, second: EntityType) -> Meaning | None:
    """The relation of a pair in the graph's words; None when it has none.

    >>> meaning_of("CID", EntityType.CHEMICAL, EntityType.DISEASE).predicate
    <Predicate.HAS_ADVERSE_EVENT: 'has_adverse_event'>
    """
    if kind in _SILENT:
        return None
    swapped = _place(first) > _place(second)
    if swapped:
        first, second = second, first
    sign = _SIGNS.get(kind)
    if first is EntityType.CHEMICAL and second in _ILL:
        if kind == "CID" or sign == "increases":
            return Meaning(predicate=Predicate.HAS_ADVERSE_EVENT, swapped=swapped)
        if sign == "decreases":
            return Meaning(predicate=Predicate.TREATS, swapped=swapped)
        return Meaning(predicate=Predicate.RELATED_TO, swapped=swapped)
    if first is EntityType.GENE and second in _ILL:
        return Meaning(predicate=Predicate.GENE_ASSOCIATED_WITH, swapped=swapped, direction=sign)
    if first is EntityType.CHEMICAL and second is EntityType.GENE:
        return Meaning(predicate=Predicate.AFFECTS, swapped=swapped, direction=sign)
    if (kind, first, second) == ("Drug_Interaction", EntityType.CHEMICAL, EntityType.CHEMICAL):
        return Meaning(predicate=Predicate.INTERACTS_WITH, swapped=swapped)
    return None


def _place(kind: EntityType) -> int:
    """Subjects before objects: chemicals, genes, then what people suffer from."""
    return {EntityType.CHEMICAL: 0, EntityType.GENE: 1}.get(kind, 2)
