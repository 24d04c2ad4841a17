"""Duplicate therapy: the patient already takes this, or another drug of the same class.

Decides that the class is the chemical subgroup of ATC (level 4, five characters), that a second
drug of it is a caution, and that a treatment which the patient already takes is a note. A drug
stands in several classes when it has several uses; one shared class is enough.
"""

from collections import defaultdict

from kg.snapshot import GraphSnapshot
from kg.vocabulary import Predicate
from reasoning.answer import Alert

from .contract import PatientContext
from .ingredients import ingredients_of
from .names import name_of

__all__ = ["Duplicate"]

_LEVEL_4 = len("ATC:") + 5
_REMAINDERS = ("other", "various")
_UNSPECIFIC = "X"  # "other drugs of …": the subgroup that ends in X is a remainder, no class


class Duplicate:
    """Cautions about a second drug of a class that the patient takes one of."""

    kind = "duplicate therapy"

    def __init__(self, snapshot: GraphSnapshot) -> None:
        self._snapshot = snapshot
        self._ingredients = ingredients_of(snapshot)
        self._classes: dict[int, dict[int, int]] = defaultdict(dict)
        ids = snapshot.node_ids
        edges = snapshot.edges(Predicate.HAS_ROLE, negated=False)
        columns = (edges.head.tolist(), edges.tail.tolist(), edges.rows.tolist())
        for drug, role, row in zip(*columns, strict=True):
            code = ids[role]
            is_class = code.startswith("ATC:") and len(code) == _LEVEL_4
            remainder = snapshot.labels[role].casefold().startswith(_REMAINDERS)
            if is_class and not remainder and not code.endswith(_UNSPECIFIC):
                self._classes[drug].setdefault(role, row)

    def alerts(self, treatment: int, patient: PatientContext) -> list[Alert]:
        """At most one alert for each current medicine."""
        if not patient.medicines:
            return []
        parts = self._ingredients.of(treatment)
        ours = {role: (p, row) for p in parts for role, row in self._classes.get(p, {}).items()}
        found = []
        for medicine in patient.medicines:
            contents = self._ingredients.of(medicine)
            same = set(contents) & set(parts)
            alert = self._taken(same) if same else self._shared(ours, contents)
            if alert is not None:
                found.append(alert)
        return found

    def _taken(self, same: set[int]) -> Alert | None:
        rows = [row for node in sorted(same) for row in self._classes.get(node, {}).values()]
        if not rows:
            return None
        name = name_of(self._snapshot, min(same))
        return Alert(
            severity="note",
            kind=self.kind,
            reason=f"the patient already takes {name}",
            statements=(self._snapshot.statement_id(rows[0]),),
        )

    def _shared(self, ours: dict[int, tuple[int, int]], contents: tuple[int, ...]) -> Alert | None:
        for other in contents:
            for role, row in self._classes.get(other, {}).items():
                if role in ours:
                    part, own = ours[role]
                    drug, taken = (name_of(self._snapshot, node) for node in (part, other))
                    return Alert(
                        severity="caution",
                        kind=self.kind,
                        reason=f"{drug} and the current medicine {taken} are both "
                        f"{name_of(self._snapshot, role)}",
                        statements=tuple(self._snapshot.statement_id(r) for r in (own, row)),
                    )
        return None

    def covers(self, treatment: int) -> bool:
        """Whether the graph gives the treatment an ATC class."""
        return any(part in self._classes for part in self._ingredients.of(treatment))

    def unknown(self, patient: PatientContext) -> str | None:
        """Nothing of its own: current medicines are asked for by the rule of interactions."""
        del patient
        return None
