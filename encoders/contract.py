"""What every modality encoder promises; the list of members is `encoders.ENCODERS`.

Decides the common part only. What an encoder takes differs by modality (strings, pixels, indices)
and stands in its own `forward`, which always returns `ModalityTokens`.
"""

from typing import ClassVar, Protocol, runtime_checkable

__all__ = ["ModalityEncoder"]


@runtime_checkable
class ModalityEncoder(Protocol):
    """An `nn.Module` that turns one modality of a batch of cases into tokens."""

    modality: ClassVar[str]
    """Name of the modality, unique among `ENCODERS`: "text", "image", ..."""

    d_model: int
    """Width of the tokens that `forward` returns."""
