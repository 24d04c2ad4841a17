"""Tiny random encoders and a batch for each member of the family; nothing here is pretrained."""

from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn
from transformers import BertConfig, BertModel, BertTokenizer

from encoders import (
    Chunking,
    DemographicsEncoder,
    ImageEncoder,
    MeasurementEncoder,
    MeasurementVocabulary,
    ModalityTokens,
    PhenotypeSetEncoder,
    TermBatch,
    TextEncoder,
)

_SENTENCE = (
    "fever rash cough seizure short stature no denies heart failure patient has of the and "
    "with mild severe small jaw . , : -"
)
WORDS = tuple(_SENTENCE.split())


def make_bert(folder: Path, *, seed: int = 0) -> Path:
    """Write a random 2-layer BERT of width 32 with a tokenizer of a few words."""
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = folder / "vocab.txt"
    entries = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]
    vocabulary.write_text("\n".join(entries) + "\n")
    BertTokenizer(vocab=str(vocabulary)).save_pretrained(folder)
    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=len(entries),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=48,
        max_position_embeddings=64,
    )
    BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    return folder


Member = tuple[nn.Module, Callable[[bool], ModalityTokens]]
"""An encoder, and a call of it with its modality there (True) or absent."""


def members(bert: Path) -> dict[type, Member]:
    """One member for each encoder, by its class."""
    text = TextEncoder(bert, freeze="all", chunking=Chunking(window_tokens=16, overlap_tokens=4))
    image = ImageEncoder("test_vit", freeze="all", weights="none", size=32, tokens="both")
    phenotypes = PhenotypeSetEncoder(8, 16)
    vectors = torch.randn(10, 8, generator=torch.Generator().manual_seed(1))
    demographics = DemographicsEncoder(16)
    vocabulary = MeasurementVocabulary(names=("a|g", "b|"), centre=(1.0, 2.0), spread=(1.0, 0.5))
    measurements = MeasurementEncoder(vocabulary, 16)

    def pictures(there: bool) -> ModalityTokens:
        n_images = 3 if there else 0
        pixels = torch.rand(n_images, 3, 32, 32, generator=torch.Generator().manual_seed(2))
        tokens: ModalityTokens = image(pixels, torch.tensor([0, 1, 1])[:n_images], n_cases=2)
        return tokens

    return {
        TextEncoder: (
            text,
            lambda there: text(["fever and rash .", "cough"] if there else [None, " "]),
        ),
        ImageEncoder: (image, pictures),
        PhenotypeSetEncoder: (
            phenotypes,
            lambda there: phenotypes(
                vectors,
                TermBatch.from_lists([[1, 2], [3]], [[4], []])
                if there
                else TermBatch.from_lists([[], []], [[], []]),
            ),
        ),
        DemographicsEncoder: (
            demographics,
            lambda there: (
                demographics([3.5, 70.0], ["female", "other"])
                if there
                else demographics([None, None], [None, None])
            ),
        ),
        MeasurementEncoder: (
            measurements,
            lambda there: measurements(
                vocabulary.batch(
                    [[("a", "g", 3.0), ("b", None, 0.0)], [("b", None, 2.5)]]
                    if there
                    else [[], [("c", "g", 1.0)]]
                )
            ),
        ),
    }
