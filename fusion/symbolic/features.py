"""Every symbolic score of every disease, as the features of a ranker.

Decides the list of features and how each is made comparable between cases. A feature never looks at
more than the annotations and the reference cases that it was built with: what must not be known is
left out there (`fusion.symbolic.crossfit`).
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .annotations import Annotations
from .comparable import log_rank, margin
from .knowledge import SymbolicKnowledge
from .likelihood import LikelihoodOptions, LikelihoodRatio
from .nearest import NearestPatients
from .patients import ReferenceCases, TermSets
from .profiles import DiseaseProfiles, ProfileOptions
from .similarity import BestMatch
from .text import NameSimilarity

__all__ = ["FEATURES", "SymbolicFeatures"]

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int32]

FEATURES: tuple[str, ...] = (
    "likelihood_annotated",  # nats, annotations alone
    "likelihood",  # nats, annotations and patients merged
    "likelihood_per_term",
    "likelihood_margin",  # distance to the best other disease of the case
    "likelihood_rank",  # ln of the rank
    "likelihood_group_rank",  # ln of the rank among diseases of which as much is known
    "family",  # nats, profiles smoothed towards relatives
    "family_margin",
    "family_rank",
    "family_group_rank",
    "excluded",  # nats, excluded findings
    "explained",  # share of the findings that speak for the disease
    "best",  # ratio of the finding that fits best, nats
    "worst",  # ratio of the finding that fits least, nats
    "lin_forward",
    "lin_backward",
    "lin_margin",
    "lin_rank",
    "nearest",
    "nearest_three",
    "nearest_margin",
    "nearest_rank",
    "nearest_votes",
    "gene_likelihood",  # best among the diseases of the same gene, nats per term
    "gene_nearest",
    "parent_likelihood",  # best and mean among the siblings, nats per term
    "parent_likelihood_mean",
    "parent_nearest",
    "parent_lin",
    "series_likelihood",  # best and mean among the diseases of the same numbered series
    "series_likelihood_mean",
    "series_nearest",
    "relative_rank",
    "named",  # nats, signs in the name of the disease
    "named_rank",
    "n_annotations",  # ln(1 + n)
    "n_cases",  # ln(1 + n)
    "group",  # 2 published patients, 1 annotated only, 0 neither
    "has_gene",
    "has_omim",
    "n_terms",  # of the case, as the next three
    "case_likelihood",  # best likelihood per term
    "case_nearest",  # similarity of the nearest patient
    "case_content",  # mean information content of the findings
    "name_mean",
    "name_maximum",
    "name_margin",
    "name_rank",
)
"""Names of the features, in order; those of names are there only with embedded names."""

_BLOCK = 16


class SymbolicFeatures:
    """Feature maker over one state of knowledge."""

    def __init__(
        self,
        knowledge: SymbolicKnowledge,
        references: ReferenceCases | None = None,
        *,
        exclude_publications: Iterable[str] = (),
        profile_options: ProfileOptions | None = None,
        likelihood_options: LikelihoodOptions | None = None,
    ) -> None:
        """Builds profiles and scorers.

        Args:
            knowledge: The graph as arrays.
            references: Published patients with their diseases.
            exclude_publications: Annotations and patients that rest on any of these are left out.
            profile_options: How annotations and patients are merged.
            likelihood_options: Noise model of the likelihood ratio.
        """
        excluded = frozenset(exclude_publications)
        annotations: Annotations = knowledge.annotations
        known = ReferenceCases.empty() if references is None else references
        if excluded:
            annotations = annotations.without(excluded)
            known = known.select(~known.citing(excluded))
        self.knowledge = knowledge
        self.references = known
        self.n_diseases = knowledge.catalogue.n_diseases
        ontology = knowledge.ontology
        profiles = DiseaseProfiles.build(
            ontology=ontology,
            n_diseases=self.n_diseases,
            annotations=annotations,
            references=known,
            relatives=(knowledge.by_gene, knowledge.by_parent, knowledge.by_series),
            named=knowledge.named,
            options=profile_options,
        )
        self.profiles = profiles
        self.likelihood_annotated = LikelihoodRatio(
            ontology=ontology,
            frequency=profiles.annotated_closed,
            background=profiles.annotated_background,
            content=profiles.content,
            options=likelihood_options,
            name="likelihood ratio",
        )
        self.likelihood = LikelihoodRatio(
            ontology=ontology,
            frequency=profiles.merged_closed,
            background=profiles.background,
            content=profiles.content,
            options=likelihood_options,
            name="likelihood ratio + cases",
        )
        self.family = LikelihoodRatio(
            ontology=ontology,
            frequency=profiles.family_closed,
            background=profiles.background,
            content=profiles.content,
            options=likelihood_options,
            name="likelihood ratio + cases + relatives",
        )
        self.named = LikelihoodRatio(
            ontology=ontology,
            frequency=profiles.named_closed,
            background=profiles.background,
            content=profiles.content,
            options=likelihood_options,
            name="signs in names",
        )
        self.resnik = BestMatch(
            ontology=ontology, signs=profiles.merged, content=profiles.content, measure="resnik"
        )
        self.lin = BestMatch(
            ontology=ontology, signs=profiles.merged, content=profiles.content, measure="lin"
        )
        self.nearest = NearestPatients(
            ontology=ontology,
            references=known,
            content=profiles.content,
            n_diseases=self.n_diseases,
        )
        self.name_similarity = None if knowledge.names is None else NameSimilarity(knowledge.names)
        self.names = tuple(
            name
            for name in FEATURES
            if self.name_similarity is not None or not name.startswith("name_")
        )
        groups = self.groups
        self._members = [np.flatnonzero(groups == group) for group in np.unique(groups)]
        self._static = self._static_features()

    @property
    def groups(self) -> IntArray:
        """What is known of each disease: 2 published patients, 1 annotated only, 0 neither."""
        profiles = self.profiles
        known = np.where(profiles.n_cases > 0, 2, np.where(profiles.n_annotations > 0, 1, 0))
        return known.astype(np.int32)

    def compute(self, cases: Sequence[TermSets]) -> FloatArray:
        """Features of every disease for every case, `[n_cases, n_diseases, n_features]`.

        A view: in memory the numbers of one feature stand side by side.
        """
        out = np.empty((len(cases), len(self.names), self.n_diseases), dtype=np.float32)
        for start in range(0, len(cases), _BLOCK):
            block = cases[start : start + _BLOCK]
            self._fill(self.columns(block), out[start : start + len(block)])
        return out.transpose(0, 2, 1)

    def stack(self, columns: dict[str, Any], n_cases: int) -> FloatArray:
        """Columns as one array, `[n_cases, n_diseases, n_features]`, a view as in `compute`."""
        out = np.empty((n_cases, len(self.names), self.n_diseases), dtype=np.float32)
        self._fill(columns, out)
        return out.transpose(0, 2, 1)

    def _fill(self, columns: dict[str, Any], out: FloatArray) -> None:
        for at, name in enumerate(self.names):
            out[:, at] = columns[name]

    def columns(self, cases: Sequence[TermSets]) -> dict[str, Any]:
        """Each feature by name; `[n_cases, n_diseases]` or of a shape that broadcasts to it."""
        size = np.asarray([max(len(case.present), 1) for case in cases], dtype=np.float32)[:, None]
        likelihood, explained, best, worst = self._likelihood_parts(cases)
        family = self.family.present(cases)
        lin_forward, lin_backward = self.lin.forward(cases), self.lin.backward(cases)
        lin = lin_forward + lin_backward
        similarity = self.nearest.similarity(cases)
        nearest = self.nearest.closest(similarity)
        per_term = likelihood / size
        floor = float(per_term.min()) if per_term.size else 0.0
        knowledge = self.knowledge
        named = self.named.present(cases)
        series_best = knowledge.by_series.maximum(per_term, default=floor)
        gene_best = knowledge.by_gene.maximum(per_term, default=floor)
        parent_best = knowledge.by_parent.maximum(per_term, default=floor)
        columns: dict[str, Any] = {
            "likelihood_annotated": self.likelihood_annotated.present(cases),
            "likelihood": likelihood,
            "likelihood_per_term": per_term,
            "likelihood_margin": margin(likelihood),
            "likelihood_rank": log_rank(likelihood),
            "likelihood_group_rank": self._group_rank(likelihood),
            "family": family,
            "family_margin": margin(family),
            "family_rank": log_rank(family),
            "family_group_rank": self._group_rank(family),
            "excluded": self.likelihood.excluded(cases),
            "explained": explained,
            "best": best,
            "worst": worst,
            "lin_forward": lin_forward,
            "lin_backward": lin_backward,
            "lin_margin": margin(lin),
            "lin_rank": log_rank(lin),
            "nearest": nearest,
            "nearest_three": self.nearest.mean_closest(similarity, k=3),
            "nearest_margin": margin(nearest),
            "nearest_rank": log_rank(nearest),
            "nearest_votes": self.nearest.votes(similarity),
            "gene_likelihood": gene_best,
            "gene_nearest": knowledge.by_gene.maximum(nearest),
            "parent_likelihood": parent_best,
            "parent_likelihood_mean": knowledge.by_parent.mean(per_term),
            "parent_nearest": knowledge.by_parent.maximum(nearest),
            "parent_lin": knowledge.by_parent.maximum(lin),
            "series_likelihood": series_best,
            "series_likelihood_mean": knowledge.by_series.mean(per_term),
            "series_nearest": knowledge.by_series.maximum(nearest),
            "relative_rank": log_rank(np.maximum(np.maximum(gene_best, parent_best), series_best)),
            "named": named,
            "named_rank": log_rank(named),
            "n_terms": size,
            "case_likelihood": per_term.max(axis=1, keepdims=True),
            "case_nearest": nearest.max(axis=1, keepdims=True),
            "case_content": self._mean_content(cases),
            **self._static,
        }
        if self.name_similarity is not None:
            mean, largest = self.name_similarity.mean_and_maximum(cases)
            columns |= {
                "name_mean": mean,
                "name_maximum": largest,
                "name_margin": margin(mean),
                "name_rank": log_rank(mean),
            }
        return columns

    def _likelihood_parts(self, cases: Sequence[TermSets]) -> tuple[FloatArray, ...]:
        """Sum, share above zero, maximum and minimum of the ratios of the findings, in nats."""
        total = np.zeros((len(cases), self.n_diseases), dtype=np.float32)
        explained, best, worst = np.zeros_like(total), np.zeros_like(total), np.zeros_like(total)
        for at, case in enumerate(cases):
            if len(case.present):
                best[at], worst[at] = -np.inf, np.inf
                for row in self.likelihood.each(case.present):
                    total[at] += row
                    explained[at] += row > 0
                    np.maximum(best[at], row, out=best[at])
                    np.minimum(worst[at], row, out=worst[at])
                explained[at] /= len(case.present)
        return total, explained, best, worst

    def _group_rank(self, scores: FloatArray) -> FloatArray:
        out = np.empty_like(scores)
        for members in self._members:
            out[:, members] = log_rank(scores[:, members])
        return out

    def _mean_content(self, cases: Sequence[TermSets]) -> FloatArray:
        means = [
            float(self.profiles.content[case.present].mean()) if len(case.present) else 0.0
            for case in cases
        ]
        return np.asarray(means, dtype=np.float32)[:, None]

    def _static_features(self) -> dict[str, FloatArray]:
        profiles, knowledge = self.profiles, self.knowledge
        static = {
            "n_annotations": np.log1p(profiles.n_annotations),
            "n_cases": np.log1p(profiles.n_cases),
            "group": self.groups,
            "has_gene": knowledge.has_gene,
            "has_omim": knowledge.catalogue.has_omim,
        }
        return {name: np.asarray(values, dtype=np.float32)[None] for name, values in static.items()}
