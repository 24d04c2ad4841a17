"""The answer to the question which diseases a drug may be for: a pydantic model, and how it looks.

Decides the contract of `iatros treat --drug`. How diseases are ranked is in
`reasoning.indications`. What it shares with the answer of a patient is in `reasoning.answer`.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from rich.console import Group
from rich.table import Table
from rich.text import Text

from .answer import Entity, GraphIdentity, ModelIdentity, Path, TreatmentEntity
from .render import describe_path, publications_of

__all__ = [
    "DrugAnswer",
    "RankedIndication",
    "SharedTrait",
    "SimilarTreatment",
    "StructuralNeighbour",
    "render_drug",
]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SharedTrait(_Record):
    """What two treatments have in common, with the statements that say so."""

    trait: Entity
    predicate: str
    statements: tuple[str, ...]


class SimilarTreatment(_Record):
    """A treatment like the one asked about."""

    rank: int
    treatment: TreatmentEntity
    weight: float = Field(
        description="share of likeness among all treatments, by targets, classes, adverse events, "
        "ingredients, name and text together"
    )
    shared: tuple[SharedTrait, ...] = ()


class StructuralNeighbour(_Record):
    """A treatment whose molecule looks like that of the one asked about."""

    rank: int
    treatment: TreatmentEntity
    tanimoto: float = Field(
        ge=0, le=1, description="share of circular substructures (ECFP4) that both have"
    )


class RankedIndication(_Record):
    """One disease of the ranking."""

    rank: int
    disease: Entity
    score: float = Field(description="orders the list; not a probability")
    status: Literal["indicated", "predicted", "contraindicated"]
    paths: tuple[Path, ...] = ()


class DrugAnswer(_Record):
    """Diseases that a drug may be for, and drugs like it."""

    treatment: TreatmentEntity
    graph: GraphIdentity
    model: ModelIdentity
    indications: tuple[RankedIndication, ...] = ()
    similar: tuple[SimilarTreatment, ...] = ()
    similar_in_structure: tuple[StructuralNeighbour, ...] = ()
    structure_note: str = Field(default="", description="why no structure is compared, if so")


def render_drug(answer: DrugAnswer) -> Group:
    """One answer for a terminal."""
    table = Table(title="Diseases", title_justify="left", show_edge=False, pad_edge=False)
    table.add_column("#", justify="right")
    table.add_column("disease", ratio=2)
    table.add_column("status")
    table.add_column("score", justify="right")
    table.add_column("evidence", ratio=5)
    for one in answer.indications:
        lines = [f"{describe_path(p)} [dim]\\[{publications_of(p)}][/dim]" for p in one.paths[:2]]
        table.add_row(
            str(one.rank), f"{one.disease.label}\n[dim]{one.disease.id}[/dim]", one.status,
            f"{one.score:.3f}", "\n".join(lines),
        )  # fmt: skip
    alike = Table(title="Similar treatments", title_justify="left", show_edge=False, pad_edge=False)
    alike.add_column("#", justify="right")
    alike.add_column("treatment", ratio=2)
    alike.add_column("weight", justify="right")
    alike.add_column("in common", ratio=5)
    for other in answer.similar:
        shared = "; ".join(trait.trait.label for trait in other.shared)
        alike.add_row(str(other.rank), other.treatment.label, f"{other.weight:.3f}", shared)
    name = Text(f"{answer.treatment.label} ({answer.treatment.id})", style="bold")
    molecules = Table(title="Similar molecules", title_justify="left", show_edge=False)
    molecules.add_column("#", justify="right")
    molecules.add_column("treatment", ratio=2)
    molecules.add_column("Tanimoto", justify="right")
    for like in answer.similar_in_structure:
        molecules.add_row(str(like.rank), like.treatment.label, f"{like.tanimoto:.2f}")
    note = Text(f"Similar molecules: {answer.structure_note}", style="dim")
    return Group(name, table, alike, note if answer.structure_note else molecules)
