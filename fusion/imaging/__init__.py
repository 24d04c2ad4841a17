"""Images on their own: pretraining, grading, heat maps and segmentation on an encoder's patches.

Decides what is asked of an image without the graph. Images as one modality of a patient are
decided in `fusion.model`.
"""

from .distillation import Distillation
from .grader import ImageGrader, cumulative_targets, expected_grade
from .heatmaps import HeatMapError, delete_region, heat_maps, usual_activations
from .masked import MaskedImages, new_positions
from .pretrained import open_vit, pretrain_from_files
from .pretraining import ImageTask, PretrainingOptions, PretrainingResult, learn_images
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
    "Distillation",
    "GradingConfig",
    "HeatMapError",
    "ImageGrader",
    "ImageSegmenter",
    "ImageTask",
    "LabelledMasks",
    "MaskedImages",
    "PretrainingOptions",
    "PretrainingResult",
    "cumulative_targets",
    "delete_region",
    "dice",
    "expected_grade",
    "grade_images",
    "heat_maps",
    "learn_images",
    "new_positions",
    "open_vit",
    "pretrain_from_files",
    "read_images",
    "read_masks",
    "segmentation_loss",
    "train_grader",
    "usual_activations",
]
