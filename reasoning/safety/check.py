"""Running all rules over a treatment and grouping what they say.

Decides the list of rules and the order and number of alerts: worst first, one for each kind and
reason, so that an alert is read and not clicked away.
"""

from collections.abc import Callable

from kg.snapshot import GraphSnapshot
from reasoning.answer import Alert

from .allergy import Allergy
from .contract import SEVERITIES, PatientContext, SafetyRule
from .contraindication import Contraindication
from .interaction import Interaction

__all__ = ["RULES", "SafetyCheck"]

RULES: tuple[Callable[[GraphSnapshot], SafetyRule], ...] = (
    Contraindication,
    Interaction,
    Allergy,
)


class SafetyCheck:
    """All rules, indexed once over a snapshot."""

    def __init__(self, snapshot: GraphSnapshot) -> None:
        self._rules = tuple(rule(snapshot) for rule in RULES)

    def alerts(self, treatment: int, patient: PatientContext) -> tuple[Alert, ...]:
        """All alerts about one treatment, worst first; statements of equal alerts are joined."""
        grouped: dict[tuple[str, str, str], list[str]] = {}
        for rule in self._rules:
            for alert in rule.alerts(treatment, patient):
                statements = grouped.setdefault((alert.severity, alert.kind, alert.reason), [])
                statements.extend(s for s in alert.statements if s not in statements)
        alerts = (
            Alert(severity=key[0], kind=key[1], reason=key[2], statements=tuple(statements))  # type: ignore[arg-type]
            for key, statements in grouped.items()
        )
        return tuple(sorted(alerts, key=lambda a: SEVERITIES.index(a.severity)))
