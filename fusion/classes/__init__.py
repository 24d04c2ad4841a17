"""Few classes instead of the whole catalogue: fusion on small cohorts, encoders frozen or trained.

Decides how a patient vector becomes one of a closed list of classes, and how that is trained. The
patient vector is that of the whole model (`fusion.patient`), and so are the ways of fusion.
"""

from .model import PatientClassifier
from .training import ClassTraining, classify, train_classifier

__all__ = ["ClassTraining", "PatientClassifier", "classify", "train_classifier"]
