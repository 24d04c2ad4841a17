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

__all__ = [
    "BASELINES",
    "METRICS",
    "PROTOCOLS",
    "CaseBatch",
    "EvaluationOptions",
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
    "evaluate_diagnosis",
    "evaluate_setting",
    "expected_calibration_error",
    "make_batch",
    "paired_differences",
    "split_parts",
]
