"""Running all rules over a treatment and grouping what they say.

Decides the list of rules and the order and number of alerts: worst first, one for each rule and
level, so that an alert is read and not clicked away. Of several reasons in one alert the first
three are told and the rest counted; the statements of all stay.
"""

from collections.abc import Callable

from kg.snapshot import GraphSnapshot
from reasoning.answer import Alert

from .age import Age
from .allergy import Allergy
from .contract import SEVERITIES, PatientContext, SafetyRule
from .contraindication import Contraindication
from .duplicate import Duplicate
from .gene_guidance import GeneGuidance
from .interaction import Interaction
from .kidney import Kidney
from .lactation import Lactation
from .liver import Liver
from .pregnancy import Pregnancy
from .side_effect import SideEffect

__all__ = ["RULES", "SafetyCheck"]

RULES: tuple[Callable[[GraphSnapshot], SafetyRule], ...] = (
    Contraindication,
    Interaction,
    Allergy,
    Pregnancy,
    Lactation,
    Age,
    Kidney,
    Liver,
    GeneGuidance,
    Duplicate,
    SideEffect,
)
"""In the order in which alerts of one level are shown."""

_REASONS = 3


class SafetyCheck:
    """All rules, indexed once over a snapshot."""

    def __init__(self, snapshot: GraphSnapshot) -> None:
        self._rules = tuple(rule(snapshot) for rule in RULES)
        self._uncovered: dict[int, tuple[str, ...]] = {}

    def alerts(self, treatment: int, patient: PatientContext) -> tuple[Alert, ...]:
        """All alerts about one treatment, worst first, one for each rule and level."""
        grouped: dict[tuple[int, int], list[Alert]] = {}
        for order, rule in enumerate(self._rules):
            for alert in rule.alerts(treatment, patient):
                level = SEVERITIES.index(alert.severity)
                grouped.setdefault((level, order), []).append(alert)
        return tuple(_joined(grouped[key]) for key in sorted(grouped))

    def no_data(self, treatment: int) -> tuple[str, ...]:
        """Rules that the graph gives nothing to go by for a treatment; not a sign of safety."""
        known = self._uncovered.get(treatment)
        if known is None:
            known = tuple(rule.kind for rule in self._rules if not rule.covers(treatment))
            self._uncovered[treatment] = known
        return known

    def unknown(self, patient: PatientContext) -> tuple[str, ...]:
        """What the rules would have to know of a patient and do not."""
        said = (rule.unknown(patient) for rule in self._rules)
        return tuple(dict.fromkeys(words for words in said if words))


def _joined(alerts: list[Alert]) -> Alert:
    """Alerts of one rule and level as one."""
    if len(alerts) == 1:
        return alerts[0]
    reasons = list(dict.fromkeys(alert.reason for alert in alerts))
    told = "; ".join(reasons[:_REASONS])
    if len(reasons) > _REASONS:
        told += f"; and {len(reasons) - _REASONS} more"
    statements = dict.fromkeys(s for alert in alerts for s in alert.statements)
    return Alert(
        severity=alerts[0].severity,
        kind=alerts[0].kind,
        reason=told,
        statements=tuple(statements),
    )
