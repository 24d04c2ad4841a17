"""Code systems of clinical records, and the prefixes they have here.

Decides which FHIR coding system becomes which CURIE prefix, and how a FHIR CodeableConcept becomes
a coded item. What a code means is resolved later, through the graph.
"""

from kg.case import CodedItem, canonical_curie

from .json_tree import Fields

__all__ = ["SYSTEMS", "coded_item", "codes_of"]

SYSTEMS = {
    "http://snomed.info/sct": "SNOMEDCT",
    "http://hl7.org/fhir/sid/icd-10-cm": "ICD10CM",
    "http://hl7.org/fhir/sid/icd-10": "ICD10",
    "http://hl7.org/fhir/sid/icd-9-cm": "ICD9CM",
    "http://www.nlm.nih.gov/research/umls/rxnorm": "RXNORM",
    "http://www.whocc.no/atc": "ATC",
    "http://hl7.org/fhir/sid/ndc": "NDC",
    "http://fdasis.nlm.nih.gov": "UNII",
    "http://loinc.org": "LOINC",
    "http://human-phenotype-ontology.org": "HP",
    "http://purl.obolibrary.org/obo/hp.owl": "HP",
    "http://purl.obolibrary.org/obo/hp.fhir": "HP",
    "http://purl.obolibrary.org/obo/mondo.owl": "MONDO",
    "http://www.orpha.net": "ORPHA",
    "http://www.omim.org": "OMIM",
    "http://omim.org": "OMIM",
    "http://www.genenames.org": "HGNC",
    "http://www.genenames.org/geneId": "HGNC",
    "http://www.drugbank.ca": "DRUGBANK",
    "urn:oid:2.16.840.1.113883.6.96": "SNOMEDCT",
    "urn:oid:2.16.840.1.113883.6.90": "ICD10CM",
    "urn:oid:2.16.840.1.113883.6.103": "ICD9CM",
    "urn:oid:2.16.840.1.113883.6.88": "RXNORM",
    "urn:oid:2.16.840.1.113883.6.69": "NDC",
    "urn:oid:2.16.840.1.113883.6.1": "LOINC",
}
"""Coding system of FHIR (URL or OID) -> CURIE prefix."""


def codes_of(concept: Fields | None) -> tuple[str, ...]:
    """CURIEs of the codings of known systems, in their order, malformed ones left out."""
    if concept is None:
        return ()
    found: dict[str, None] = {}
    for coding in concept.items("coding"):
        system, code = coding.text("system"), coding.text("code")
        prefix = SYSTEMS.get((system or "").rstrip("/"))
        if prefix is None or code is None:
            continue
        local = code.strip()
        # HPO codes are written with their prefix: "HP:0001250"
        text = local if local.upper().startswith(f"{prefix}:") else f"{prefix}:{local}"
        try:
            found[canonical_curie(text)] = None
        except ValueError:
            continue
    return tuple(found)


def coded_item(concept: Fields | None) -> CodedItem | None:
    """Coded item of a CodeableConcept; None when no coding is of a known system."""
    codes = codes_of(concept)
    if concept is None or not codes:
        return None
    display = next((d for c in concept.items("coding") if (d := c.label("display"))), None)
    return CodedItem(id=codes[0], label=concept.label("text") or display, same_as=codes[1:])
