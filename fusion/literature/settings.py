"""Options of training a miner.

Decides their defaults, which were chosen on the training part of BC5CDR, and their rules.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from difflib import get_close_matches
from typing import Any

__all__ = ["MinerSettings", "SettingsError"]


_KINDS = {int: "a whole number", float: "a number", bool: "true or false", str: "a name"}


class SettingsError(ValueError):
    """An option that does not exist or is out of its range; names the nearest one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MinerSettings:
    """Options.

    Attributes:
        encoder: BERT by folder or hub name; `none` tags by names and letters alone.
        frozen_layers: First layers of the BERT that are held still; training is faster.
        epochs: Passes over the first corpus.
        further_epochs: Of these, the first ones that also go over the other corpora.
        epochs_without_encoder: The same when there is no BERT, which learns sooner.
        batch_words: Words of a step, about.
        encoder_rate: Peak learning rate of the BERT.
        head_rate: Peak learning rate of everything else.
        dropout: Share of joined values that is dropped.
        hidden_names: Share of the words of each text that are shown as if no list of names held
            them, in training alone.
        graph_prior: Show the relation model what the graph states of a pair.
        near_threshold: Least likeness of the nearest name in linking.
        seed: Of all that is random.
    """

    encoder: str = "all-MiniLM-L6-v2"
    frozen_layers: int = 2
    epochs: int = 4
    further_epochs: int = 2
    epochs_without_encoder: int = 5
    batch_words: int = 512
    encoder_rate: float = 1.2e-4
    head_rate: float = 1.5e-3
    dropout: float = 0.3
    hidden_names: float = 0.1
    graph_prior: bool = True
    near_threshold: float = 0.8
    seed: int = 0

    def __post_init__(self) -> None:
        for field in fields(self):
            value, wanted = getattr(self, field.name), type(field.default)
            allowed = (int, float) if wanted is float else (wanted,)
            if not isinstance(value, allowed) or (isinstance(value, bool) and wanted is not bool):
                raise SettingsError(f"{field.name}: {value!r}; needs {_KINDS[wanted]}")
        for name in ("epochs", "epochs_without_encoder", "batch_words"):
            if getattr(self, name) < 1:
                raise SettingsError(f"{name}: {getattr(self, name)}; needs at least 1")
        if self.further_epochs < 0:
            raise SettingsError(f"further_epochs: {self.further_epochs}; needs at least 0")
        for name in ("encoder_rate", "head_rate"):
            if not 0 < getattr(self, name) < 1:
                raise SettingsError(f"{name}: {getattr(self, name)}; needs to be in (0, 1)")
        for name in ("dropout", "hidden_names"):
            if not 0 <= getattr(self, name) < 1:
                raise SettingsError(f"{name}: {getattr(self, name)}; needs to be in [0, 1)")

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> "MinerSettings":
        """Read options; an unknown one is refused with the nearest name."""
        names = [f.name for f in fields(cls)]
        for name in values:
            if name not in names:
                near = get_close_matches(name, names, n=1)
                raise SettingsError(
                    f"{name}: no such option{f'; did you mean {near[0]}?' if near else ''}"
                )
        return cls(**values)

    def to_mapping(self) -> dict[str, Any]:
        """The options as plain values."""
        return asdict(self)
