"""Names of MeSH ids that other files carry beside the graph's own names.

Papers are annotated with MeSH ids, and a node of the graph bears one of them at most, the newest.
Mapping files tell more: older ids of the same drug, and names of things that are no node; most is
in MeSH's own vocabulary (`kg.literature.mesh_names`). Decides which files are asked and what kind
of thing a name is; what it means in a text is decided by the linker, and none becomes a node.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from kg.files import DataFiles
from kg.identifiers import prefix_of
from kg.sources.contract import DropReport
from kg.sources.spelling import canonical
from kg.sources.tables import rows
from kg.vocabulary import NodeType

from .mesh_names import mesh_names

__all__ = ["MappedName", "mapped_names"]

_BIOMAPPINGS = "biomappings/positive.sssom.tsv"
_SYMPTOMS = "hetionet_edges/nodes.tsv"
_DISEASES = "human_do/allXREFinDO.tsv"
_DRUGS = "everycure/drug_list_stringent.csv"
_KIND_OF: dict[str, NodeType] = {
    "CHEBI": NodeType.CHEMICAL,
    "PUBCHEM": NodeType.CHEMICAL,
    "DOID": NodeType.DISEASE,
    "MONDO": NodeType.DISEASE,
    "HP": NodeType.PHENOTYPE,
}
_HEADING = re.compile(r"MESH:[CD]\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class MappedName:
    """A name of a MeSH id.

    Attributes:
        name: As written.
        id: CURIE.
        kind: What it is; None when the file does not say.
    """

    name: str
    id: str
    kind: NodeType | None


def mapped_names(files: DataFiles, report: DropReport | None = None) -> Iterator[MappedName]:
    """Names of all files that are there; those that are not are passed over.

    Args:
        files: Where they are looked for.
        report: Told of rows and files that cannot be read.
    """
    told = DropReport() if report is None else report
    for name, read in (
        (_BIOMAPPINGS, _matches),
        (_SYMPTOMS, _symptoms),
        (_DISEASES, _diseases),
        (_DRUGS, _drugs),
    ):
        if files.has(name):
            yield from read(files, told)
    for name, heading, kind in mesh_names(files, told):
        yield MappedName(name=name, id=heading, kind=kind)


def _matches(files: DataFiles, report: DropReport) -> Iterator[MappedName]:
    columns = ("subject_id", "subject_label", "predicate_id", "object_id", "object_label")
    for row in rows(files.open_path(_BIOMAPPINGS), report, columns=columns):
        if row["predicate_id"] != "skos:exactMatch":
            continue
        ends = (row["subject_id"], row["object_id"])
        for one, other in (ends, ends[::-1]):
            heading = canonical(one, prefixes=frozenset({"MESH"}))
            if heading is None:
                continue
            kind = _KIND_OF.get(prefix_of(canonical(other) or ""))
            for label in (row["subject_label"], row["object_label"]):
                if label:
                    yield MappedName(name=label, id=heading, kind=kind)


def _symptoms(files: DataFiles, report: DropReport) -> Iterator[MappedName]:
    for row in rows(files.open_path(_SYMPTOMS), report, columns=("id", "name", "kind")):
        if row["kind"] == "Symptom":
            heading = "MESH:" + row["id"].rpartition(":")[2]
            yield MappedName(name=row["name"], id=heading, kind=NodeType.PHENOTYPE)


def _diseases(files: DataFiles, report: DropReport) -> Iterator[MappedName]:
    for row in rows(files.open_path(_DISEASES), report, columns=("label", "xref")):
        heading = row["xref"].strip('"')
        if _HEADING.fullmatch(heading):
            yield MappedName(name=row["label"].strip('"'), id=heading, kind=NodeType.DISEASE)


def _drugs(files: DataFiles, report: DropReport) -> Iterator[MappedName]:
    columns = ("curie_label", "alternate_ids")
    for row in rows(files.open_path(_DRUGS), report, columns=columns, delimiter=","):
        for heading in _HEADING.findall(row["alternate_ids"]):
            yield MappedName(name=row["curie_label"], id=heading, kind=NodeType.CHEMICAL)
