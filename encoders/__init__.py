"""One modality in, embeddings out: text, image, phenotype set, demographics and measurements.

Decides how each kind of observation becomes vectors, how much of a pretrained network is trained,
and what "not observed" looks like (`ModalityTokens.present`). How modalities are combined with
each other and with the graph is decided in `fusion`.
"""

from .cache import EmbeddingCache, default_cache, default_cache_folder
from .chunking import Chunking
from .contract import ModalityEncoder
from .demographics import SEXES, DemographicsEncoder
from .freezing import FreezeLevel, apply_freeze_level, parse_freeze_level
from .image import ImageEncoder, ImageFeatures
from .image_files import ImageError, load_image
from .measurements import MeasurementBatch, MeasurementEncoder, MeasurementVocabulary
from .phenotype import PhenotypeSetEncoder, TermBatch
from .text import TextEncoder
from .text_embedding import embed_texts
from .tokens import ModalityTokens, concatenate
from .weights import EncoderError, EncoderFallbackWarning

__all__ = [
    "ENCODERS",
    "SEXES",
    "Chunking",
    "DemographicsEncoder",
    "EmbeddingCache",
    "EncoderError",
    "EncoderFallbackWarning",
    "FreezeLevel",
    "ImageEncoder",
    "ImageError",
    "ImageFeatures",
    "MeasurementBatch",
    "MeasurementEncoder",
    "MeasurementVocabulary",
    "ModalityEncoder",
    "ModalityTokens",
    "PhenotypeSetEncoder",
    "TermBatch",
    "TextEncoder",
    "apply_freeze_level",
    "concatenate",
    "default_cache",
    "default_cache_folder",
    "embed_texts",
    "load_image",
    "parse_freeze_level",
]

ENCODERS: tuple[type[ModalityEncoder], ...] = (
    TextEncoder,
    ImageEncoder,
    PhenotypeSetEncoder,
    DemographicsEncoder,
    MeasurementEncoder,
)
"""Every modality encoder; the contract tests run over this list."""
