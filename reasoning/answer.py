"""The answer: what `diagnose` and `treat` say of one case, a pydantic model with a JSON Schema.

Decides the outer contract only. How answers are computed is in `reasoning.diagnose` and
`reasoning.treat`, how they are shown in `reasoning.render`.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = [
    "Alert",
    "Answer",
    "Diagnosis",
    "Entity",
    "Evidence",
    "GraphIdentity",
    "Hop",
    "ModelIdentity",
    "Path",
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


class Diagnosis(_Record):
    """One disease of the ranking."""

    rank: int
    disease: Entity
    score: float = Field(description="orders the list; not a probability")
    probability: float | None = Field(default=None, description="calibrated, or null")
    evidence: tuple[Evidence, ...] = ()


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
    paths: tuple[Path, ...] = ()


class Answer(_Record):
    """Everything said about one case, or about one disease when `case_id` is null."""

    case_id: str | None = None
    disease: Entity | None = None
    graph: GraphIdentity
    model: ModelIdentity
    diagnoses: tuple[Diagnosis, ...] = ()
    treatments: tuple[RankedTreatment, ...] = ()
    unresolved_inputs: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
