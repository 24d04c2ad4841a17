"""Symbolic evidence for each diagnosis, over the whole catalogue at once.

Decides the classical scores (likelihood ratio, semantic similarity, nearest patients, relatives,
names) and how they become features. No torch: numpy and scipy only. What a learned model makes of
them is decided in `fusion` and `fusion.symbolic.boosted`.
"""

from .annotations import Annotations
from .catalogue import DiseaseCatalogue
from .cosine import ProfileCosine
from .crossfit import CrossFittedFeatures, Fold, balanced_folds, decoy_publications
from .disease_names import series_of, signs_in_names
from .feature_names import CLASSICAL, FEATURES
from .features import SymbolicFeatures
from .knowledge import SymbolicKnowledge
from .likelihood import LikelihoodOptions, LikelihoodRatio
from .nearest import NearestPatients
from .patients import CaseEncoder, ReferenceCases, TermSets
from .profiles import DiseaseProfiles, ProfileOptions
from .relatives import Relatives
from .similarity import BestMatch
from .text import NameSimilarity, NameVectors

__all__ = [
    "CLASSICAL",
    "FEATURES",
    "Annotations",
    "BestMatch",
    "CaseEncoder",
    "CrossFittedFeatures",
    "DiseaseCatalogue",
    "DiseaseProfiles",
    "Fold",
    "LikelihoodOptions",
    "LikelihoodRatio",
    "NameSimilarity",
    "NameVectors",
    "NearestPatients",
    "ProfileCosine",
    "ProfileOptions",
    "ReferenceCases",
    "Relatives",
    "SymbolicFeatures",
    "SymbolicKnowledge",
    "TermSets",
    "balanced_folds",
    "decoy_publications",
    "series_of",
    "signs_in_names",
]
