"""Canonical CURIEs, their IRIs, and the many spellings that sources use for them.

Decides what the identifier of a thing looks like. The table of prefixes is in `kg.prefixes`; that
two identifiers mean the same thing is decided in `kg.identity`.
"""

import re
from functools import cache, lru_cache
from urllib.parse import quote, unquote

import curies

from .prefixes import NAMESPACE, PREFIXES

__all__ = [
    "NAMESPACE",
    "IdentifierError",
    "from_iri",
    "normalise",
    "parse_publications",
    "prefix_of",
    "to_iri",
]

_FALLBACK = "https://bioregistry.io/"  # resolves any CURIE whose prefix is in the Bioregistry
_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://|urn:", re.ASCII)
_UNSAFE = re.compile(r"[\x00-\x20<>\"{}|^`\\%\x7f-\xa0\u2028\u2029\ufffe\uffff\ud800-\udfff]")
_UNSAFE_OR_SLASH = re.compile(_UNSAFE.pattern[:-1] + "/#]")
_WITH_SLASHES = frozenset({"DOI", "iatros"})
_UNSAFE_IN_IRI = re.compile(r"[\x00-\x20<>\"{}|^`\\\x7f-\xa0\u2028\u2029\ufffe\uffff\ud800-\udfff]")
_IRI_PREFIX = {facts.prefix: facts.iri for facts in PREFIXES}
_SPELLINGS = {
    spelling.casefold(): facts.prefix
    for facts in PREFIXES
    for spelling in (facts.prefix, facts.bioregistry, *facts.synonyms)
    if spelling
}
_SEVEN_DIGITS = frozenset({"MONDO", "HP", "GO", "UBERON", "MAXO", "CL", "MP", "ECO", "SO", "PATO"})
_UPPER = frozenset({
    "MESH", "UMLS", "DRUGBANK", "CHEMBL", "ATC", "UNII", "INCHIKEY", "UNIPROT", "ENSEMBL", "NCIT",
    "ICD10CM", "ICD10", "ICD9CM", "PMCID", "INTERPRO", "NDFRT", "NCT", "WIKIDATA",
})  # fmt: skip
# Identifiers that say themselves what they are, without a prefix.
_BARE = (
    (re.compile(r"DB\d{5,}$"), "DRUGBANK"),
    (re.compile(r"CHEMBL\d+$"), "CHEMBL"),
    (re.compile(r"PMC\d+$"), "PMCID"),
    (re.compile(r"10\.\d{4,}/\S+$"), "DOI"),
    (re.compile(r"ENSG\d{6,}(\.\d+)?$"), "ENSEMBL"),
    (re.compile(r"NCT\d{8}$"), "NCT"),
)
_INVISIBLE = re.compile(
    "[\u00ad\u200b-\u200f\u2060\ufeff]"
)  # tables copied from web pages hold them
_REPEATED = re.compile(r"([A-Za-z][A-Za-z.]*)(?:[:_](?=.)|(?<=ORPHA)(?=\d)|(?<=Orphanet)(?=\d))")
_PUBLICATION_BREAK = re.compile(r"[;|,\s]+")


class IdentifierError(ValueError):
    """A text that is no identifier of a known space."""


@cache
def _converter() -> curies.Converter:
    """The prefix table as a converter; built on first use, since building it takes a moment."""
    records = [
        curies.Record(
            prefix=facts.prefix,
            uri_prefix=facts.iri,
            uri_prefix_synonyms=list(facts.other_iris),
        )
        for facts in PREFIXES
    ]
    records.append(curies.Record(prefix="", uri_prefix=_FALLBACK))
    return curies.Converter(records)


def _is_iri(text: str) -> bool:
    return _IRI.match(text) is not None


def prefix_of(curie: str) -> str:
    """Prefix of a CURIE; empty for an IRI.

    >>> prefix_of("MONDO:0007739")
    'MONDO'
    """
    return "" if _is_iri(curie) else curie.partition(":")[0]


def to_iri(curie: str) -> str:
    """IRI of a CURIE; an id that is an IRI already stays as it is.

    A prefix outside the table expands to the Bioregistry resolver, so every CURIE has an IRI and
    `from_iri` leads back. Characters that no IRI may hold are percent-encoded.

    Raises:
        IdentifierError: The text has no prefix.

    >>> to_iri("ORPHA:558")
    'http://www.orpha.net/ORDO/Orphanet_558'
    """
    if _is_iri(curie):
        if _UNSAFE_IN_IRI.search(curie):
            return _UNSAFE_IN_IRI.sub(lambda m: quote(m[0], safe="", errors="replace"), curie)
        return curie
    prefix, colon, local = curie.partition(":")
    if not colon or not prefix:
        raise IdentifierError(f"{curie!r} is not a CURIE; write it as prefix:local")
    if prefix != "case":  # the local part of a case is encoded already
        unsafe = _UNSAFE if prefix in _WITH_SLASHES else _UNSAFE_OR_SLASH
        if unsafe.search(local):
            local = unsafe.sub(lambda m: quote(m[0], safe="", errors="replace"), local)
    known = _IRI_PREFIX.get(prefix)
    if known is not None:
        return known + local
    return f"{_FALLBACK}{quote(prefix, safe='')}:{local}"


@lru_cache(maxsize=1 << 18)
def from_iri(iri: str) -> str:
    """CURIE of an IRI; an IRI of no known space is its own id.

    >>> from_iri("http://purl.obolibrary.org/obo/MONDO_0007739")
    'MONDO:0007739'
    >>> from_iri("https://example.org/thing")
    'https://example.org/thing'
    """
    compressed = _converter().compress(iri)
    if compressed is None or not compressed.partition(":")[2]:
        return iri
    prefix, _, local = compressed.partition(":")
    if prefix == "":
        encoded, colon, local = local.partition(":")
        prefix = unquote(encoded)
        if not colon or not prefix:
            return iri
    elif prefix != "case" and prefix not in _WITH_SLASHES and ("/" in local or "#" in local):
        return iri  # a page below the space, not an identifier in it
    curie = f"{prefix}:{local if prefix == 'case' else unquote(local)}"
    if any(c.isspace() for c in curie):
        return iri
    canonical_iri = iri.startswith(_IRI_PREFIX.get(prefix, _FALLBACK))
    return curie if not canonical_iri or to_iri(curie) == iri else iri


def _canonical_local(prefix: str, local: str) -> tuple[str, str]:
    """Prefix and local part, with the local part in the one spelling of its space."""
    if prefix in _UPPER:
        local = local.upper()
    if prefix in _SEVEN_DIGITS and local.isdigit():
        local = local.zfill(7)
    elif prefix == "OMIM" and local[:2].upper() == "PS":
        prefix, local = "OMIMPS", local[2:]
    elif prefix == "OMIMPS" and local[:2].upper() == "PS":
        local = local[2:]
    elif prefix in ("PMID", "ORPHA", "HGNC", "NCBIGENE", "PUBCHEM") and local.isdigit():
        local = local.lstrip("0") or "0"
    elif prefix == "PUBCHEM" and local[:3].upper() == "CID":
        local = local[3:].lstrip("0")
    elif prefix == "PMCID" and local.isdigit():
        local = f"PMC{local}"
    elif prefix == "DRUGBANK" and local.isdigit():
        local = f"DB{local.zfill(5)}"
    elif prefix == "CHEMBL" and local.isdigit():
        local = f"CHEMBL{local}"
    elif prefix == "DOI":
        local = local.lower()
    elif (
        prefix in ("ICD10CM", "ICD10") and "." not in local and len(local) > 3 and "-" not in local
    ):
        local = f"{local[:3]}.{local[3:]}"
    elif prefix == "ICD9CM" and "." not in local and "-" not in local:
        stem = 4 if local.startswith("E") else 3
        local = f"{local[:stem]}.{local[stem:]}" if len(local) > stem else local
    return prefix, local


@lru_cache(maxsize=1 << 18)
def normalise(text: str) -> str:
    """Canonical CURIE of any usual spelling of an identifier.

    Args:
        text: A CURIE in any case and with any known synonym of its prefix, an IRI, an
            OBO-style `MONDO_0007739`, or an id that names its space itself (`DB00945`).

    Raises:
        IdentifierError: No known prefix, or nothing behind it.

    >>> [normalise(x) for x in ("Orphanet:558", "DB:DB00945", "pubmed:1", "MeSH:d1", "hp:1250")]
    ['ORPHA:558', 'DRUGBANK:DB00945', 'PMID:1', 'MESH:D1', 'HP:0001250']
    """
    if not text.isascii():
        text = _INVISIBLE.sub("", text)
    stripped = text.strip().strip("<>")
    if _is_iri(stripped):
        curie = from_iri(stripped)
        if curie == stripped:
            raise IdentifierError(f"{text!r}: IRI of no known space; add it to kg/prefixes.py")
        stripped = curie
    prefix, colon, local = stripped.partition(":")
    if not colon:
        for pattern, space in _BARE:
            if pattern.match(stripped):
                return ":".join(_canonical_local(space, stripped))
        prefix, colon, local = stripped.partition("_")
    canonical = _SPELLINGS.get(prefix.strip().casefold())
    local = local.strip()
    if canonical is None or not colon:
        raise IdentifierError(
            f"{text!r} has no known prefix; write it as prefix:local, prefixes: kg/prefixes.py"
        )
    # "HGNC:HGNC:5", "ORPHA:ORPHA558", "CHEBI:CHEBI_15377": the prefix stands twice
    while (inner := _REPEATED.match(local)) and _SPELLINGS.get(inner[1].casefold()) == canonical:
        local = local[inner.end() :]
    if not local or any(c.isspace() for c in local):
        raise IdentifierError(f"{text!r}: nothing, or a space, stands behind {prefix!r}:")
    if canonical in ("case", "iatros"):
        return f"{canonical}:{local}"
    return ":".join(_canonical_local(canonical, local))


def parse_publications(text: str) -> tuple[str, ...]:
    """Publications of a reference field that may hold several, sorted and without repeats.

    Bare digits are PMIDs; a web address stays as it is; words that are no identifier ("personal
    communication") are left out.

    >>> parse_publications("PMID:2;PMID:1|3, OMIM:100300")
    ('OMIM:100300', 'PMID:1', 'PMID:2', 'PMID:3')
    """
    found = set()
    for token in _PUBLICATION_BREAK.split(text):
        if token.isascii() and token.isdigit():
            found.add(f"PMID:{int(token)}")
        elif token:
            try:
                found.add(normalise(token))
            except IdentifierError:
                if _is_iri(token):
                    found.add(token)
    return tuple(sorted(found))
