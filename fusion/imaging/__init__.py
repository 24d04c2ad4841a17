"""Images on their own: grading, heat maps and segmentation on the patches of an encoder.

Decides what is asked of an image without the graph. Images as one modality of a patient are
decided in `fusion.model`.
"""

from .grader import ImageGrader, cumulative_targets, expected_grade
from .heatmaps import HeatMapError, delete_region, heat_maps
from .training import GradingConfig, grade_images, train_grader

__all__ = [
    "GradingConfig",
    "HeatMapError",
    "ImageGrader",
    "cumulative_targets",
    "delete_region",
    "expected_grade",
    "grade_images",
    "heat_maps",
    "train_grader",
]
