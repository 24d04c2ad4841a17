"""Identifiers of drug classes that a source names without giving an id.

Decides the id of such a class: that of the MeSH heading it is spelled like, else a slug of its
name, so that two sources that use the same words mean the same class. Classes that have an id of
their own (ATC, MeSH, NDF-RT, CHEBI) keep it.
"""

import re
import unicodedata

from kg.files import DataFiles
from kg.statements import Node
from kg.vocabulary import NodeType

from .contract import DropReport
from .tables import rows

__all__ = ["CLASSES_FILE", "class_id", "class_node", "mesh_classes"]

CLASSES_FILE = "drugcentral/classes.tsv"


def class_id(name: str) -> str:
    """CURIE of the class of that name.

    >>> class_id("Anti-Bacterial Agents")
    'iatros:drug-class.anti-bacterial-agents'
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().casefold()
    return "iatros:drug-class." + "-".join(re.findall(r"[a-z0-9]+", plain))


def class_node(name: str) -> Node:
    """Node of the class of that name."""
    return Node(id=class_id(name), type=NodeType.DRUG_CLASS, label=name)


def mesh_classes(files: DataFiles) -> dict[str, str]:
    """MeSH CURIE of each pharmacological action by the slug id of its heading.

    Empty when the table of classes is not there; its bad rows are counted by `drugcentral`.
    """
    if not files.has(CLASSES_FILE):
        return {}
    columns = ("class_id", "class_name", "class_source")
    table = rows(files.open_path(CLASSES_FILE), DropReport(), columns=columns)
    return {
        class_id(row["class_name"]): f"MESH:{row['class_id']}"
        for row in table
        if row["class_source"] == "MeSH"
    }
