"""Knowledge graph embeddings from PyKEEN as baselines of the treatment ranker.

Decides how DistMult and ComplEx are trained on the edges that a fold may know (hierarchy,
phenotypes, genes, targets, classes and the treatments of other diseases) and how they rank: the
score of (treatment, treats, disease), and of contraindicated likewise. Dimensions and epochs are
small, because a laptop must do; a longer training is an option. PyKEEN is an optional extra.
"""

import warnings
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch

from kg.vocabulary import Predicate

from .treatment_protocol import TreatmentFold
from .treatment_scorers import TreatmentBatch, TreatmentScorerFactory

__all__ = ["EmbeddingOptions", "EmbeddingScorer", "embedding_scorers"]

FloatArray = npt.NDArray[np.float32]

_RELATIONS = (Predicate.TREATS, Predicate.CONTRAINDICATED_IN)


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddingOptions:
    """How an embedding is trained.

    Attributes:
        model: DistMult or ComplEx, with the loss and regulariser that PyKEEN gives each.
        d_model: Length of an embedding.
        n_epochs: Passes over the edges.
        batch_edges: Edges in a batch.
        n_negatives: Corrupted edges for each.
        learning_rate: Of Adam.
        seed: Of weights and corruption.
    """

    model: Literal["DistMult", "ComplEx"] = "DistMult"
    d_model: int = 64
    n_epochs: int = 20
    batch_edges: int = 4096
    n_negatives: int = 8
    learning_rate: float = 0.01
    seed: int = 0


class EmbeddingScorer:
    """An embedding trained on what a fold may know.

    Args:
        fold: What may be known.
        options: How it is trained.

    Raises:
        ValueError: PyKEEN is not installed.
    """

    def __init__(self, fold: TreatmentFold, options: EmbeddingOptions) -> None:
        self.name = f"{options.model} (PyKEEN)"
        edges = fold.training_graph().edges()
        self._relation = {code: at for at, code in enumerate(np.unique(edges.predicate).tolist())}
        relation = np.searchsorted(sorted(self._relation), edges.predicate)
        triples = np.stack([edges.head, relation, edges.tail], axis=1).astype(np.int64)
        self._treatments = torch.from_numpy(fold.split.catalogue.nodes.astype(np.int64))
        self._model = _train(np.unique(triples, axis=0), fold.split.snapshot.n_nodes, options)

    def score(self, batch: TreatmentBatch) -> FloatArray:
        """Score of each treatment as the head of both relations; 0 for a relation never seen."""
        from kg.columns import PREDICATE_CODE

        out = np.zeros((len(batch.diseases), len(self._treatments), 2), dtype=np.float32)
        diseases = torch.from_numpy(batch.diseases.astype(np.int64))
        for at, predicate in enumerate(_RELATIONS):
            relation = self._relation.get(PREDICATE_CODE[predicate])
            if relation is not None:
                pair = torch.stack([torch.full_like(diseases, relation), diseases], dim=1)
                with torch.no_grad():
                    heads = self._model.score_h(pair)
                out[:, :, at] = heads[:, self._treatments].numpy()
        return out


def _train(triples: npt.NDArray[np.int64], n_nodes: int, options: EmbeddingOptions) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what PyKEEN imports is not ours to mend
        try:
            from pykeen import models
            from pykeen.training import SLCWATrainingLoop
            from pykeen.triples import CoreTriplesFactory
        except ImportError as error:
            raise ValueError(
                "embeddings as baselines need PyKEEN: pip install 'iatros[embeddings]'"
            ) from error
        torch.manual_seed(options.seed)
        factory = CoreTriplesFactory(
            mapped_triples=torch.from_numpy(triples),
            num_entities=n_nodes,
            num_relations=int(triples[:, 1].max()) + 1,
        )
        model = getattr(models, options.model)(
            triples_factory=factory, embedding_dim=options.d_model, random_seed=options.seed
        )
        optimizer = torch.optim.Adam(model.parameters(), lr=options.learning_rate)
        loop = SLCWATrainingLoop(
            model=model,
            triples_factory=factory,
            optimizer=optimizer,
            negative_sampler_kwargs={"num_negs_per_pos": options.n_negatives},
        )
        loop.train(
            triples_factory=factory,
            num_epochs=options.n_epochs,
            batch_size=min(options.batch_edges, len(triples)),
            use_tqdm=False,
            pin_memory=False,
        )
    return model.eval()


def embedding_scorers(*, n_epochs: int = 20) -> tuple[TreatmentScorerFactory, ...]:
    """DistMult and ComplEx, as further rankers of an evaluation."""
    chosen = (
        EmbeddingOptions(model="DistMult", n_epochs=n_epochs),
        EmbeddingOptions(model="ComplEx", n_epochs=n_epochs),
    )
    return tuple(_factory(options) for options in chosen)


def _factory(options: EmbeddingOptions) -> TreatmentScorerFactory:
    return lambda fold: EmbeddingScorer(fold, options)
