"""What the graph forbids to a group of patients: pregnancy, lactation, an age, a kidney function.

Decides how such a statement becomes an alert: at the level that the statement gives itself (a stop
when it gives none), but as a caution when the source narrows it in words that nobody can check. To
which group a patient belongs is decided by each rule.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from kg.groups import Threshold
from kg.snapshot import GraphSnapshot
from kg.vocabulary import Predicate
from reasoning.answer import Alert

from .contract import SEVERITIES
from .ingredients import ingredients_of
from .names import name_of

__all__ = ["GroupStatement", "GroupStatements"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupStatement:
    """One statement that forbids a drug to a group.

    Attributes:
        row: Edge row.
        drug: The drug that it is said of.
        threshold: The bound; None when the whole group is meant.
        severity: Level that the statement gives itself.
        applies_when: Words that narrow it.
    """

    row: int
    drug: int
    threshold: Threshold | None
    severity: str
    applies_when: str


class GroupStatements:
    """The statements about some groups, by drug.

    Args:
        snapshot: The graph.
        groups: Identifiers of the groups' nodes; those that the graph lacks count for nothing.
    """

    def __init__(self, snapshot: GraphSnapshot, groups: Iterable[str]) -> None:
        self._snapshot = snapshot
        self._ingredients = ingredients_of(snapshot)
        self._of: dict[int, list[GroupStatement]] = defaultdict(list)
        wanted = {snapshot.index(group) for group in groups} - {None}
        edges = snapshot.edges(Predicate.CONTRAINDICATED_IN, negated=False)
        rows = [
            r for r, tail in zip(edges.rows, edges.tail.tolist(), strict=True) if tail in wanted
        ]
        for row in map(int, rows):
            said = snapshot.statement(row)
            bound = said.qualifier("threshold")
            threshold = Threshold.parse(bound) if bound else None
            if bound and threshold is None:
                continue  # a bound that nobody can check says nothing
            severity = said.qualifier("severity") or "stop"
            drug = snapshot.index(said.subject)
            if drug is not None:
                self._of[drug].append(
                    GroupStatement(
                        row=row,
                        drug=drug,
                        threshold=threshold,
                        severity=severity if severity in SEVERITIES else "caution",
                        applies_when=said.qualifier("applies_when") or "",
                    )
                )

    def covers(self, treatment: int) -> bool:
        """Whether any statement is about the treatment or an ingredient of it."""
        return any(part in self._of for part in self._ingredients.of(treatment))

    def about(self, treatment: int) -> list[GroupStatement]:
        """Statements about the treatment and its ingredients."""
        parts = self._ingredients.of(treatment)
        return [said for part in parts for said in self._of.get(part, ())]

    def alert(self, kind: str, said: GroupStatement, words: str) -> Alert:
        """Alert of one statement that holds for the patient.

        Args:
            kind: Name of the rule.
            said: The statement.
            words: What it is contraindicated in, and why this patient is meant.
        """
        narrowed = said.severity == "stop" and said.applies_when
        when = f" (only when: {said.applies_when})" if said.applies_when else ""
        verb = "is not advised" if said.severity != "stop" else "is contraindicated"
        return Alert(
            severity="caution" if narrowed else said.severity,  # type: ignore[arg-type]
            kind=kind,
            reason=f"{name_of(self._snapshot, said.drug)} {verb} {words}{when}",
            statements=(self._snapshot.statement_id(said.row),),
        )
