"""The answer: what `diagnose` and `treat` say of one case, a pydantic model with a JSON Schema.

Decides the outer contract only. How answers are computed is in `reasoning.diagnose` and
`reasoning.treat`, how they are shown in `reasoning.render`.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = [
    "Alert",
    "Answer",
    "Certainty",
    "CostClass",
    "Counterfactual",
    "Diagnosis",
    "Entity",
    "Evidence",
    "Examination",
    "GraphIdentity",
    "Hop",
    "ModelIdentity",
    "NotedFinding",
    "Passage",
    "Path",
    "Question",
    "RankedGene",
    "RankedTreatment",
    "TreatmentEntity",
]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class GraphIdentity(_Record):
    """Which graph the answer rests on."""

    digest: str
    release: str


class ModelIdentity(_Record):
    """Which trained model gave the scores."""

    digest: str


class Entity(_Record):
    """A node of the graph as a reader sees it; `xrefs` are all identifiers mapped to it."""

    id: str
    label: str
    xrefs: tuple[str, ...] = ()


class TreatmentEntity(Entity):
    """A drug or a medical action."""

    kind: Literal["drug", "action"]


class Hop(_Record):
    """One step of a path: a statement of the graph, read along or against its direction."""

    subject: Entity
    predicate: str
    object: Entity
    direction: Literal["forward", "backward"]
    statement: str = Field(description="CURIE of the association node in the graph")
    source: str
    publications: tuple[str, ...] = ()


class Path(_Record):
    """A chain of statements from the treatment to the disease."""

    hops: tuple[Hop, ...]


class Evidence(_Record):
    """Why a diagnosis stands where it stands: one finding, or one published patient.

    `matched` is what the finding and the disease's annotation have in common: the finding itself,
    or a more general term. `weight_nats` is the log-likelihood ratio that the finding gives the
    disease against the background; positive speaks for it. It is null for evidence that has no such
    weight.
    """

    kind: Literal["finding", "absent_finding", "gene", "case"]
    finding: Entity
    matched: Entity | None = None
    weight_nats: float | None = None
    statements: tuple[str, ...] = ()
    publications: tuple[str, ...] = ()
    text: str = ""


class Passage(_Record):
    """A place of a paper that speaks for or against a treatment, or a finding, of a disease.

    The sentence itself is there only where the licence of the paper allows it; the place always is.
    """

    stance: Literal["supporting", "contradicting"]
    publication: str
    section: str
    start: int | None = Field(default=None, description="first character in the paper's text")
    end: int | None = None
    sentence: str | None = None
    predicate: str
    confidence: float
    hedged: bool = Field(default=False, description="the paper says it with caution")
    statement: str = Field(description="CURIE of the association node in the graph")


class Diagnosis(_Record):
    """One disease of the ranking."""

    rank: int
    disease: Entity
    score: float = Field(description="orders the list; not a probability")
    probability: float | None = Field(default=None, description="calibrated, or null")
    in_set: bool | None = Field(
        default=None, description="member of the conformal set; null when there is none"
    )
    nats_for: float | None = Field(
        default=None, description="sum of the findings' log-likelihood ratios above 0"
    )
    nats_against: float | None = Field(
        default=None, description="sum of the findings' log-likelihood ratios below 0"
    )
    evidence: tuple[Evidence, ...] = ()
    passages: tuple[Passage, ...] = Field(
        default=(), description="what mined papers say of it and of the patient's findings"
    )


class Certainty(_Record):
    """How sure the ranking is as a whole.

    The set holds the first `set_size` diseases of the catalogue; with the stated coverage it holds
    the patient's disease, if that is in the catalogue.
    """

    none_of_catalogue: float = Field(
        description="probability that the disease is not in the catalogue, or cannot be told"
    )
    coverage: float = Field(description="share of patients whose set holds their disease, at least")
    set_size: int
    set_shown: int = Field(description="members of the set among the diagnoses listed")


CostClass = Literal[
    "examination", "recording", "laboratory", "imaging", "genetic", "invasive", "other"
]


class Examination(_Record):
    """What shows a finding, and how much it asks of patient and purse."""

    action: Entity
    cost: CostClass
    statement: str = Field(description="CURIE of the association node in the graph")


class Question(_Record):
    """A finding worth asking about now."""

    finding: Entity
    gain_nats: float = Field(description="expected information about the disease")
    chance_of_yes: float
    examinations: tuple[Examination, ...] = ()


class Counterfactual(_Record):
    """The answer, had a finding not been stated."""

    without: Entity
    first: Entity = Field(description="the disease that would stand first")
    changed: bool = Field(description="another disease than with the finding")
    effect_nats: float = Field(
        description="what the finding adds to the log-probability of the first diagnosis"
    )


class RankedGene(_Record):
    """A candidate gene of the case."""

    rank: int
    gene: Entity
    probability: float | None = Field(default=None, description="calibrated, or null")
    score: float = Field(description="orders the list; not a probability")
    diseases: tuple[Entity, ...] = ()


class NotedFinding(_Record):
    """A finding that the note of the case names, and whether the ranking used it.

    Not used are suspicions, findings of relatives, and terms that the case gives already.
    """

    finding: Entity
    stance: Literal["present", "excluded", "possible", "family"]
    start: int = Field(description="first character in the note")
    end: int
    section: str = Field(description="kind of section, `other` without a known heading")
    used: bool


class Alert(_Record):
    """A safety finding about a treatment for this patient, with the statements it rests on."""

    severity: Literal["stop", "caution", "note"]
    kind: str
    reason: str
    statements: tuple[str, ...] = ()


class RankedTreatment(_Record):
    """One treatment of the ranking; a stopped one stays visible, below all that are not."""

    rank: int
    treatment: TreatmentEntity
    for_disease: Entity
    score: float = Field(description="orders the list; not a probability")
    probability: float | None = Field(default=None, description="calibrated, or null")
    status: Literal["indicated", "predicted", "contraindicated"]
    alerts: tuple[Alert, ...] = ()
    no_data: tuple[str, ...] = Field(
        default=(),
        description="safety rules that the graph gives nothing to go by; not a sign of safety",
    )
    paths: tuple[Path, ...] = ()
    passages: tuple[Passage, ...] = Field(
        default=(), description="what mined papers say for and against it"
    )


class Answer(_Record):
    """Everything said about one case, or about one disease when `case_id` is null."""

    case_id: str | None = None
    disease: Entity | None = None
    graph: GraphIdentity
    model: ModelIdentity
    noted: tuple[NotedFinding, ...] = Field(default=(), description="findings of the note")
    diagnoses: tuple[Diagnosis, ...] = ()
    certainty: Certainty | None = None
    counterfactuals: tuple[Counterfactual, ...] = ()
    next_questions: tuple[Question, ...] = ()
    genes: tuple[RankedGene, ...] = ()
    treatments: tuple[RankedTreatment, ...] = ()
    unresolved_inputs: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
