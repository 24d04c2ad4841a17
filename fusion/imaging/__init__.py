"""Images on their own: grading, heat maps and segmentation on the patches of an encoder.

Decides what is asked of an image without the graph. Images as one modality of a patient are
decided in `fusion.model`.
"""

from .distillation import DistillationConfig, distil
from .grader import ImageGrader, cumulative_targets, expected_grade
from .heatmaps import HeatMapError, delete_region, heat_maps, usual_activations
from .segmentation import (
    UNKNOWN,
    ImageSegmenter,
    LabelledMasks,
    dice,
    read_masks,
    segmentation_loss,
)
from .training import GradingConfig, grade_images, read_images, train_grader

__all__ = [
    "UNKNOWN",
    "DistillationConfig",
    "GradingConfig",
    "HeatMapError",
    "ImageGrader",
    "ImageSegmenter",
    "LabelledMasks",
    "cumulative_targets",
    "delete_region",
    "dice",
    "distil",
    "expected_grade",
    "grade_images",
    "heat_maps",
    "read_images",
    "read_masks",
    "segmentation_loss",
    "train_grader",
    "usual_activations",
]
