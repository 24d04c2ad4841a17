"""The list of sources: one file each, all with the same contract (`kg.sources.contract`).

Decides which sources exist and in which order they are read. To add one: its file, its line in
`SOURCES`, its row files in `tests/kg/data`, a line in CHANGELOG.md.
"""

from .atc import Atc
from .biomappings import Biomappings
from .contract import DropReport, Record, Source, SourceFacts
from .demo_treatments import DemoTreatments
from .disease_catalogue import DiseaseCatalogue
from .disease_ontology import DiseaseOntology
from .drug_names import DrugNames
from .drugbank import DrugBank
from .drugbank_proteins import DrugBankProteins
from .drugcentral import DrugCentral
from .drugmechdb import DrugMechDB
from .everycure_contraindications import EveryCureContraindications
from .everycure_drugs import EveryCureDrugs
from .everycure_indications import EveryCureIndications
from .everycure_label_groups import EveryCureLabelGroups
from .gene_bridge import GeneBridge
from .gene_drug_guidance import GeneDrugGuidance
from .gene_tables import disgenet, gwas_catalog, hetionet_genes, jensen_diseases
from .hetionet_binding import HetionetBinding
from .hpo import Hpo
from .hpo_annotations import HpoAnnotations
from .hpo_genes import HpoGenes
from .icd import Icd
from .maxo import Maxo
from .maxo_diagnostics import MaxoDiagnostics
from .mondo import Mondo
from .onc_interactions import OncInteractions
from .patient_groups import PatientGroups
from .pharmacotherapydb import PharmacotherapyDB
from .sider import Sider

__all__ = ["SOURCES", "DropReport", "Record", "Source", "SourceFacts", "source_named"]

SOURCES: tuple[Source, ...] = (
    Hpo(),
    HpoAnnotations(),
    HpoGenes(),
    Mondo(),
    DiseaseCatalogue(),
    GeneBridge(),
    DiseaseOntology(),
    Biomappings(),
    Icd(),
    Maxo(),
    MaxoDiagnostics(),
    DrugBank(),
    EveryCureDrugs(),
    EveryCureIndications(),
    EveryCureContraindications(),
    PharmacotherapyDB(),
    DrugCentral(),
    DemoTreatments(),
    PatientGroups(),
    EveryCureLabelGroups(),
    GeneDrugGuidance(),
    DrugBankProteins(),
    HetionetBinding("permissive"),
    HetionetBinding("noncommercial"),
    OncInteractions(),
    Sider(),
    Atc(),
    DrugMechDB(),
    DrugNames(),
    gwas_catalog(),
    disgenet(),
    jensen_diseases(),
    hetionet_genes("permissive"),
    hetionet_genes("unstated"),
)
"""Every source, in the order of reading, the most trusted first: earlier names and mappings win."""


def source_named(name: str) -> Source:
    """The source of that name.

    Raises:
        ValueError: There is none; the message lists those there are.
    """
    for source in SOURCES:
        if source.facts.name == name:
            return source
    known = ", ".join(source.facts.name for source in SOURCES)
    raise ValueError(f"source {name!r} is not known; known: {known}")
