"""The benchmarks: protocols with their leakage control, baselines in the same run, intervals.

Decides how rankers are measured and what is reported beside a number. What a ranker is made of is
decided in `fusion`.
"""

from .calibration import Temperature
from .diagnosis import EvaluationOptions, evaluate_diagnosis, evaluate_setting, make_batch
from .metrics import METRICS, Interval, RankTable, paired_differences
from .plots import expected_calibration_error
from .protocols import PROTOCOLS, Setting, SplitOptions, split_parts
from .ranks import GoldRanks
from .results import ProtocolResult, RankerResult
from .scorers import BASELINES, CaseBatch, Scorer, ScorerFactory
from .treatment import TreatmentEvaluationOptions, evaluate_treatment
from .treatment_metrics import TREATMENT_METRICS, DiseaseTable
from .treatment_protocol import (
    EVERY_CURE,
    PHARMACOTHERAPY,
    PHARMACOTHERAPY_ALONE,
    TreatmentSplit,
    TreatmentTask,
)
from .treatment_results import FoldSummary, TreatmentRankerResult, TreatmentResult
from .treatment_scorers import TreatmentBatch, TreatmentScorer, TreatmentScorerFactory

__all__ = [
    "BASELINES",
    "EVERY_CURE",
    "METRICS",
    "PHARMACOTHERAPY",
    "PHARMACOTHERAPY_ALONE",
    "PROTOCOLS",
    "TREATMENT_METRICS",
    "CaseBatch",
    "DiseaseTable",
    "EvaluationOptions",
    "FoldSummary",
    "GoldRanks",
    "Interval",
    "ProtocolResult",
    "RankTable",
    "RankerResult",
    "Scorer",
    "ScorerFactory",
    "Setting",
    "SplitOptions",
    "Temperature",
    "TreatmentBatch",
    "TreatmentEvaluationOptions",
    "TreatmentRankerResult",
    "TreatmentResult",
    "TreatmentScorer",
    "TreatmentScorerFactory",
    "TreatmentSplit",
    "TreatmentTask",
    "evaluate_diagnosis",
    "evaluate_setting",
    "evaluate_treatment",
    "expected_calibration_error",
    "make_batch",
    "paired_differences",
    "split_parts",
]
