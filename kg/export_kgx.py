"""The snapshot as KGX files: a node and an edge table, tab-separated or JSON lines.

Decides the Biolink columns that KGX and its users expect. Other formats are listed in `kg.export`.
"""

import csv
import json
from collections.abc import Iterator
from pathlib import Path

from .snapshot import GraphSnapshot, SourceRecord
from .statements import Statement
from .views import NodeView

__all__ = ["write_kgx_jsonl", "write_kgx_tsv"]

_Value = str | float | bool | list[str]
_NODE_COLUMNS = ("id", "category", "name", "synonym", "description", "xref", "deprecated")
_EDGE_COLUMNS = (
    "id",
    "subject",
    "predicate",
    "object",
    "category",
    "primary_knowledge_source",
    "license",
    "version",
    "negated",
    "has_quotient",
    "frequency_qualifier",
    "onset_qualifier",
    "sex_qualifier",
    "severity_qualifier",
    "has_evidence",
    "has_confidence_score",
    "publications",
    "knowledge_level",
    "agent_type",
    "original_subject",
    "original_object",
    "qualifiers",
)
_SLOTS = {  # qualifiers that have a Biolink slot; the others stay together as name=value
    "frequency_text": "frequency_qualifier",
    "severity": "severity_qualifier",
    "original_subject": "original_subject",
    "original_object": "original_object",
}


_PREFIX = {  # where the Biolink Model spells a prefix in its own way
    "CHEMBL": "CHEMBL.COMPOUND",
    "DOI": "doi",
    "DRUGCENTRAL": "DrugCentral",
    "ICD10CM": "ICD10",
    "ICD9CM": "ICD9",
    "INTERPRO": "interpro",
    "MEDGEN": "medgen",
    "NCBIGENE": "NCBIGene",
    "NCBITAXON": "NCBITaxon",
    "OMIMPS": "OMIM.PS",
    "PUBCHEM": "PUBCHEM.COMPOUND",
    "REACTOME": "REACT",
    "TIGR": "TIGRFAM",
    "UNIPROT": "UniProtKB",
}


def _biolink(curie: str) -> str:
    """The identifier with the prefix that the Biolink Model's context knows."""
    prefix, _, local = curie.partition(":")
    return f"{_PREFIX[prefix]}:{local}" if prefix in _PREFIX else curie


def _node(view: NodeView) -> dict[str, _Value]:
    return {
        "id": _biolink(view.id),
        "category": [f"biolink:{view.type.value}"],
        "name": view.label,
        "synonym": list(view.synonyms),
        "description": view.definition,
        "inchi": view.structure,
        "xref": list(map(_biolink, view.xrefs)),
        "deprecated": view.deprecated,
    }


def _edge(statement: Statement, source: SourceRecord) -> dict[str, _Value | None]:
    edge: dict[str, _Value | None] = {
        "id": statement.id,
        "subject": _biolink(statement.subject),
        "predicate": f"biolink:{statement.predicate.value}",
        "object": _biolink(statement.object),
        "category": ["biolink:Association"],
        "primary_knowledge_source": f"iatros:source/{source.name}",
        "license": source.licence,
        "version": source.release,
        "negated": statement.negated,
        "has_quotient": statement.frequency,
        "onset_qualifier": statement.onset,
        "sex_qualifier": statement.sex,
        "has_evidence": [statement.evidence] if statement.evidence else [],
        "has_confidence_score": statement.confidence,
        "publications": list(map(_biolink, statement.publications)),
        "knowledge_level": "not_provided",  # Biolink requires both; sources do not say
        "agent_type": "not_provided",
        "qualifiers": [f"{n}={v}" for n, v in statement.qualifiers if n not in _SLOTS],
    }
    for name, slot in _SLOTS.items():
        edge[slot] = statement.qualifier(name)
    return edge


def _edges(snapshot: GraphSnapshot) -> Iterator[dict[str, _Value | None]]:
    sources = {source.name: source for source in snapshot.sources}
    for statement in snapshot.statements():
        yield _edge(statement, sources[statement.source])


def _cell(value: _Value | None) -> str:
    """One cell; KGX joins several values by a bar, and no cell may break the line.

    False is an empty cell: KGX takes any text for true, "false" too.
    """
    if value is None or value is False:
        return ""
    if isinstance(value, list):
        return "|".join(" ".join(part.replace("|", "/").split()) for part in value)
    if value is True:
        return "true"
    return " ".join(str(value).split())


def write_kgx_tsv(snapshot: GraphSnapshot, folder: Path) -> None:
    """Writes `nodes.tsv` and `edges.tsv`.

    A bar inside one of several values becomes a slash, and runs of white space become one space;
    the JSON lines form keeps both.
    """
    for name, columns, rows in (
        ("nodes.tsv", _NODE_COLUMNS, map(_node, snapshot.nodes())),
        ("edges.tsv", _EDGE_COLUMNS, _edges(snapshot)),
    ):
        with (folder / name).open("w", encoding="utf-8", newline="") as sink:
            writer = csv.writer(
                sink, delimiter="\t", lineterminator="\n", quoting=csv.QUOTE_NONE, quotechar=None
            )
            writer.writerow(columns)
            writer.writerows([_cell(row.get(column)) for column in columns] for row in rows)


def write_kgx_jsonl(snapshot: GraphSnapshot, folder: Path) -> None:
    """Writes `nodes.jsonl` and `edges.jsonl`; what is unknown or empty is left out."""
    for name, rows in (
        ("nodes.jsonl", map(_node, snapshot.nodes())),
        ("edges.jsonl", _edges(snapshot)),
    ):
        with (folder / name).open("w", encoding="utf-8", newline="\n") as sink:
            for row in rows:
                kept = {key: value for key, value in row.items() if value not in (None, "", [])}
                sink.write(json.dumps(kept, ensure_ascii=False) + "\n")
