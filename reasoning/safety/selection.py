"""Which ranked treatments are shown, and where those go that must not be given.

Decides that the best that are not stopped come first, in their order, and that the stopped ones
which outrank the last of them follow: below all that are not stopped, and still visible.
"""

from collections.abc import Iterable

from reasoning.answer import Alert

from .check import SafetyCheck
from .contract import PatientContext

__all__ = ["is_stopped", "select"]


def is_stopped(alerts: tuple[Alert, ...]) -> bool:
    """Whether the worst of some alerts, which stands first, is a stop."""
    return bool(alerts) and alerts[0].severity == "stop"


def select(
    ranked: Iterable[int], check: SafetyCheck, patient: PatientContext, *, top: int
) -> list[tuple[int, tuple[Alert, ...]]]:
    """Treatments to show with their alerts: `top` that are not stopped, then the stopped ones.

    Args:
        ranked: Treatments (node positions), best first.
        check: The rules.
        patient: The patient.
        top: How many that are not stopped.
    """
    kept: list[tuple[int, tuple[Alert, ...]]] = []
    stopped: list[tuple[int, tuple[Alert, ...]]] = []
    for treatment in ranked:
        alerts = check.alerts(treatment, patient)
        (stopped if is_stopped(alerts) else kept).append((treatment, alerts))
        if len(kept) >= top:
            break
    return kept + stopped
