"""A world small enough to answer every question of docs/competency.md by hand."""

from kg.columns import SourceRecord
from kg.statements import Mapping, Node, Statement
from kg.vocabulary import NodeType, Predicate

__all__ = ["MAPPINGS", "NODES", "SOURCES", "STATEMENTS"]

_NAMES = {
    NodeType.DISEASE: {
        "MONDO:1": "heart rhythm disease",
        "MONDO:2": "long QT syndrome",
        "MONDO:3": "short QT syndrome",
        "MONDO:4": "migraine",
    },
    NodeType.PHENOTYPE: {
        "HP:1": "Phenotype",
        "HP:2": "Abnormal ECG",
        "HP:3": "Syncope",
        "HP:4": "Headache",
    },
    NodeType.GENE: {"HGNC:1": "KCNH2", "HGNC:2": "KCNQ1"},
    NodeType.DRUG: {
        "DRUGBANK:A": "quinidine",
        "DRUGBANK:B": "propranolol",
        "DRUGBANK:C": "sumatriptan",
    },
    NodeType.DRUG_CLASS: {"ATC:C07": "beta blockers"},
    NodeType.ACTION: {"MAXO:1": "pacemaker implantation"},
}
NODES = tuple(
    Node(id=id_, type=kind, label=label)
    for kind, names in _NAMES.items()
    for id_, label in names.items()
)
SOURCES = (
    SourceRecord(
        name="open", title="Open facts", licence="CC0-1.0", licence_class="permissive", release="1"
    ),
    SourceRecord(
        name="closed",
        title="Closed facts",
        licence="CC-BY-NC-4.0",
        licence_class="noncommercial",
        release="2",
    ),
)
MAPPINGS = (
    Mapping(
        subject="MONDO:2",
        object="OMIM:192500",
        source="open",
        justification="semapv:ManualMappingCuration",
        confidence=0.9,
    ),
)


def _says(
    subject: str, predicate: Predicate, object_: str, source: str = "open", **more: object
) -> Statement:
    return Statement(
        subject=subject,
        predicate=predicate,
        object=object_,
        source=source,
        **more,  # type: ignore[arg-type]
    )


_P = Predicate
STATEMENTS = (
    _says("MONDO:2", _P.SUBCLASS_OF, "MONDO:1"),
    _says("MONDO:3", _P.SUBCLASS_OF, "MONDO:1"),
    _says("HP:2", _P.SUBCLASS_OF, "HP:1"),
    _says("HP:3", _P.SUBCLASS_OF, "HP:1"),
    _says("HP:4", _P.SUBCLASS_OF, "HP:1"),
    _says(
        "MONDO:2",
        _P.HAS_PHENOTYPE,
        "HP:2",
        frequency=0.9,
        evidence="PCS",
        publications=("PMID:1", "PMID:2"),
    ),
    _says(
        "MONDO:2",
        _P.HAS_PHENOTYPE,
        "HP:3",
        frequency=0.25,
        evidence="PCS",
        sex="female",
        onset="HP:0003577",
        publications=("PMID:1",),
    ),
    _says("MONDO:2", _P.HAS_PHENOTYPE, "HP:4", negated=True, publications=("PMID:1",)),
    _says("MONDO:3", _P.HAS_PHENOTYPE, "HP:2", evidence="PCS", publications=("PMID:3",)),
    _says("MONDO:4", _P.HAS_PHENOTYPE, "HP:4", evidence="IEA"),
    _says("HGNC:1", _P.CAUSES, "MONDO:2", publications=("PMID:4",)),
    _says("HGNC:1", _P.CAUSES, "MONDO:3"),
    _says("HGNC:2", _P.CAUSES, "MONDO:2"),
    _says("DRUGBANK:A", _P.TREATS, "MONDO:1", publications=("PMID:5",)),
    _says("DRUGBANK:A", _P.CONTRAINDICATED_IN, "MONDO:2", publications=("PMID:6",)),
    _says("DRUGBANK:B", _P.TREATS, "MONDO:2", qualifiers=(("kind", "disease-modifying"),)),
    _says("DRUGBANK:B", _P.TREATS, "MONDO:2", "closed"),
    _says("DRUGBANK:B", _P.TREATS, "MONDO:4", "closed", publications=("PMID:7",)),
    _says("DRUGBANK:C", _P.TREATS, "MONDO:4", qualifiers=(("kind", "symptomatic"),)),
    _says("DRUGBANK:C", _P.TREATS, "MONDO:2", negated=True, publications=("PMID:6",)),
    _says("MAXO:1", _P.TREATS, "MONDO:2", qualifiers=(("target_phenotype", "HP:3"),)),
    _says(
        "DRUGBANK:A", _P.AFFECTS, "HGNC:1", qualifiers=(("action", "inhibitor"), ("role", "target"))
    ),
    _says("DRUGBANK:A", _P.INTERACTS_WITH, "DRUGBANK:B", qualifiers=(("severity", "major"),)),
    _says("DRUGBANK:B", _P.HAS_ROLE, "ATC:C07"),
    _says("DRUGBANK:B", _P.HAS_ADVERSE_EVENT, "HP:3", "closed", frequency=0.02),
    _says("DRUGBANK:C", _P.HAS_ADVERSE_EVENT, "HP:4", "closed"),
)
