"""Safety rules: symbolic checks of ranked treatments against what is known of the patient.

Decides which rules run (`RULES`) and how their alerts are grouped. Each rule is one file. A rule
speaks only from statements of the graph; where the graph says nothing it says nothing, which is
never a statement that a treatment is safe: `SafetyCheck.no_data` names the gaps.
"""

from .check import RULES, SafetyCheck
from .contract import SEVERITIES, PatientContext, SafetyRule
from .patient import ResolvedCase, patient_context
from .selection import is_stopped, select

__all__ = [
    "RULES",
    "SEVERITIES",
    "PatientContext",
    "ResolvedCase",
    "SafetyCheck",
    "SafetyRule",
    "is_stopped",
    "patient_context",
    "select",
]
