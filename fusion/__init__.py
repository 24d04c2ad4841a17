"""Embeddings and graph in one model: ranked diagnoses for patients, treatments for diseases.

Decides the model, its losses, its training and its folder on disk. What modalities look like is
decided in `encoders`, what the graph says in `kg`, how answers are explained in `reasoning`.
"""

from .checkpoint import LoadedModel, ModelError, ModelManifest, load_model, read_manifest
from .config import ConfigError, ModelConfig, TrainConfig
from .predictor import Predictor
from .trainer import TrainResult, train
from .training_state import CheckpointError

__all__ = [
    "CheckpointError",
    "ConfigError",
    "LoadedModel",
    "ModelConfig",
    "ModelError",
    "ModelManifest",
    "Predictor",
    "TrainConfig",
    "TrainResult",
    "load_model",
    "read_manifest",
    "train",
]
