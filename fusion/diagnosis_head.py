"""Scores of every disease of the catalogue: learned similarity, symbolic evidence, and both.

Decides how a patient vector meets a disease and how much each kind of evidence is trusted. The
symbolic features are made in `fusion.symbolic`; which cases may train what is in `fusion.trainer`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

__all__ = ["EvidenceCombiner", "SimilarityHead"]

_CONTEXT = frozenset(
    {
        *("n_annotations", "n_cases", "group", "has_gene", "has_omim"),
        *("n_terms", "case_likelihood", "case_nearest", "case_content"),
    }
)
"""Features that say how much is known, and so which of the others to trust."""

_PRIOR = {"likelihood_margin": 2.0, "lin_margin": 1.0, "nearest_margin": 1.0}
_PRIOR_NEURAL = 0.3
_TILE = 4096
"""Weights to start from, so that a few dozen cases only have to adjust a sensible ranking."""


class SimilarityHead(nn.Module):
    """Two cosines: with the graph vector of a disease, and with its text alone.

    The second reaches diseases that have no edge at all.

    Args:
        d_model: Width of the vectors.
    """

    def __init__(self, d_model: int) -> None:
        super().__init__()
        self.to_graph = nn.Linear(d_model, d_model, bias=False)
        self.to_text = nn.Linear(d_model, d_model, bias=False)
        self.disease = nn.Linear(d_model, d_model, bias=False)
        self.text = nn.Linear(d_model, d_model, bias=False)
        self.log_scale = nn.Parameter(torch.tensor([math.log(12.0), math.log(4.0)]))

    def project(
        self,
        diseases: Float[Tensor, "n_diseases d_model"],
        texts: Float[Tensor, "n_diseases d_model"],
    ) -> tuple[Float[Tensor, "n_diseases d_model"], Float[Tensor, "n_diseases d_model"]]:
        """What patients are compared with; the same for all of them."""
        return _unit(self.disease(diseases)), _unit(self.text(texts))

    def forward(
        self,
        patients: Float[Tensor, "n_cases d_model"],
        diseases: Float[Tensor, "n_diseases d_model"],
        texts: Float[Tensor, "n_diseases d_model"],
    ) -> Float[Tensor, "n_cases n_diseases 2"]:
        """Both scaled cosines of every patient and disease; their sum is the neural logit.

        Args:
            patients: The patients.
            diseases: The diseases, from `project`.
            texts: Their texts, likewise.
        """
        scale = self.log_scale.clamp(max=math.log(60.0)).exp()
        graph = _unit(self.to_graph(patients)) @ diseases.t()
        text = _unit(self.to_text(patients)) @ texts.t()
        return torch.stack([graph * scale[0], text * scale[1]], dim=-1)


class EvidenceCombiner(nn.Module):
    r"""Weighs symbolic features against neural similarity, disease by disease.

    .. math:: s = \mathbf{f} \cdot (\mathbf{w} + G(\mathbf{c})) + M(\mathbf{f})

    with the standardised evidence f, and the context c: how much is known of the disease
    (annotations, published patients, a gene) and of the patient. The gate G starts at zero and M
    small, so that learning starts from a plain weighted sum.

    Args:
        names: Names of the symbolic features; the context is found among them.
        d_hidden: Width of the hidden layer.
    """

    context: Tensor
    mean: Tensor
    deviation: Tensor

    def __init__(self, names: Sequence[str], *, d_hidden: int = 32) -> None:
        super().__init__()
        n_evidence = len(names) + 4
        context = [i for i, name in enumerate(names) if name in _CONTEXT]
        self.register_buffer("context", torch.tensor(context, dtype=torch.long), persistent=False)
        self.register_buffer("mean", torch.zeros(len(names)))
        self.register_buffer("deviation", torch.ones(len(names)))
        self.weight = nn.Parameter(torch.zeros(n_evidence))
        self.gate = nn.Sequential(
            nn.Linear(len(context) + 1, d_hidden), nn.GELU(), nn.Linear(d_hidden, n_evidence)
        )
        self.network = nn.Sequential(
            nn.Linear(n_evidence, d_hidden), nn.GELU(), nn.Linear(d_hidden, 1)
        )
        with torch.no_grad():
            for i, name in enumerate(names):
                self.weight[i] = _PRIOR.get(name, 0.0)
            self.weight[len(names) + 3] = _PRIOR_NEURAL
            for part in (self.gate, self.network):
                for parameter in part[-1].parameters():
                    parameter.zero_()

    @torch.no_grad()
    def standardise(self, mean: Tensor, deviation: Tensor) -> None:
        """Sets mean and standard deviation of the symbolic features."""
        self.mean.copy_(mean)
        self.deviation.copy_(torch.where(deviation > 1e-6, deviation, torch.ones_like(deviation)))

    def forward(
        self,
        symbolic: Float[Tensor, "n_cases n_candidates n_features"],
        neural: Float[Tensor, "n_cases n_candidates 2"],
        normaliser: Float[Tensor, "n_cases 2"],
    ) -> Float[Tensor, "n_cases n_candidates"]:
        """Combined logits of candidates.

        Args:
            symbolic: Features of the candidates.
            neural: Both similarities of the candidates.
            normaliser: Per case, the log-sum-exp and the maximum of the neural logits over the
                *whole* catalogue, so that a candidate is judged against all, not the shortlist.
        """
        features = ((symbolic - self.mean) / self.deviation).clamp(-8.0, 8.0)
        total = neural.sum(dim=-1)
        log_probability = total - normaliser[:, None, 0]
        neural_evidence = torch.stack(
            [
                neural[..., 0] / 10.0,
                neural[..., 1] / 4.0,
                (total - normaliser[:, None, 1]) / 10.0,
                log_probability.clamp(min=-30.0),
            ],
            dim=-1,
        )
        evidence = torch.cat([features, neural_evidence], dim=-1)
        certainty = (normaliser[:, 1] - normaliser[:, 0])[:, None, None]
        context = torch.cat(
            [
                features.index_select(-1, self.context),
                certainty.expand(-1, features.shape[1], 1),
            ],
            dim=-1,
        )
        weights = self.weight + self.gate(context)
        logits: Tensor = (evidence * weights).sum(dim=-1) + self.network(evidence)[..., 0]
        return logits

    @torch.no_grad()
    def of_catalogue(
        self,
        symbolic: Float[Tensor, "n_diseases n_features"],
        neural: Float[Tensor, "n_diseases 2"],
        normaliser: Float[Tensor, " 2"],
    ) -> Float[Tensor, " n_diseases"]:
        r"""The same logits for one case and a whole catalogue, several times faster.

        With :math:`G(\mathbf{c}) = U h(\mathbf{c}) + \mathbf{u}`, what multiplies f is linear:

        .. math::
            s = h(\mathbf{c}) \cdot U^T \mathbf{f}
            + (\mathbf{w} + \mathbf{u}) \cdot \mathbf{f} + M(\mathbf{f})

        so that one matrix product makes all of it, tile by tile, in the cache.

        Args:
            symbolic: As in `forward`, of one case; fastest when each feature is contiguous.
            neural: Both similarities.
            normaliser: As in `forward`.
        """
        opening, closing = _linear(self.gate, 0), _linear(self.gate, 2)
        hidden, last = _linear(self.network, 0), _linear(self.network, 2)
        n_hidden, n_names = opening.out_features, len(self.mean)
        fused = torch.cat(
            [closing.weight.t(), (self.weight + closing.bias)[None], hidden.weight]
        ).contiguous()
        certainty = normaliser[1] - normaliser[0]
        offset = (opening.bias + opening.weight[:, -1] * certainty)[:, None]
        gate = opening.weight[:, :-1].contiguous()
        mean, deviation = self.mean[:, None], self.deviation[:, None]
        logits = symbolic.new_empty(len(symbolic))
        for start in range(0, len(symbolic), _TILE):
            some = slice(start, start + _TILE)
            near = neural[some].t()
            evidence = symbolic.new_empty(n_names + 4, near.shape[1])
            features = evidence[:n_names]
            torch.sub(symbolic[some].t(), mean, out=features)
            features.div_(deviation).clamp_(-8.0, 8.0)
            total = near.sum(dim=0)
            evidence[n_names] = near[0] / 10.0
            evidence[n_names + 1] = near[1] / 4.0
            evidence[n_names + 2] = (total - normaliser[1]) / 10.0
            evidence[n_names + 3] = (total - normaliser[0]).clamp(min=-30.0)
            linear = fused @ evidence
            gates = F.gelu(torch.addmm(offset, gate, features.index_select(0, self.context)))
            own = F.gelu(linear[n_hidden + 1 :] + hidden.bias[:, None])
            logits[some] = (gates * linear[:n_hidden]).sum(dim=0) + linear[n_hidden]
            logits[some] += (last.weight @ own)[0] + last.bias
        return logits


def _linear(part: nn.Sequential, at: int) -> nn.Linear:
    layer = part[at]
    assert isinstance(layer, nn.Linear)  # noqa: S101 - for the type checker
    return layer


def _unit(x: Tensor) -> Tensor:
    return F.normalize(x, dim=-1)
