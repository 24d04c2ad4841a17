"""A hand-checkable world: a dozen terms, six diseases, a handful of published patients.

Terms: 0 root `HP:0000001`, 1 `HP:0000118` under it, and below that a small hierarchy:

    118 -> 10 -> 11, 12 ;  118 -> 20 -> 21, 22 -> 23 ;  118 -> 30

Diseases A to F: A and B share a gene, B and C a parent, D is annotated vaguely, E has nothing but a
gene shared with A, F is the popular trap: it has every term at a low frequency.
"""

from kg.case import ClinicalCase, Observation
from kg.snapshot import GraphSnapshot
from kg.statements import Mapping, Node, Statement
from kg.vocabulary import NodeType, Predicate

__all__ = ["case", "hp", "toy_cases", "toy_snapshot"]

_PARENT = {118: 1, 10: 118, 11: 10, 12: 10, 20: 118, 21: 20, 22: 20, 23: 22, 30: 118}
_SIGNS: dict[str, tuple[tuple[int, float | None, str], ...]] = {
    "A": ((11, 1.0, "PMID:1"), (21, 0.5, "PMID:1;PMID:2")),
    "B": ((12, 0.9, "PMID:3"), (23, 0.8, "PMID:3")),
    "C": ((23, 1.0, "PMID:4"), (30, None, "PMID:4")),
    "D": ((10, 1.0, "OMIM:4"),),
    "F": tuple((term, 0.1, "PMID:9") for term in (11, 12, 21, 23, 30)),
}


def hp(number: int) -> str:
    """CURIE of a toy term."""
    return f"HP:{number:07d}"


def toy_snapshot() -> GraphSnapshot:
    nodes = [Node(id=hp(n), type=NodeType.PHENOTYPE, label=f"t{n}") for n in (1, *_PARENT)]
    nodes += [
        Node(id=f"MONDO:{number}", type=NodeType.DISEASE, label=letter)
        for number, letter in enumerate("ABCDEF", start=1)
    ]
    nodes += [
        Node(id="MONDO:100", type=NodeType.DISEASE, label="group of B and C"),
        Node(id="HGNC:1", type=NodeType.GENE, label="G1"),
    ]
    mappings = [
        Mapping(subject=f"MONDO:{number}", object=f"OMIM:{number}", source="toy")
        for number in range(1, 7)
    ]
    statements = [
        Statement(
            subject=hp(child), predicate=Predicate.SUBCLASS_OF, object=hp(parent), source="hpo"
        )
        for child, parent in _PARENT.items()
    ]
    statements += [
        Statement(
            subject=f"MONDO:{'ABCDEF'.index(letter) + 1}",
            predicate=Predicate.HAS_PHENOTYPE,
            object=hp(term),
            source="hpo_annotations",
            frequency=share,
            publications=tuple(papers.split(";")),
        )
        for letter, signs in _SIGNS.items()
        for term, share, papers in signs
    ]
    statements += [
        Statement(
            subject="HGNC:1", predicate=Predicate.CAUSES, object=f"MONDO:{number}", source="mondo"
        )
        for number in (1, 2, 5)
    ]
    statements += [
        Statement(
            subject=f"MONDO:{number}",
            predicate=Predicate.SUBCLASS_OF,
            object="MONDO:100",
            source="mondo",
        )
        for number in (2, 3)
    ]
    return GraphSnapshot.from_records(nodes, statements, mappings)


def case(
    case_id: str,
    present: tuple[int, ...],
    *,
    excluded: tuple[int, ...] = (),
    disease: str | None = None,
    papers: tuple[str, ...] = (),
) -> ClinicalCase:
    """A case of toy terms."""
    return ClinicalCase(
        case_id=case_id,
        phenotypes=tuple(Observation(term=hp(n)) for n in present)
        + tuple(Observation(term=hp(n), status="excluded") for n in excluded),
        diagnoses=() if disease is None else (f"OMIM:{'ABCDEF'.index(disease) + 1}",),
        publications=papers,
    )


def toy_cases() -> list[ClinicalCase]:
    return [
        case("a1", (11, 21), disease="A", papers=("PMID:1",)),
        case("a2", (11,), excluded=(23,), disease="A", papers=("PMID:2",)),
        case("b1", (12, 23), disease="B", papers=("PMID:3",)),
        case("b2", (12, 30), disease="B", papers=("PMID:31",)),
        case("c1", (23, 30), disease="C", papers=("PMID:4",)),
        case("c2", (22, 30), disease="C", papers=("PMID:41", "PMID:4")),
    ]
