"""Safety rules: symbolic checks of ranked treatments against what is known of the patient.

Decides which rules run (`RULES`) and how their alerts are grouped. Each rule is one file. A rule
speaks only from statements of the graph; where the graph says nothing it says nothing, which is
never a statement that a treatment is safe.
"""

from .check import RULES, SafetyCheck
from .contract import PatientContext, SafetyRule

__all__ = ["RULES", "PatientContext", "SafetyCheck", "SafetyRule"]
