"""What a built graph must never hold, kept with it, so that later additions obey it too.

Decides the file. What a control removes is decided in `kg.holdout`.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from .holdout import TREATMENT_PREDICATES
from .statements import Statement

__all__ = ["CONTROLS", "Controls"]

CONTROLS = "controls.json"
"""Name of the file in the folder of a graph."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Controls:
    """The controls of a build, in the ids of the graph that it made.

    Attributes:
        publications: Excluded publications; nothing may cite them.
        decoys: Publications of the diseases that were emptied so that emptiness tells nothing; no
            statement may cite them, a patient may.
        held_out: Diseases that have no treatments: those asked for and their families.
        licence_filter: `permissive` when only permissive sources are in.
        notes: Whether the notes of cases are in the graph.
    """

    publications: frozenset[str] = frozenset()
    decoys: frozenset[str] = frozenset()
    held_out: frozenset[str] = frozenset()
    licence_filter: Literal["permissive"] | None = None
    notes: bool = True

    def objection(self, statement: Statement) -> str:
        """Why a statement must stay out; empty when nothing speaks against it."""
        cited = statement.publications
        if not (self.publications.isdisjoint(cited) and self.decoys.isdisjoint(cited)):
            return "cites an excluded publication"
        ends = (statement.subject, statement.object)
        if statement.predicate in TREATMENT_PREDICATES and not self.held_out.isdisjoint(ends):
            return "treatment of a held-out disease"
        return ""

    def save(self, folder: Path) -> None:
        """Writes the controls into the folder of a graph."""
        content = {
            "publications": sorted(self.publications),
            "decoys": sorted(self.decoys),
            "held_out": sorted(self.held_out),
            "licence_filter": self.licence_filter,
            "notes": self.notes,
        }
        (folder / CONTROLS).write_text(json.dumps(content, indent=1) + "\n", "utf-8")

    @classmethod
    def load(cls, folder: Path) -> "Controls":
        """The controls of a graph folder; a folder without the file was built without any.

        Raises:
            OSError, ValueError, KeyError: The file is there and cannot be read.
        """
        path = folder / CONTROLS
        if not path.is_file():
            return cls()
        content = json.loads(path.read_text("utf-8"))
        return cls(
            publications=frozenset(content["publications"]),
            decoys=frozenset(content["decoys"]),
            held_out=frozenset(content["held_out"]),
            licence_filter=content["licence_filter"],
            notes=content["notes"],
        )
