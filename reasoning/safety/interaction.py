"""Drug-drug interaction: a treatment and a current medicine must not be combined.

Decides how the severity that the source states becomes an alert level: what a source calls high
priority or severe is a stop, what it says need not interrupt anybody is a note, all else is a
caution. Both drugs are read through their ingredients.
"""

from collections import defaultdict

from kg.snapshot import GraphSnapshot
from kg.vocabulary import Predicate
from reasoning.answer import Alert

from .contract import SEVERITIES, PatientContext
from .ingredients import ingredients_of
from .names import name_of

__all__ = ["Interaction"]

_LEVELS = {
    **dict.fromkeys(("severe", "high", "major", "contraindicated"), "stop"),
    **dict.fromkeys(("minor", "low"), "note"),
}


class Interaction:
    """Stops, cautions and notes from `interacts_with` statements between two drugs."""

    kind = "interaction"

    def __init__(self, snapshot: GraphSnapshot) -> None:
        self._snapshot = snapshot
        self._ingredients = ingredients_of(snapshot)
        self._rows: dict[int, dict[int, tuple[str, str, int]]] = defaultdict(dict)
        edges = snapshot.edges(Predicate.INTERACTS_WITH, negated=False)
        severities = snapshot.qualifier_column("severity", edges.rows)
        columns = (edges.head.tolist(), edges.tail.tolist(), edges.rows.tolist(), severities)
        for head, tail, row, severity in zip(*columns, strict=True):
            stated = (severity or "").lower()
            said = (_LEVELS.get(stated, "caution"), stated or "severity not stated", row)
            for one, other in ((head, tail), (tail, head)):
                known = self._rows[one].get(other)
                if known is None or SEVERITIES.index(said[0]) < SEVERITIES.index(known[0]):
                    self._rows[one][other] = said

    def alerts(self, treatment: int, patient: PatientContext) -> list[Alert]:
        """One alert for each current medicine that interacts with the treatment."""
        found: dict[tuple[int, int], Alert] = {}
        for part in self._ingredients.of(treatment):
            partners = self._rows.get(part)
            if not partners:
                continue
            for medicine in patient.medicines:
                for other in self._ingredients.of(medicine):
                    if other in partners:
                        found[part, other] = self._alert(part, other, partners[other])
        return list(found.values())

    def _alert(self, drug: int, other: int, said: tuple[str, str, int]) -> Alert:
        level, stated, row = said
        names = [name_of(self._snapshot, node) for node in (drug, other)]
        return Alert(
            severity=level,  # type: ignore[arg-type]
            kind=self.kind,
            reason=f"{names[0]} interacts with the current medicine {names[1]} ({stated})",
            statements=(self._snapshot.statement_id(row),),
        )

    def covers(self, treatment: int) -> bool:
        """Whether the graph knows any interaction of the treatment."""
        return any(part in self._rows for part in self._ingredients.of(treatment))

    def unknown(self, patient: PatientContext) -> str | None:
        """Current medicines, when none is known."""
        return None if patient.medicines else "current medicines"
