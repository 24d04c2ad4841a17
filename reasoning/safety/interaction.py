"""Drug-drug interaction: a treatment and a current medicine must not be combined.

Decides how the severity that the source states becomes an alert level: what a source calls high
priority or severe is a stop, all else a caution. Both drugs are read through their ingredients.
"""

from collections import defaultdict

from kg.snapshot import GraphSnapshot
from kg.vocabulary import Predicate
from reasoning.answer import Alert

from .contract import PatientContext
from .ingredients import Ingredients

__all__ = ["Interaction"]

_STOP = frozenset({"severe", "high", "major", "contraindicated"})


class Interaction:
    """Stops and cautions from `interacts_with` statements between two drugs."""

    kind = "interaction"

    def __init__(self, snapshot: GraphSnapshot) -> None:
        self._snapshot = snapshot
        self._ingredients = Ingredients(snapshot)
        self._rows: dict[tuple[int, int], int] = {}
        self._partners: dict[int, set[int]] = defaultdict(set)
        edges = snapshot.edges(Predicate.INTERACTS_WITH, negated=False)
        columns = (edges.head.tolist(), edges.tail.tolist(), edges.rows.tolist())
        for head, tail, row in zip(*columns, strict=True):
            for pair in ((head, tail), (tail, head)):
                known = self._rows.get(pair)
                if known is None or (self._severe(row) and not self._severe(known)):
                    self._rows[pair] = row
                self._partners[pair[0]].add(pair[1])

    def alerts(self, treatment: int, patient: PatientContext) -> list[Alert]:
        """One alert for each current medicine that interacts with the treatment."""
        found: list[Alert] = []
        for part in self._ingredients.of(treatment):
            partners = self._partners.get(part)
            if not partners:
                continue
            for medicine in patient.medicines:
                found.extend(
                    self._alert(part, other, self._rows[part, other])
                    for other in self._ingredients.of(medicine)
                    if other in partners
                )
        return found

    def _severe(self, row: int) -> bool:
        return (self._snapshot.statement(row).qualifier("severity") or "").lower() in _STOP

    def _alert(self, drug: int, other: int, row: int) -> Alert:
        severity = self._snapshot.statement(row).qualifier("severity") or "severity not stated"
        names = [self._snapshot.node(n).label or self._snapshot.node(n).id for n in (drug, other)]
        return Alert(
            severity="stop" if self._severe(row) else "caution",
            kind=self.kind,
            reason=f"{names[0]} interacts with the current medicine {names[1]} ({severity})",
            statements=(self._snapshot.statement(row).id,),
        )
