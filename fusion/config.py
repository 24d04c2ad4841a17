"""What a model is made of and how it is trained, as two frozen records.

Decides names, defaults and ranges. An unknown key is an error that names the nearest known one, so
that a typing slip in a configuration file is never a silent default.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, TypeVar

__all__ = ["ADAPTERS", "FUSIONS", "ConfigError", "ModelConfig", "TrainConfig"]

ADAPTERS = ("lora", "dora", "adalora")
"""Low-rank adapters that a frozen encoder can be given; see `fusion.adapters`."""

FUSIONS = ("attention", "gated", "cross_attention", "product_of_experts", "late_average")
"""Ways to bring the modalities of a patient together; the first is the default."""

_Record = TypeVar("_Record", "ModelConfig", "TrainConfig")


class ConfigError(ValueError):
    """A configuration holds an unknown key or a value outside its range."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelConfig:
    """Shape of the model.

    Attributes:
        d_model: Width of node and patient vectors.
        n_graph_layers: Relational convolutions; 0 leaves the graph out.
        n_graph_bases: Matrices that relation weights are mixed from; 0 gives each its own.
        n_patient_layers: Attention layers over the tokens of a patient.
        n_heads: Attention heads.
        fusion: How the modalities of a patient come together: `attention`, `gated`,
            `cross_attention`, `product_of_experts` or `late_average`, see `fusion.modalities`.
        d_combiner: Hidden width of the network that weighs symbolic against neural scores.
        d_treatment: Hidden width of the treatment decoder.
        dropout: Share of values dropped in training.
        node_dropout: Share of nodes whose learned part is hidden in a training step, so that nodes
            never seen in training can live on their text and neighbours.
        modality_dropout: Share of cases from which a modality is hidden in training.
        node_text_characters: How much of label, synonyms and definition of a node is embedded.
        text_encoder: Folder or name of a BERT; None for the offline default, "" for no notes.
        text_freeze: `frozen`, `all`, or the number of last layers that are trained.
        text_adapter: `lora`, `dora` or `adalora` trains low-rank adapters in a text encoder that is
            otherwise frozen, see `fusion.adapters`; "" for none.
        image_adapter: Likewise for a ViT.
        adapter_rank: Width of adapters.
        note_window_tokens: Longest window of a note, in word pieces.
        note_windows: Windows read of one note at most.
        image_encoder: Name of a timm network; "" for no images.
        image_freeze: As `text_freeze`.
        image_weights: `auto`, `hub`, `none`, or a file of weights.
        image_size: Side that images are fitted into, in pixels.
        images_per_case: Images read of one case at most.
        adverse_events: Let messages flow along adverse events of drugs.
        deidentify_notes: Take names, dates, numbers and addresses out of notes before they are
            encoded, see `kg.notes.deidentify`.
        patient_genes: Let the model see the genes of a case; in published cases they are part of
            the answer, so leave this off wherever a ranking from findings is meant.
    """

    d_model: int = 64
    n_graph_layers: int = 2
    n_graph_bases: int = 0
    n_patient_layers: int = 1
    n_heads: int = 4
    fusion: str = "attention"
    d_combiner: int = 32
    d_treatment: int = 64
    dropout: float = 0.1
    node_dropout: float = 0.3
    modality_dropout: float = 0.15
    node_text_characters: int = 400
    text_encoder: str | None = None
    text_freeze: str = "frozen"
    text_adapter: str = ""
    image_adapter: str = ""
    adapter_rank: int = 8
    note_window_tokens: int = 256
    note_windows: int = 4
    image_encoder: str = ""
    image_freeze: str = "all"
    image_weights: str = "auto"
    image_size: int = 224
    images_per_case: int = 2
    adverse_events: bool = False
    deidentify_notes: bool = True
    patient_genes: bool = False

    def __post_init__(self) -> None:
        for name in (
            "d_model",
            "n_heads",
            "d_combiner",
            "d_treatment",
            "images_per_case",
            "adapter_rank",
        ):
            _at_least(self, name, 1)
        for name in ("n_graph_layers", "n_graph_bases", "n_patient_layers"):
            _at_least(self, name, 0)
        for name in ("dropout", "node_dropout", "modality_dropout"):
            _share(self, name)
        if self.fusion not in FUSIONS:
            raise ConfigError(f"fusion: {self.fusion!r} is not one of {', '.join(FUSIONS)}")
        for name in ("text_adapter", "image_adapter"):
            if getattr(self, name) not in ("", *ADAPTERS):
                raise ConfigError(
                    f"{name}: {getattr(self, name)!r} is not one of {', '.join(ADAPTERS)}"
                )
        if self.d_model % self.n_heads:
            raise ConfigError(f"d_model: {self.d_model} does not divide by n_heads, {self.n_heads}")

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> ModelConfig:
        """Reads a mapping, as from TOML or JSON.

        >>> ModelConfig.from_mapping({"d_modle": 64})
        Traceback (most recent call last):
        ...
        fusion.config.ConfigError: unknown key 'd_modle'; did you mean 'd_model'?
        """
        return _from_mapping(cls, values)

    def to_mapping(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainConfig:
    """How a model is trained.

    Attributes:
        model: Shape of the model.
        seed: Where all randomness comes from.
        max_steps: Steps of the first stage at most; early stop may end it before.
        refit_share: Steps of the second stage, as a share of those kept of the first.
        batch_cases: Cases in a batch.
        simulated_cases: Patients drawn from annotations that are added to each batch.
        worse_share: Share of the cases of a batch that are told worse than published: findings left
            out, named too vaguely, or beside the point; see `fusion.symbolic.damage`.
        batch_diseases: Diseases in a batch of the treatment loss.
        treatment_every: Every so many batches hold a treatment batch.
        accumulation: Batches whose gradients make one step.
        learning_rate: Peak rate of everything that starts from nothing.
        encoder_learning_rate: Peak rate of pretrained encoders.
        layer_rate_decay: The rate of each layer of an encoder is this share of the next one's; 1
            for equal rates.
        adversary: Length by which embeddings are pushed towards a higher loss in a second pass of
            each step (FGM); 0 for no second pass.
        label_smoothing: Share of the neural target that is spread over all diseases.
        warmup_steps: Steps over which the rate rises.
        weight_decay: Decay of matrices; vectors and embeddings have none.
        gradient_norm: Gradients are clipped to this norm.
        n_folds: Parts of the training publications; a case meets graph and features without those
            of its own part.
        decoys_per_fold: Other diseases that lose their annotations in each fold too, so that
            emptiness tells nothing.
        keep_annotations: Take a training case's own patients away and leave what is written from
            their papers. A model trained so looks better and is worse on new patients; only for
            comparisons with tools that were measured on annotations as published.
        held_aside: Share of training publications on which the combiner, and only it, learns first.
        dev_share: Share of publications for early stop and calibration.
        negatives: Random candidates beside the best ones in the combiner's loss.
        candidates_per_feature: Best candidates by each symbolic feature in the combiner's loss.
        balance: Exponent b; a case weighs (cases of its disease) ** -b, towards macro averages.
        neural_weight: Weight of the neural loss.
        combined_weight: Weight of the combiner's loss.
        alignment_weight: Weight of the contrast between note and image of the same patient.
        treatment_weight: Weight of the treatment loss; 0 leaves the treatment decoder untrained.
        boosted_diagnoses: Train boosted trees and a listwise network over symbolic features, which
            order the head of the list of diagnoses together with the combiner, where there is a
            development part; see `fusion.head_ranking`.
        boosted_treatments: Train boosted trees that rank treatments, after the neural training.
        neural_treatments: Share of the neural decoder beside the trees, see
            `fusion.treatment_scores`.
        evaluate_every: Steps between looks at the development part.
        patience: Looks without gain before the first stage ends.
        checkpoint_every: Steps between checkpoints.
        keep_checkpoints: Checkpoints kept.
        mixed_precision: `no`, `bf16`, or `auto` for bf16 where the hardware gains from it.
        device: `auto`, `cpu` or `cuda`.
        tracker: `wandb` or `mlflow` records the scalars there too; "" for TensorBoard alone.
    """

    model: ModelConfig = field(default_factory=ModelConfig)
    seed: int = 0
    max_steps: int = 150
    refit_share: float = 0.3
    batch_cases: int = 128
    simulated_cases: int = 64
    worse_share: float = 0.4
    batch_diseases: int = 16
    treatment_every: int = 2
    accumulation: int = 1
    learning_rate: float = 2e-3
    encoder_learning_rate: float = 5e-5
    layer_rate_decay: float = 1.0
    adversary: float = 0.0
    label_smoothing: float = 0.0
    warmup_steps: int = 20
    weight_decay: float = 0.01
    gradient_norm: float = 1.0
    n_folds: int = 5
    decoys_per_fold: int = 1000
    keep_annotations: bool = False
    held_aside: float = 0.3
    dev_share: float = 0.1
    negatives: int = 64
    candidates_per_feature: int = 8
    balance: float = 0.5
    neural_weight: float = 1.0
    combined_weight: float = 1.0
    alignment_weight: float = 0.0
    treatment_weight: float = 0.3
    boosted_diagnoses: bool = True
    boosted_treatments: bool = True
    neural_treatments: float = 0.0
    evaluate_every: int = 25
    patience: int = 6
    checkpoint_every: int = 50
    keep_checkpoints: int = 2
    mixed_precision: str = "auto"
    device: str = "auto"
    tracker: str = ""

    def __post_init__(self) -> None:
        for name in (
            "max_steps",
            "batch_cases",
            "batch_diseases",
            "treatment_every",
            "accumulation",
            "evaluate_every",
            "patience",
            "checkpoint_every",
            "keep_checkpoints",
            "negatives",
            "candidates_per_feature",
        ):
            _at_least(self, name, 1)
        _at_least(self, "n_folds", 2)
        _at_least(self, "decoys_per_fold", 0)
        _at_least(self, "simulated_cases", 0)
        _at_least(self, "adversary", 0)
        if not 0 < self.layer_rate_decay <= 1:
            raise ConfigError(f"layer_rate_decay: {self.layer_rate_decay!r} is not in (0, 1]")
        for name in ("held_aside", "dev_share", "label_smoothing", "worse_share"):
            _share(self, name)
        for name, known in (
            ("mixed_precision", ("no", "bf16", "auto")),
            ("device", ("auto", "cpu", "cuda")),
            ("tracker", ("", "wandb", "mlflow")),
        ):
            if getattr(self, name) not in known:
                named = ", ".join(filter(None, known))
                raise ConfigError(f"{name}: {getattr(self, name)!r} is not one of {named}")

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> TrainConfig:
        """Reads a mapping; the key `model` holds that of `ModelConfig`."""
        values = dict(values)
        model = values.pop("model", {})
        return _from_mapping(cls, values | {"model": ModelConfig.from_mapping(model)})

    def to_mapping(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)


def _from_mapping(cls: type[_Record], values: Mapping[str, Any]) -> _Record:
    types = {f.name: str(f.type) for f in fields(cls)}
    for key, value in values.items():
        if key not in types:
            near = difflib.get_close_matches(key, types, n=1)
            mend = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(types)}"
            raise ConfigError(f"unknown key {key!r}; {mend}")
        _check_type(key, value, types[key])
    return cls(**values)


def _check_type(key: str, value: object, expected: str) -> None:
    allowed: tuple[type, ...] = {
        "int": (int,),
        "float": (int, float),
        "str": (str,),
        "bool": (bool,),
        "str | None": (str, type(None)),
    }.get(expected, (object,))
    is_bool_for_number = isinstance(value, bool) and bool not in allowed and object not in allowed
    if is_bool_for_number or not isinstance(value, allowed):
        raise ConfigError(f"{key}: {value!r} is not of type {expected}")


def _at_least(record: object, name: str, least: int) -> None:
    if getattr(record, name) < least:
        raise ConfigError(f"{name}: {getattr(record, name)!r} is less than {least}")


def _share(record: object, name: str) -> None:
    if not 0.0 <= getattr(record, name) < 1.0:
        raise ConfigError(f"{name}: {getattr(record, name)!r} is not in [0, 1)")
