"""A toy world that can be checked by hand, with a popular wrong answer as a trap.

Six diseases have three signs each; `OMIM:100006`, the trap, is annotated with every sign, and the
last drug treats everything, so that whoever ranks by degree picks them. Cases show two or three
signs of their disease.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from transformers import BertConfig, BertModel, BertTokenizer

from fusion.config import ModelConfig, TrainConfig
from fusion.context import GraphContext
from fusion.trainer import TrainResult, train
from kg.case import ClinicalCase, Observation
from kg.snapshot import GraphSnapshot
from kg.statements import Node, Statement
from kg.vocabulary import NodeType, Predicate

N_DISEASES = 6
SIGNS = [f"HP:100000{i}" if i < 10 else f"HP:10000{i}" for i in range(18)]
DISEASES = [f"OMIM:10000{i + 1}" for i in range(N_DISEASES)]
TRAP = DISEASES[-1]
DRUGS = [f"DRUGBANK:DB0000{i}" for i in range(N_DISEASES)]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def toy_records() -> tuple[list[Node], list[Statement]]:
    nodes = [Node(id="HP:0000118", type=NodeType.PHENOTYPE, label="Phenotypic abnormality")]
    nodes += [Node(id=s, type=NodeType.PHENOTYPE, label=f"sign {i}") for i, s in enumerate(SIGNS)]
    nodes += [
        Node(id=d, type=NodeType.DISEASE, label=f"disease {i}") for i, d in enumerate(DISEASES)
    ]
    nodes += [Node(id=d, type=NodeType.DRUG, label=f"drug {i}") for i, d in enumerate(DRUGS)]
    nodes += [Node(id=f"HGNC:{i}", type=NodeType.GENE, label=f"G{i}") for i in range(1, 7)]

    def say(
        subject: str,
        predicate: Predicate,
        tail: str,
        *,
        frequency: float | None = None,
        publications: tuple[str, ...] = (),
    ) -> Statement:
        return Statement(
            subject=subject,
            predicate=predicate,
            object=tail,
            source="toy",
            frequency=frequency,
            publications=publications,
        )

    statements = [say(sign, Predicate.SUBCLASS_OF, "HP:0000118") for sign in SIGNS]
    for i, disease in enumerate(DISEASES):
        shown = SIGNS if disease == TRAP else SIGNS[3 * i : 3 * i + 3]
        statements += [
            say(
                disease,
                Predicate.HAS_PHENOTYPE,
                sign,
                frequency=0.8,
                publications=(f"PMID:{900 + i}",),
            )
            for sign in shown
        ]
        statements.append(say(f"HGNC:{i + 1}", Predicate.CAUSES, disease))
        statements.append(say(DRUGS[i], Predicate.TREATS, disease))
        statements.append(say(DRUGS[-1], Predicate.TREATS, disease))
        statements.append(say(DRUGS[i], Predicate.AFFECTS, f"HGNC:{i + 1}"))
        other = DISEASES[(i + 1) % N_DISEASES]
        statements.append(say(DRUGS[i], Predicate.CONTRAINDICATED_IN, other))
    return nodes, statements


def toy_cases(n_cases: int = 60, seed: int = 0) -> list[ClinicalCase]:
    rng = np.random.default_rng(seed)
    cases = []
    for i in range(n_cases):
        disease = i % (N_DISEASES - 1)
        own = SIGNS[3 * disease : 3 * disease + 3]
        shown = rng.permutation(own)[: rng.integers(2, 4)].tolist()
        noise = SIGNS[int(rng.integers(len(SIGNS)))]
        cases.append(
            ClinicalCase(
                case_id=f"case-{i}",
                sex="female" if i % 2 else "male",
                age_years=float(rng.integers(1, 60)),
                phenotypes=(
                    *(Observation(term=t) for t in dict.fromkeys(shown)),
                    *(() if noise in shown else (Observation(term=noise, status="excluded"),)),
                ),
                diagnoses=(DISEASES[disease],),
                publications=(f"PMID:{1000 + i}",),
            )
        )
    return cases


@pytest.fixture(scope="session")
def graph() -> GraphSnapshot:
    nodes, statements = toy_records()
    return GraphSnapshot.from_records(nodes, statements)


@pytest.fixture(scope="session")
def node_text(graph: GraphSnapshot) -> npt.NDArray[np.float32]:
    rng = np.random.default_rng(3)
    return rng.normal(size=(graph.n_nodes, 12)).astype(np.float32)


@pytest.fixture(scope="session")
def context(graph: GraphSnapshot, node_text: npt.NDArray[np.float32]) -> GraphContext:
    return GraphContext.build(graph, node_text)


@pytest.fixture(scope="session")
def cases() -> list[ClinicalCase]:
    return toy_cases()


@pytest.fixture(scope="session")
def text_encoder_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT of two layers with random weights."""
    folder = tmp_path_factory.mktemp("bert")
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "fever", "cough", "rash", "seen", "."]
    (folder / "vocab.txt").write_text("\n".join(words))
    tokenizer = BertTokenizer(vocab_file=str(folder / "vocab.txt"))
    torch.manual_seed(0)
    model = BertModel(
        BertConfig(
            vocab_size=len(words),
            hidden_size=16,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=32,
            max_position_embeddings=64,
        )
    )
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def image_files(tmp_path_factory: pytest.TempPathFactory) -> Sequence[Path]:
    """Synthetic pictures: noise."""
    from PIL import Image

    folder = tmp_path_factory.mktemp("images")
    rng = np.random.default_rng(0)
    files = []
    for i in range(3):
        pixels = rng.integers(0, 255, size=(32, 40), dtype=np.uint8)
        file = folder / f"{i}.png"
        Image.fromarray(pixels).save(file)
        files.append(file)
    return files


def toy_config(**changes: object) -> TrainConfig:
    """Settings that learn the toy world in seconds; `changes` are other fields of `TrainConfig`."""
    settings: dict[str, object] = {
        "model": ModelConfig(
            d_model=16, n_heads=2, d_combiner=8, d_treatment=8, text_encoder="", dropout=0.0
        ),
        "max_steps": 40,
        "batch_cases": 16,
        "batch_diseases": 4,
        "learning_rate": 1e-2,
        "n_folds": 3,
        "decoys_per_fold": 1,
        "dev_share": 0.2,
        "evaluate_every": 10,
        "device": "cpu",
    }
    return TrainConfig(**{**settings, **changes})  # type: ignore[arg-type]


def toy_model(folder: Path, graph: GraphSnapshot, **changes: object) -> Path:
    """A model of the toy cases over some graph, node texts drawn at random."""
    text = np.random.default_rng(3).normal(size=(graph.n_nodes, 12)).astype(np.float32)
    train(graph, toy_cases(), toy_config(**changes), folder, node_text=text)
    return folder


@pytest.fixture
def small_config() -> ModelConfig:
    return ModelConfig(
        d_model=16,
        n_heads=2,
        d_combiner=8,
        d_treatment=8,
        text_encoder="",
        modality_dropout=0.0,
        dropout=0.0,
    )


@pytest.fixture
def train_config(small_config: ModelConfig) -> TrainConfig:
    return TrainConfig(
        model=small_config,
        max_steps=24,
        batch_cases=16,
        batch_diseases=4,
        learning_rate=5e-3,
        n_folds=3,
        decoys_per_fold=1,
        dev_share=0.2,
        negatives=2,
        candidates_per_feature=2,
        evaluate_every=6,
        checkpoint_every=5,
        warmup_steps=2,
        mixed_precision="no",
        device="cpu",
    )


@dataclass(frozen=True, kw_only=True)
class ToyWorld:
    """All that a training of the toy world needs."""

    graph: GraphSnapshot
    cases: list[ClinicalCase]
    node_text: npt.NDArray[np.float32]
    config: TrainConfig

    def train(
        self,
        folder: Path,
        *,
        cases: list[ClinicalCase] | None = None,
        resume: bool = False,
        **changes: object,
    ) -> TrainResult:
        """Trains into a folder; `changes` are fields of the settings."""
        config = replace(self.config, **changes)  # type: ignore[arg-type]
        return train(
            self.graph, cases or self.cases, config, folder, resume, node_text=self.node_text
        )


@pytest.fixture
def world(
    graph: GraphSnapshot,
    cases: list[ClinicalCase],
    node_text: npt.NDArray[np.float32],
    train_config: TrainConfig,
) -> ToyWorld:
    return ToyWorld(graph=graph, cases=cases, node_text=node_text, config=train_config)
