r"""Findings as learned vectors: patient, disease and published patients in one space.

Decides the learned-embedding ranker that the benchmark holds against the boosted one. A patient is
the sum of the vectors of the findings and all their ancestors, each weighed by its information
content; a disease is the same over its smoothed profile, and beside it stand its published
patients. With unit vectors :math:`x` of the patient, :math:`y` of the profile and :math:`q` of each
published patient over the terms, learned weights :math:`g, h` of the terms, and their vectors
:math:`U`, which start from the text of their names,

.. math::
    s = \alpha_1 \sum_t e^{g_t} x_t y_t + \alpha_2 \cos(xU, yU) + \alpha_3 \cos(xVP, vR)
      + \alpha_4 \ln\big(1 + \sum_q e^{\beta (k(x, q) - c)}\big) + b

where :math:`k` weighs terms by :math:`h`, :math:`V, v` are the texts of terms and disease, and
:math:`b` says how much is known of the disease. At the start it is the cosine of profiles and the
vote of near patients. It learns by a softmax over the diseases with published patients and a sample
of the others, out of publication: the cases of each fold under the knowledge of that fold.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from scipy import sparse
from torch import Tensor, nn

from .symbolic import ReferenceCases, SymbolicFeatures, TermSets
from .symbolic.cosine import unit_rows
from .symbolic.profiles import closure_matrix

__all__ = ["EmbeddingOptions", "FindingEmbedding", "FindingWorld"]

FloatArray = npt.NDArray[np.float32]

_VAGUE = 0.3  # terms with less information than this, in nats, stand in nearly every profile
_BLOCK = 64
_N_GROUPS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddingOptions:
    """How the embedding is trained.

    Attributes:
        width: Length of the learned vectors.
        n_steps: Steps of the optimizer.
        n_cases: Cases in a batch, all of one fold.
        n_others: Sampled diseases beside those with published patients.
        dropped: Share of the findings of a case that is hidden in training.
        learning_rate: Peak rate of the weights of terms.
        decay: Weight of the squared logarithms of the weights of terms.
        cases_per_disease: Training cases of one disease at most.
        macro: 0 weighs cases alike, 1 weighs diseases alike.
        seed: Of everything random.
    """

    width: int = 48
    n_steps: int = 80
    n_cases: int = 128
    n_others: int = 2500
    dropped: float = 0.4
    learning_rate: float = 0.04
    decay: float = 0.03
    cases_per_disease: int = 6
    macro: float = 0.5
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FindingWorld:
    """What is known at one time, as unit vectors over terms.

    Attributes:
        profiles: CSR `[n_diseases, n_terms]`.
        patients: CSR `[n_references, n_terms]`.
        disease: Row of `profiles` of each published patient.
        groups: What is known of each disease, 0 to 2.
        rows: Catalogue position of each row of `profiles`.
        log_count: Logarithm of how many diseases each row stands for.
    """

    profiles: Any
    patients: Any
    disease: npt.NDArray[np.int64]
    groups: npt.NDArray[np.int64]
    rows: npt.NDArray[np.int64]
    log_count: FloatArray

    @classmethod
    def of(cls, features: SymbolicFeatures) -> Self:
        """The world that symbolic features know."""
        profiles = features.profiles
        shares = sparse.csr_matrix(profiles.family_closed, dtype=np.float32, copy=True)
        weight = _content(features)
        shares.data = np.sqrt(shares.data) * weight[shares.indices]
        shares.eliminate_zeros()
        n = features.n_diseases
        return cls(
            profiles=unit_rows(shares),
            patients=_unit_patients(features, features.references.patients),
            disease=features.references.disease.astype(np.int64),
            groups=features.groups.astype(np.int64),
            rows=np.arange(n),
            log_count=np.zeros(n, dtype=np.float32),
        )

    def narrowed(
        self, wanted: npt.NDArray[np.integer], n_others: int, rng: np.random.Generator
    ) -> Self:
        """Diseases with published patients, the wanted ones, and some for all others."""
        kept = self.groups == _N_GROUPS - 1
        kept[wanted] = True
        others = np.flatnonzero(~kept)
        n = min(n_others, len(others))
        drawn = rng.choice(others, size=n, replace=False)
        kept[drawn] = True
        rows = np.flatnonzero(kept)
        place = np.full(len(self.groups), -1)
        place[rows] = np.arange(len(rows))
        log_count = np.zeros(len(rows), dtype=np.float32)
        if n:
            log_count[place[drawn]] = math.log(len(others) / n)
        return type(self)(
            profiles=self.profiles[rows],
            patients=self.patients,
            disease=place[self.disease],
            groups=self.groups[rows],
            rows=rows,
            log_count=log_count,
        )


class FindingEmbedding(nn.Module):
    """The learned vectors.

    Args:
        terms: Text vector of each term; None leaves texts out.
        diseases: Text vector of each disease.
        n_terms: Number of terms.
        options: Width and training.
    """

    def __init__(
        self,
        *,
        n_terms: int,
        terms: FloatArray | None,
        diseases: FloatArray | None,
        options: EmbeddingOptions | None = None,
    ) -> None:
        super().__init__()
        self.options = options or EmbeddingOptions()
        rng = np.random.default_rng(self.options.seed)
        width = self.options.width
        self.of_profile = nn.Parameter(torch.zeros(n_terms))
        self.of_patient = nn.Parameter(torch.zeros(n_terms))
        self.scale = nn.Parameter(torch.tensor([12.0, 4.0, 3.0, 1.5]))
        self.vote = nn.Parameter(torch.tensor([14.0, 0.5, 3.0]))
        self.known = nn.Parameter(torch.zeros(_N_GROUPS))
        if terms is None or diseases is None:
            start = rng.normal(size=(n_terms, width)).astype(np.float32)
            self.texts: tuple[Tensor, Tensor] | None = None
        else:
            axes = _axes(terms, rng)
            start = (terms - terms.mean(axis=0)) @ axes[:, :width]
            self.texts = (torch.from_numpy(terms), F.normalize(torch.from_numpy(diseases), dim=1))
            self.term_text = nn.Parameter(torch.from_numpy(axes.copy()))
            self.disease_text = nn.Parameter(torch.from_numpy(axes.copy()))
        self.vectors = nn.Parameter(torch.from_numpy(0.3 * start / max(float(start.std()), 1e-6)))

    @classmethod
    def train_on(
        cls,
        features: SymbolicFeatures,
        folds: Sequence[tuple[FindingWorld, ReferenceCases]],
        *,
        options: EmbeddingOptions | None = None,
    ) -> Self:
        """Learns from the cases of each fold under what the fold knows.

        Args:
            features: Anything of the same graph: vocabulary, information content and texts.
            folds: Knowledge of each fold and the cases that are held out of it.
            options: How.
        """
        chosen = options or EmbeddingOptions()
        torch.manual_seed(chosen.seed)
        rng = np.random.default_rng([chosen.seed, 3])
        names = features.knowledge.names
        own = cls(
            n_terms=features.knowledge.ontology.n_terms,
            terms=None if names is None else np.asarray(names.terms, dtype=np.float32),
            diseases=None if names is None else np.asarray(names.diseases, dtype=np.float32),
            options=chosen,
        )
        parts = []
        for world, cases in folds:
            kept = cases.select(_at_most(cases.disease, chosen.cases_per_disease, rng))
            if len(kept):
                parts.append((world.narrowed(kept.disease, chosen.n_others, rng), kept))
        own._learn(features, parts, rng)
        return own

    def _learn(
        self,
        features: SymbolicFeatures,
        parts: Sequence[tuple[FindingWorld, ReferenceCases]],
        rng: np.random.Generator,
    ) -> None:
        chosen = self.options
        weights = [self.of_profile, self.of_patient]
        texts = [] if self.texts is None else [self.term_text, self.disease_text]
        groups: list[dict[str, Any]] = [
            {"params": weights, "peak": chosen.learning_rate},
            {"params": [self.vectors], "peak": 0.3 * chosen.learning_rate},
            {"params": [self.scale, self.vote, self.known], "peak": 0.05},
        ]
        if texts:
            groups.append({"params": texts, "peak": 0.003})
        optimizer = torch.optim.Adam(groups)
        for step in range(chosen.n_steps):
            falling = 0.05 + 0.95 * 0.5 * (1.0 + math.cos(math.pi * step / chosen.n_steps))
            for group in optimizer.param_groups:
                group["lr"] = group["peak"] * falling * min(1.0, (step + 1) / 10)
            world, cases = parts[int(rng.integers(len(parts)))]
            rows = rng.choice(len(cases), size=min(chosen.n_cases, len(cases)), replace=False)
            some = cases.select(rows)
            patients = [_with_fewer(patient, chosen.dropped, rng) for patient in some.patients]
            logits = self(_unit_patients(features, patients), world)
            gold = torch.from_numpy(np.searchsorted(world.rows, some.disease))
            counted = np.bincount(cases.disease)[some.disease].astype(np.float32)
            weight = torch.from_numpy(counted**-chosen.macro)
            losses = F.cross_entropy(
                logits + torch.from_numpy(world.log_count), gold, reduction="none"
            )
            loss = (losses * weight).sum() / weight.sum()
            for parameter in weights:
                loss = loss + chosen.decay * parameter.square().sum() / len(rows)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]  # torch does not annotate it
            optimizer.step()

    def forward(
        self, queries: Any, world: FindingWorld, placed: tuple[Tensor, Tensor] | None = None
    ) -> Tensor:
        """Scores `[n_cases, n_rows]` of patients given as unit vectors over terms (CSR)."""
        x = torch.from_numpy(queries.toarray())
        profiles, patients = self.place(world) if placed is None else placed
        own = F.normalize(x @ self.vectors, dim=1)
        score = self.scale[0] * _times(world.profiles, x * self.of_profile.exp())
        score = score + self.scale[1] * (own @ profiles.t())
        if self.texts is not None:
            terms, diseases = self.texts
            mine = F.normalize(x @ terms @ self.term_text, dim=1)
            theirs = F.normalize(diseases[torch.from_numpy(world.rows)] @ self.disease_text, dim=1)
            score = score + self.scale[2] * (mine @ theirs.t())
        if world.patients.shape[0]:
            alike = _times(world.patients, x * self.of_patient.exp())
            near = self.vote[0] * (alike - self.vote[1])
            near = near + self.vote[2] * (own @ patients.t() - 0.5)
            votes = torch.zeros(len(x), len(world.rows)).index_add(
                1, torch.from_numpy(world.disease), near.exp()
            )
            score = score + self.scale[3] * torch.log1p(votes)
        return score + self.known[torch.from_numpy(world.groups)]

    def place(self, world: FindingWorld) -> tuple[Tensor, Tensor]:
        """Learned vectors of the profiles and of the published patients."""
        turned = self.vectors.t()
        return (
            F.normalize(_times(world.profiles, turned).t(), dim=1),
            F.normalize(_times(world.patients, turned).t(), dim=1),
        )

    @torch.no_grad()
    def score(
        self, features: SymbolicFeatures, world: FindingWorld, patients: Sequence[TermSets]
    ) -> FloatArray:
        """Score of every disease of the catalogue, `[n_cases, n_diseases]`."""
        placed = self.place(world)
        blocks = [
            self(_unit_patients(features, patients[at : at + _BLOCK]), world, placed).numpy()
            for at in range(0, len(patients), _BLOCK)
        ]
        return np.concatenate(blocks) if blocks else np.zeros((0, len(world.rows)), np.float32)


class _Product(torch.autograd.Function):
    """A constant sparse matrix times the transpose of a dense one, by scipy."""

    @staticmethod
    def forward(ctx: Any, dense: Tensor, matrix: Any) -> Tensor:
        ctx.matrix = matrix
        product = matrix @ np.ascontiguousarray(dense.detach().numpy().T)
        return torch.from_numpy(np.ascontiguousarray(product.T))

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        product = ctx.matrix.T @ np.ascontiguousarray(gradients[0].numpy().T)
        return torch.from_numpy(np.ascontiguousarray(product.T)), None


def _times(matrix: Any, dense: Tensor) -> Tensor:
    """`dense @ matrix.T` of a CSR matrix `[n_rows, n_terms]`, `[len(dense), n_rows]`."""
    product: Tensor = _Product.apply(dense, matrix)
    return product


def _content(features: SymbolicFeatures) -> FloatArray:
    content = features.profiles.content.astype(np.float32)
    return np.where(content < _VAGUE, np.float32(0.0), content)


def _unit_patients(features: SymbolicFeatures, patients: Sequence[TermSets]) -> Any:
    rows = closure_matrix(tuple(patients), features.knowledge.ontology)
    rows.data = _content(features)[rows.indices]
    rows.eliminate_zeros()
    return unit_rows(rows)


def _axes(vectors: FloatArray, rng: np.random.Generator, *, n_sampled: int = 1500) -> FloatArray:
    """Directions of largest variance, `[d, d]` at most, most important first."""
    some = vectors[rng.permutation(len(vectors))[:n_sampled]]
    _, _, axes = np.linalg.svd(some - vectors.mean(axis=0), full_matrices=False)
    found: FloatArray = np.ascontiguousarray(axes[:64].T, dtype=np.float32)
    return found


def _with_fewer(patient: TermSets, share: float, rng: np.random.Generator) -> TermSets:
    kept = rng.random(len(patient.present)) >= share
    return TermSets(present=patient.present[kept] if kept.any() else patient.present)


def _at_most(
    disease: npt.NDArray[np.integer], n: int, rng: np.random.Generator
) -> npt.NDArray[np.int64]:
    """Rows of at most `n` random cases of each disease."""
    shuffled = rng.permutation(len(disease))
    order = shuffled[np.argsort(disease[shuffled], kind="stable")]
    ordered = disease[order]
    place = np.arange(len(ordered)) - np.searchsorted(ordered, ordered)
    return np.sort(order[place < n])
