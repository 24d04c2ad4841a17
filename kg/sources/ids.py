"""Reads one identifier from a cell, or counts why there is none.

Decides what a drug source does with a cell that should hold an identifier and does not. How an
identifier is spelled is decided in `kg.identifiers`.
"""

import re

from kg.identifiers import IdentifierError, normalise

from .contract import DropReport

__all__ = ["curie", "drugbank", "ncbi_gene"]

_DRUGBANK = re.compile(r"DB\d{5,}")


def curie(text: str, report: DropReport, *, what: str) -> str | None:
    """Canonical CURIE of a cell, or None after counting the row as dropped.

    >>> curie("RXCUI:161", DropReport(), what="drug")
    'RXNORM:161'
    """
    try:
        return normalise(text)
    except IdentifierError:
        report.drop(f"{what} id not understood", text)
        return None


def drugbank(text: str, report: DropReport) -> str | None:
    """CURIE of a bare DrugBank accession (`DB00945`), or None after counting.

    >>> drugbank("DB00945", DropReport())
    'DRUGBANK:DB00945'
    """
    if _DRUGBANK.fullmatch(text):
        return f"DRUGBANK:{text}"
    report.drop("drug id is no DrugBank accession", text)
    return None


def ncbi_gene(text: str, report: DropReport) -> str | None:
    """CURIE of a bare NCBI gene id, or None after counting.

    >>> ncbi_gene("1576", DropReport())
    'NCBIGENE:1576'
    """
    if text.isascii() and text.isdigit() and int(text) > 0:
        return f"NCBIGENE:{int(text)}"
    report.drop("gene id is no NCBI gene id", text)
    return None
