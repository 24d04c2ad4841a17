"""Splits the reference field of a table into publication CURIEs.

Decides which references a statement keeps: ids of papers and of database entries. Web addresses
and ISBNs are no CURIEs that a control can exclude by; they are counted and left out.
"""

import re

from .contract import DropReport

__all__ = ["references"]

_KEPT = {
    "PMID": "PMID",
    "PUBMED": "PMID",
    "PMC": "PMCID",
    "PMCID": "PMCID",
    "DOI": "DOI",
    "OMIM": "OMIM",
    "MIM": "OMIM",
    "ORPHA": "ORPHA",
    "ORPHANET": "ORPHA",
    "DECIPHER": "DECIPHER",
}
_SEPARATOR = re.compile(r"[;|,\s]+")
_PUBMED_ADDRESS = re.compile(r"(?:pubmed\.ncbi\.nlm\.nih\.gov/|ncbi\.nlm\.nih\.gov/pubmed/)(\d+)")


def references(text: str, report: DropReport) -> tuple[str, ...]:
    """CURIEs in a field that may hold several, bare digits being PubMed ids.

    >>> references("PMID:2;PMID:1, OMIM:100050", DropReport())
    ('PMID:2', 'PMID:1', 'OMIM:100050')
    """
    kept: list[str] = []
    for part in _SEPARATOR.split(text.strip()):
        if not part:
            continue
        if part.isdigit():
            kept.append(f"PMID:{part}")
            continue
        if found := _PUBMED_ADDRESS.search(part):
            kept.append(f"PMID:{found[1]}")
            continue
        prefix, _, local = part.partition(":")
        known = _KEPT.get(prefix.upper())
        if known is None or not local:
            report.mend("reference that is no id of a paper or entry, left out", part)
        elif known == "PMID" and not local.isdigit():
            report.mend("PMID that is not a number, left out", part)
        else:
            kept.append(f"{known}:{local}")
    return tuple(dict.fromkeys(kept))
