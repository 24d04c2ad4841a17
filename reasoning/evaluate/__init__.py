"""The benchmarks: protocols with their leakage control, baselines in the same run, intervals.

Decides how rankers are measured and what is reported beside a number. What a ranker is made of is
decided in `fusion`.
"""

from .answers import AnswerOptions, AnswerResult, evaluate_answers, find_known
from .calibration import Temperature
from .diagnosis import EvaluationOptions, evaluate_diagnosis, evaluate_setting, make_batch
from .mechanisms import ExplanationResult, evaluate_explanation
from .metrics import METRICS, Interval, RankTable, paired_differences
from .patient_treatments import PatientTreatmentResult, evaluate_patient_treatments
from .plots import expected_calibration_error
from .protocols import PROTOCOLS, Setting, SplitOptions, split_parts
from .ranks import GoldRanks
from .results import ProtocolResult, RankerResult
from .scorers import BASELINES, CaseBatch, Scorer, ScorerFactory
from .treatment import TreatmentEvaluationOptions, evaluate_treatment
from .treatment_embeddings import EmbeddingOptions, EmbeddingScorer, embedding_scorers
from .treatment_metrics import TREATMENT_METRICS, DiseaseTable
from .treatment_protocol import (
    EVERY_CURE,
    EVERY_CURE_FROM_OTHERS,
    PHARMACOTHERAPY,
    PHARMACOTHERAPY_ALONE,
    PHARMACOTHERAPY_FROM_EVERY_CURE,
    TreatmentSplit,
    TreatmentTask,
)
from .treatment_results import FoldSummary, TreatmentRankerResult, TreatmentResult
from .treatment_scorers import TreatmentBatch, TreatmentScorer, TreatmentScorerFactory

__all__ = [
    "BASELINES",
    "EVERY_CURE",
    "EVERY_CURE_FROM_OTHERS",
    "METRICS",
    "PHARMACOTHERAPY",
    "PHARMACOTHERAPY_ALONE",
    "PHARMACOTHERAPY_FROM_EVERY_CURE",
    "PROTOCOLS",
    "TREATMENT_METRICS",
    "AnswerOptions",
    "AnswerResult",
    "CaseBatch",
    "DiseaseTable",
    "EmbeddingOptions",
    "EmbeddingScorer",
    "EvaluationOptions",
    "ExplanationResult",
    "FoldSummary",
    "GoldRanks",
    "Interval",
    "PatientTreatmentResult",
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
    "embedding_scorers",
    "evaluate_answers",
    "evaluate_diagnosis",
    "evaluate_explanation",
    "evaluate_patient_treatments",
    "evaluate_setting",
    "evaluate_treatment",
    "expected_calibration_error",
    "find_known",
    "make_batch",
    "paired_differences",
    "split_parts",
]
