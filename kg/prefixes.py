"""The table of identifier spaces: canonical prefix, Bioregistry prefix, IRI, other spellings.

Decides how each identifier space is spelled in this project and which IRI it expands to. The
functions that use the table are in `kg.identifiers`.
"""

from typing import NamedTuple

__all__ = ["NAMESPACE", "PREFIXES", "PrefixFacts"]

NAMESPACE = "https://w3id.org/iatros/"
"""IRI under which the project mints what has no public identifier."""

_OBO = "http://purl.obolibrary.org/obo/"


class PrefixFacts(NamedTuple):
    """One identifier space.

    Attributes:
        prefix: Canonical spelling in this project.
        bioregistry: Prefix in the Bioregistry; empty when it has none.
        iri: IRI prefix that local identifiers are appended to.
        synonyms: Other spellings of the prefix, compared without case.
        other_iris: IRI prefixes that other publishers use for the same space.
    """

    prefix: str
    bioregistry: str
    iri: str
    synonyms: tuple[str, ...] = ()
    other_iris: tuple[str, ...] = ()


def _obo(prefix: str, *synonyms: str, bioregistry: str = "") -> PrefixFacts:
    """An OBO Foundry ontology, whose IRIs all follow one pattern."""
    return PrefixFacts(
        prefix,
        bioregistry or prefix.lower(),
        f"{_OBO}{prefix}_",
        synonyms,
        (f"https://purl.obolibrary.org/obo/{prefix}_", f"http://identifiers.org/{prefix.lower()}/"),
    )


PREFIXES: tuple[PrefixFacts, ...] = (
    # diseases and phenotypes
    _obo("MONDO"),
    _obo("HP", "HPO"),
    PrefixFacts(
        "OMIM",
        "omim",
        "https://omim.org/entry/",
        ("MIM", "omim.entry", "OMIM_ID"),
        (
            "http://omim.org/entry/",
            "https://www.omim.org/entry/",
            "http://www.omim.org/entry/",
            "http://identifiers.org/omim/",
            "https://identifiers.org/omim:",
            "http://purl.obolibrary.org/obo/OMIM_",
            "http://purl.bioontology.org/ontology/OMIM/",
        ),
    ),
    PrefixFacts(
        "OMIMPS",
        "omim.ps",
        "https://omim.org/phenotypicSeries/PS",
        ("OMIM.PS", "MIMPS", "OMIM_PS"),
        (
            "https://www.omim.org/phenotypicSeries/PS",
            "http://www.omim.org/phenotypicSeries/PS",
            "http://omim.org/phenotypicSeries/PS",
        ),
    ),
    PrefixFacts(
        "ORPHA",
        "orphanet.ordo",
        "http://www.orpha.net/ORDO/Orphanet_",
        ("Orphanet", "orphanet.ordo", "ORDO", "ORPHANUMBER", "ORPHACODE", "Orpha-number"),
        (
            "https://www.orpha.net/ORDO/Orphanet_",
            "http://identifiers.org/orphanet/",
            "http://identifiers.org/orphanet.ordo/Orphanet_",
        ),
    ),
    _obo("DOID", "DO"),
    PrefixFacts(
        "MESH",
        "mesh",
        "http://id.nlm.nih.gov/mesh/",
        ("MSH", "MeSH", "MESHD", "MESH_ID"),
        (
            "https://id.nlm.nih.gov/mesh/",
            "http://identifiers.org/mesh/",
            "https://meshb.nlm.nih.gov/record/ui?ui=",
            "http://purl.bioontology.org/ontology/MESH/",
        ),
    ),
    PrefixFacts(
        "UMLS",
        "umls",
        "http://linkedlifedata.com/resource/umls/id/",
        ("UMLS_CUI", "CUI", "UMLSCUI"),
        ("https://uts.nlm.nih.gov/uts/umls/concept/", "http://identifiers.org/umls/"),
    ),
    PrefixFacts(
        "SNOMEDCT",
        "snomedct",
        "http://snomed.info/id/",
        ("SCTID", "SNOMED", "SNOMED_CT", "SNOMEDCT_US", "SNOMED-CT", "SCT"),
        ("http://identifiers.org/snomedct/", "http://purl.bioontology.org/ontology/SNOMEDCT/"),
    ),
    PrefixFacts(
        "ICD10CM",
        "icd10cm",
        "http://purl.bioontology.org/ontology/ICD10CM/",
        ("ICD-10-CM", "ICD10-CM", "ICD_10_CM"),
        ("https://icd.codes/icd10cm/", "http://hl7.org/fhir/sid/icd-10-cm/"),
    ),
    PrefixFacts(
        "ICD10", "icd10", "http://identifiers.org/icd/", ("ICD-10", "ICD10WHO", "ICD-10-WHO")
    ),
    PrefixFacts("ICD11", "icd11", "http://id.who.int/icd/entity/", ("ICD-11", "icd11.foundation")),
    PrefixFacts(
        "ICD9CM",
        "icd9cm",
        "http://purl.bioontology.org/ontology/ICD9CM/",
        ("ICD-9-CM", "ICD9", "ICD-9", "ICD9-CM", "ICD_9_CM"),
    ),
    PrefixFacts("ICDO", "icdo", "http://identifiers.org/icdo/", ("ICD-O", "ICDO-3")),
    PrefixFacts(
        "MEDGEN",
        "medgen",
        "http://identifiers.org/medgen/",
        ("MedGenCUI", "MEDGENCUI"),
        ("https://www.ncbi.nlm.nih.gov/medgen/", "http://www.ncbi.nlm.nih.gov/medgen/"),
    ),
    PrefixFacts("GARD", "gard", "http://identifiers.org/gard/"),
    PrefixFacts(
        "NCIT",
        "ncit",
        f"{_OBO}NCIT_",
        ("NCI", "NCIt", "NCI_Thesaurus"),
        ("http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl#", "http://identifiers.org/ncit/"),
    ),
    PrefixFacts("DECIPHER", "decipher", "https://www.deciphergenomics.org/syndrome/", ("DDD",)),
    PrefixFacts(
        "EFO", "efo", "http://www.ebi.ac.uk/efo/EFO_", (), ("https://www.ebi.ac.uk/efo/EFO_",)
    ),
    PrefixFacts("MEDDRA", "meddra", "http://identifiers.org/meddra/", ("MedDRA", "MDR")),
    PrefixFacts("NORD", "", "https://rarediseases.org/rare-diseases/"),
    PrefixFacts("KEGG", "kegg", "https://www.kegg.jp/entry/", ("kegg.disease", "kegg.drug")),
    _obo("MP"),
    # drugs and chemicals
    PrefixFacts(
        "DRUGBANK",
        "drugbank",
        "https://go.drugbank.com/drugs/",
        ("DB", "DrugBank", "DrugBank_ID"),
        (
            "http://go.drugbank.com/drugs/",
            "https://www.drugbank.ca/drugs/",
            "http://www.drugbank.ca/drugs/",
            "http://identifiers.org/drugbank/",
        ),
    ),
    _obo("CHEBI", "ChEBI"),
    PrefixFacts(
        "CHEMBL",
        "chembl.compound",
        "https://www.ebi.ac.uk/chembl/compound_report_card/",
        ("ChEMBL", "chembl.compound", "CHEMBL.COMPOUND"),
        (
            "http://identifiers.org/chembl.compound/",
            "http://rdf.ebi.ac.uk/resource/chembl/molecule/",
        ),
    ),
    PrefixFacts(
        "PUBCHEM",
        "pubchem.compound",
        "http://rdf.ncbi.nlm.nih.gov/pubchem/compound/CID",
        ("pubchem.compound", "PUBCHEM.COMPOUND", "PUBCHEM_CID", "PubChem", "CID"),
        ("https://pubchem.ncbi.nlm.nih.gov/compound/", "http://identifiers.org/pubchem.compound/"),
    ),
    PrefixFacts(
        "RXNORM",
        "rxnorm",
        "http://purl.bioontology.org/ontology/RXNORM/",
        ("RxNorm", "RXCUI", "RxCUI", "RXNORM_RXCUI"),
        ("http://identifiers.org/rxnorm/", "http://www.nlm.nih.gov/research/umls/rxnorm/"),
    ),
    PrefixFacts(
        "ATC",
        "atc",
        "http://purl.bioontology.org/ontology/ATC/",
        ("WHOCC", "ATC_CODE", "ATCCODE"),
        ("http://identifiers.org/atc/", "http://purl.bioontology.org/ontology/UATC/"),
    ),
    PrefixFacts("UNII", "unii", "http://identifiers.org/unii/", ("FDA_UNII", "FDASRS")),
    PrefixFacts("NDC", "ndc", "http://identifiers.org/ndc/", (), ("http://hl7.org/fhir/sid/ndc/",)),
    PrefixFacts("GSN", "", f"{NAMESPACE}gsn/"),
    PrefixFacts("CAS", "cas", "https://commonchemistry.cas.org/detail?ref=", ("CASRN", "CAS_RN")),
    PrefixFacts("INCHIKEY", "inchikey", "http://identifiers.org/inchikey/", ("InChIKey",)),
    PrefixFacts("SIDER", "sider.drug", "http://sideeffects.embl.de/drugs/", ("sider.drug",)),
    PrefixFacts("STITCH", "stitch", "http://stitch.embl.de/interactions/"),
    PrefixFacts(
        "DRUGCENTRAL", "drugcentral", "https://drugcentral.org/drugcard/", ("DRUG_CENTRAL",)
    ),
    PrefixFacts(
        "NDFRT",
        "ndfrt",
        "http://purl.bioontology.org/ontology/NDFRT/",
        ("NDF-RT", "NDF_RT", "EPC", "MEDRT", "MED-RT"),
    ),
    PrefixFacts("CVX", "cvx", "http://hl7.org/fhir/sid/cvx/"),
    # genes, proteins, processes
    PrefixFacts(
        "HGNC",
        "hgnc",
        "http://identifiers.org/hgnc/",
        ("HGNC_ID",),
        (
            "https://identifiers.org/hgnc/",
            "https://identifiers.org/hgnc:",
            "https://www.genenames.org/data/gene-symbol-report/#!/hgnc_id/HGNC:",
            "https://www.genenames.org/data/gene-symbol-report/#!/hgnc_id/",
        ),
    ),
    PrefixFacts(
        "NCBIGENE",
        "ncbigene",
        "http://identifiers.org/ncbigene/",
        ("NCBIGene", "ENTREZ", "ENTREZGENE", "Entrez Gene", "GENEID", "NCBI_GENE", "NCBI_GENE_ID"),
        (
            "https://www.ncbi.nlm.nih.gov/gene/",
            "http://www.ncbi.nlm.nih.gov/gene/",
            "https://identifiers.org/ncbigene/",
        ),
    ),
    PrefixFacts(
        "ENSEMBL",
        "ensembl",
        "http://identifiers.org/ensembl/",
        ("ENS",),
        ("https://identifiers.org/ensembl/", "http://rdf.ebi.ac.uk/resource/ensembl/"),
    ),
    PrefixFacts("SYMBOL", "hgnc.symbol", "http://identifiers.org/hgnc.symbol/", ("hgnc.symbol",)),
    PrefixFacts(
        "UNIPROT",
        "uniprot",
        "http://purl.uniprot.org/uniprot/",
        ("UniProtKB", "UNIPROTKB", "Swiss-Prot", "uniprot.protein"),
        (
            "https://www.uniprot.org/uniprot/",
            "http://www.uniprot.org/uniprot/",
            "https://www.uniprot.org/uniprotkb/",
            "http://identifiers.org/uniprot/",
        ),
    ),
    PrefixFacts("TIGR", "tigrfam", "http://identifiers.org/tigrfam/", ("TIGRFAM",)),
    PrefixFacts("PFAM", "pfam", "http://identifiers.org/pfam/"),
    PrefixFacts(
        "REACTOME",
        "reactome",
        "https://reactome.org/content/detail/",
        ("REACT",),
        ("http://identifiers.org/reactome/",),
    ),
    PrefixFacts("INTERPRO", "interpro", "http://identifiers.org/interpro/", ("IPR",)),
    _obo("GO"),
    _obo("PR", "PRO"),
    _obo("CL"),
    _obo("SO"),
    _obo("PATO"),
    _obo("GENO"),
    _obo("ECO"),
    _obo("UBERON"),
    _obo("MAXO"),
    PrefixFacts(
        "NCBITAXON",
        "ncbitaxon",
        f"{_OBO}NCBITaxon_",
        ("NCBITaxon", "taxonomy", "TAXON", "TAXID", "NCBI_TAXID"),
        ("http://identifiers.org/taxonomy/", "http://purl.uniprot.org/taxonomy/"),
    ),
    # variants and observations
    PrefixFacts("VAR", "", f"{NAMESPACE}variant/"),
    PrefixFacts("CLINVAR", "clinvar.variation", "http://identifiers.org/clinvar/", ("clinvar",)),
    PrefixFacts("DBSNP", "dbsnp", "http://identifiers.org/dbsnp/", ("rs",)),
    PrefixFacts(
        "LOINC",
        "loinc",
        "http://loinc.org/rdf/",
        ("LNC",),
        ("https://loinc.org/", "http://loinc.org/"),
    ),
    # publications and people
    PrefixFacts(
        "PMID",
        "pubmed",
        "http://www.ncbi.nlm.nih.gov/pubmed/",
        ("PUBMED", "PubMed_ID", "MEDLINE"),
        (
            "https://www.ncbi.nlm.nih.gov/pubmed/",
            "https://pubmed.ncbi.nlm.nih.gov/",
            "http://pubmed.ncbi.nlm.nih.gov/",
            "http://identifiers.org/pubmed/",
            "http://rdf.ncbi.nlm.nih.gov/pubmed/",
        ),
    ),
    PrefixFacts(
        "PMCID",
        "pmc",
        "http://www.ncbi.nlm.nih.gov/pmc/articles/",
        ("PMC",),
        (
            "https://www.ncbi.nlm.nih.gov/pmc/articles/",
            "https://pmc.ncbi.nlm.nih.gov/articles/",
            "http://identifiers.org/pmc/",
        ),
    ),
    PrefixFacts(
        "DOI",
        "doi",
        "https://doi.org/",
        (),
        ("http://doi.org/", "http://dx.doi.org/", "https://dx.doi.org/"),
    ),
    PrefixFacts("ISBN", "isbn", "https://www.worldcat.org/isbn/", ("ISBN-13", "ISBN-10")),
    PrefixFacts("NCT", "clinicaltrials", "https://clinicaltrials.gov/study/", ("clinicaltrials",)),
    PrefixFacts("ORCID", "orcid", "https://orcid.org/", (), ("http://orcid.org/",)),
    PrefixFacts("WIKIDATA", "wikidata", "http://www.wikidata.org/entity/", ("WD",)),
    PrefixFacts("WIKIPEDIA", "wikipedia.en", "https://en.wikipedia.org/wiki/", ("wikipedia.en",)),
    # the project's own
    PrefixFacts("case", "", f"{NAMESPACE}case/"),
    PrefixFacts("iatros", "", NAMESPACE),
)
"""Every identifier space that the project spells itself; the order has no meaning."""
