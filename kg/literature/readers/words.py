"""The words of corpora for types and identifiers, in the project's own.

Decides what `DiseaseOrPhenotypicFeature`, `D003409|D001` or `tmVar:c|SUB|G|1|A;RS#:5` mean. Where
they stand is decided by each reader.
"""

import re
from urllib.parse import quote

from kg.identifiers import IdentifierError, normalise
from kg.literature.document import EntityType

__all__ = ["entity_type", "identifiers", "publication_id"]

_TYPES = {
    EntityType.DISEASE: "disease specificdisease diseaseclass compositemention modifier "
    "diseaseorphenotypicfeature disorder",
    EntityType.CHEMICAL: "chemical chemicalentity drug drug_n drugn group brand simplechemical",
    EntityType.GENE: "gene geneorgeneproduct protein familyname domainmotif ggp",
    EntityType.PHENOTYPE: "phenotype phenotypicfeature symptom sign",
    EntityType.VARIANT: "sequencevariant variant mutation dnamutation proteinmutation snp "
    "dnaallele proteinallele acidchange copynumbervariant othermutation genomicregion",
    EntityType.SPECIES: "species organismtaxon organism taxon",
    EntityType.CELL_LINE: "cellline",
}
_TYPE_OF = {word: kind for kind, words in _TYPES.items() for word in words.split()}
_SPLIT = re.compile(r"[|+,;]")
_NONE = frozenset({"", "-", "-1", "none", "null", "nan", "cui-less", "unknown"})
_MESH = re.compile(r"[DC]\d{2,9}$")
_RS = re.compile(r"(?:rs|RS#:)(\d+)")
_MAX_IDS = 32


def entity_type(word: str) -> EntityType | None:
    """Type that a corpus's word means; None for one that no statement can be about.

    >>> entity_type("DiseaseOrPhenotypicFeature").value
    'disease'
    """
    return _TYPE_OF.get(re.sub(r"[\s_-]", "", word).lower())


def identifiers(text: str, kind: EntityType) -> tuple[str, ...]:
    """CURIEs of an identifier cell, several for a composite mention, none for `-1`.

    >>> identifiers("D003409|D001", EntityType.DISEASE), identifiers("-1", EntityType.DISEASE)
    (('MESH:D003409', 'MESH:D001'), ())
    >>> identifiers("6528", EntityType.GENE), identifiers("rs121913", EntityType.VARIANT)
    (('NCBIGENE:6528',), ('DBSNP:121913',))
    """
    if kind is EntityType.VARIANT:
        return _variant(text)
    found = []
    for part in _SPLIT.split(text)[:_MAX_IDS]:
        curie = _identifier(part.strip().strip("*"), kind)
        if curie and curie not in found:
            found.append(curie)
    return tuple(found)


def _identifier(part: str, kind: EntityType) -> str:
    if part.lower() in _NONE:
        return ""
    part = re.sub(r"\(.*?\)", "", part)  # NCBI Gene ids carry the taxon: 7157(Tax:9606)
    if kind in (EntityType.DISEASE, EntityType.CHEMICAL) and _MESH.match(part):
        return f"MESH:{part}"
    if part.isdigit():
        space = {
            EntityType.GENE: "NCBIGENE",
            EntityType.SPECIES: "NCBITAXON",
            EntityType.DISEASE: "OMIM",
            EntityType.PHENOTYPE: "HP",
            EntityType.CHEMICAL: "CHEBI",
        }.get(kind)
        return f"{space}:{int(part)}" if space and len(part) < 12 else ""
    if kind is EntityType.CELL_LINE and part.startswith("CVCL"):
        return f"CELLOSAURUS:{quote(part, safe='_')}"
    try:
        return normalise(part)
    except IdentifierError:
        return ""


def _variant(text: str) -> tuple[str, ...]:
    text = text.strip()
    if text.lower() in _NONE:
        return ()
    named = _RS.search(text)
    if named:
        return (f"DBSNP:{int(named[1]) if len(named[1]) < 16 else named[1]}",)
    bare = text.removeprefix("tmVar:").partition(";")[0]
    return (f"VAR:{quote(bare, safe='|+-_>*')}",) if bare else ()


def publication_id(text: str, space: str) -> str | None:
    """CURIE of a publication's bare id in a given space; None when it is not one.

    >>> publication_id("13900", "PMCID"), publication_id("x y", "PMID")
    ('PMCID:PMC13900', None)
    """
    text = text.strip()
    if space == "PMID":
        digits = text[5:] if text.upper().startswith("PMID:") else text
        is_number = digits.isascii() and digits.isdigit() and len(digits) < 12
        return f"PMID:{int(digits)}" if is_number and int(digits) else None
    if space == "PMCID":
        digits = re.sub(r"^(PMCID:)?(PMC)?", "", text.upper()).partition(".")[0]
        is_number = digits.isascii() and digits.isdigit() and len(digits) < 12
        return f"PMCID:PMC{int(digits)}" if is_number else None
    try:
        curie = normalise(text if text.upper().startswith("DOI:") else f"DOI:{text}")
    except IdentifierError:
        return None
    return curie if re.match(r"DOI:10\.\d{4,9}/\S+$", curie) else None
