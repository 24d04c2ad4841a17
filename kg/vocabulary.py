"""The closed lists of the graph: node types, predicates, qualifiers, and their Biolink terms.

Decides what kinds of things and relations exist. What an identifier looks like is decided in
`kg.identifiers`; how a statement becomes RDF in `kg.rdf`.
"""

from enum import StrEnum

__all__ = ["QUALIFIERS", "NodeType", "Predicate"]


class NodeType(StrEnum):
    """Kind of a node; the value is the local name of its Biolink class."""

    DISEASE = "Disease"
    PHENOTYPE = "PhenotypicFeature"
    GENE = "Gene"
    DRUG = "Drug"
    DRUG_CLASS = "ChemicalRole"
    ACTION = "ClinicalIntervention"
    ADVERSE_EVENT = "DiseaseOrPhenotypicFeature"
    PROTEIN = "Protein"
    PROCESS = "BiologicalProcess"
    CHEMICAL = "ChemicalEntity"
    ANATOMY = "AnatomicalEntity"
    TAXON = "OrganismTaxon"
    CASE = "Case"


class Predicate(StrEnum):
    """Relation from subject to object; the value is the local name of its Biolink slot."""

    SUBCLASS_OF = "subclass_of"
    HAS_PHENOTYPE = "has_phenotype"
    HAS_INHERITANCE = "has_mode_of_inheritance"  # disease -> HP term
    HAS_ATTRIBUTE = "has_attribute"  # disease -> HP term of onset, course or clinical modifier
    CAUSES = "causes"  # gene -> disease, Mendelian
    GENE_ASSOCIATED_WITH = "gene_associated_with_condition"  # gene -> disease
    TREATS = "treats"  # drug or action -> disease
    AMELIORATES = "ameliorates_condition"  # drug -> disease, symptomatic
    PREVENTS = "preventative_for_condition"
    CONTRAINDICATED_IN = "contraindicated_in"  # drug or action -> disease
    AFFECTS = "affects"  # drug -> gene (target, enzyme, transporter or carrier: qualifier role)
    HAS_ROLE = "has_chemical_role"  # drug -> drug class
    HAS_PART = "has_part"  # combination -> ingredient
    INTERACTS_WITH = "interacts_with"  # drug <-> drug
    HAS_ADVERSE_EVENT = "has_adverse_event"  # drug -> phenotype or adverse event
    DIAGNOSES = "diagnoses"  # action (test) -> phenotype
    RELATED_TO = "related_to"  # mechanism steps; the upstream verb is the qualifier mechanism
    HAS_DISEASE = "has_disease"  # case -> disease
    HAS_GENE = "has_gene"  # case -> gene
    AFFECTS_RESPONSE = "affects_response_to"  # gene -> drug (qualifier genotype says which forms)


QUALIFIERS: tuple[str, ...] = (
    "frequency_text",  # frequency as the source wrote it: "7/13", "45%", "HP:0040281"
    "kind",  # treatment kind: disease-modifying, symptomatic, labelled, ...
    "target_phenotype",  # the phenotype that an action treats in the disease
    "role",  # protein role of a drug: target, enzyme, transporter, carrier
    "action",  # effect on the protein: inhibitor, agonist, ...
    "severity",  # of an interaction
    "region",  # of an approval
    "mechanism",  # upstream verb of a mechanism step
    "label_text",  # regulator's label passage that a statement was mined from
    "original_subject",  # identifier before it was mapped to the node
    "original_object",
    "description",  # free text of the source
    "modifier",  # HPO clinical modifier
    "pathway",  # mechanism path that a step belongs to
    "genotype",  # forms of the gene that a guidance is about, separated by "|"
    "threshold",  # number that bounds a statement: "age_years<12", "egfr<30"
    "applies_when",  # words of the source that narrow when a statement holds
    "frequency_lower",  # bounds that the source gives, where the frequency is their middle
    "frequency_upper",
    "comparator",  # who was counted instead of the treated: "placebo"
    "level",  # level of the term in its terminology: LLT, PT
    "label_concept",  # concept as it was found on the label, before it was put under the object
    "document",  # of a mined statement: id of the paper in its corpus
    "section",  # kind of section that it was read in
    "offsets",  # "start-end" of the evidence, in characters of the document's text
    "subject_offsets",  # of the name of the subject
    "object_offsets",
    "sentence_sha256",  # of the evidence, white space folded
    "sentence",  # the evidence itself, where the paper's licence allows it
    "hedged",  # "true": the paper says it with caution
    "direction",  # increases or decreases
    "species",  # taxon that was studied
    "study_type",  # kind of study
    "model",  # miner that read it
    "model_version",
    "curator",  # ORCID of who accepted it
    "stated_by",  # source that a graph which was read as RDF names for its statement
)
"""Names that `Statement.qualifiers` may use, beside the fields of `Statement`."""
