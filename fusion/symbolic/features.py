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
from .cosine import ProfileCosine
from .feature_names import FEATURES
from .knowledge import SymbolicKnowledge
from .likelihood import LikelihoodOptions, LikelihoodRatio
from .nearest import NearestPatients
from .patients import ReferenceCases, TermSets
from .profiles import DiseaseProfiles, ProfileOptions
from .similarity import BestMatch
from .standing import ANNOTATED, GROUP_NAMES, NEITHER, SEEN, Standing
from .text import NameSimilarity

__all__ = ["SymbolicFeatures"]

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int32]

_BLOCK = 16
_RARE = 2.0  # power of the content in a similarity of patients that asks for the rare findings
_WIDE = 8.0  # sharpness of the vote in which far patients have a say


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
        names: Sequence[str] | None = None,
    ) -> None:
        """Builds profiles and scorers.

        Args:
            knowledge: The graph as arrays.
            references: Published patients with their diseases.
            exclude_publications: Annotations and patients that rest on any of these are left out.
            profile_options: How annotations and patients are merged.
            likelihood_options: Noise model of the likelihood ratio.
            names: Features to make, in order; None makes all.

        Raises:
            ValueError: A name is not that of a feature.
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
            told=knowledge.told,
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
        self.told = LikelihoodRatio(
            ontology=ontology,
            frequency=profiles.told_closed,
            background=profiles.background,
            content=profiles.content,
            options=likelihood_options,
            name="signs in names and definitions",
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
        self.nearest_rare = NearestPatients(
            ontology=ontology,
            references=known,
            content=profiles.content,
            n_diseases=self.n_diseases,
            power=_RARE,
        )
        self.cosine = ProfileCosine(
            ontology=ontology, shares=profiles.merged_closed, content=profiles.content
        )
        self.family_cosine = ProfileCosine(
            ontology=ontology,
            shares=profiles.family_closed,
            content=profiles.content,
            name="profile cosine + relatives + names",
        )
        self.name_similarity = None if knowledge.names is None else NameSimilarity(knowledge.names)
        self.names = tuple(
            name
            for name in FEATURES
            if self.name_similarity is not None or not name.startswith("name_")
        )
        if names is not None:
            if unknown := [name for name in names if name not in self.names]:
                raise ValueError(
                    f"symbolic features: this version does not make {', '.join(unknown)}; "
                    "train the model again"
                )
            self.names = tuple(names)
        self._standing = Standing(self.groups)
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
        three, five = self.nearest.means_closest(similarity, ks=(3, 5))
        per_term = likelihood / size
        floor = float(per_term.min()) if per_term.size else 0.0
        knowledge = self.knowledge
        named, told = self.named.present(cases), self.told.present(cases)
        series_best = knowledge.by_series.maximum(per_term, default=floor)
        gene_best = knowledge.by_gene.maximum(per_term, default=floor)
        parent_best = knowledge.by_parent.maximum(per_term, default=floor)
        annotated = self.likelihood_annotated.present(cases)
        profile, family_cosine = self.cosine.score(cases), self.family_cosine.score(cases)
        columns: dict[str, Any] = {
            "likelihood_annotated": annotated,
            "likelihood": likelihood,
            "likelihood_per_term": per_term,
            "likelihood_margin": margin(likelihood),
            "likelihood_rank": log_rank(likelihood),
            "likelihood_group_rank": self._standing.rank(likelihood),
            "family": family,
            "family_margin": margin(family),
            "family_rank": log_rank(family),
            "family_group_rank": self._standing.rank(family),
            "excluded": self.likelihood.excluded(cases),
            "explained": explained,
            "best": best,
            "worst": worst,
            "lin_forward": lin_forward,
            "lin_backward": lin_backward,
            "lin_margin": margin(lin),
            "lin_rank": log_rank(lin),
            "nearest": nearest,
            "nearest_three": three,
            "nearest_five": five,
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
            "told": told,
            "told_margin": margin(told),
            "told_rank": log_rank(told),
            "n_terms": size,
            "case_likelihood": per_term.max(axis=1, keepdims=True),
            "case_nearest": nearest.max(axis=1, keepdims=True),
            "case_content": self._mean_content(cases),
            **self._static,
            **self._whole(profile, family_cosine),
            **self._standings(size, annotated, likelihood, family, lin, profile, family_cosine),
            **self._all_patients(cases, similarity),
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
                rows = (total[at], explained[at], best[at], worst[at])
                self.likelihood.extremes(case.present, *rows)
                explained[at] /= len(case.present)
        return total, explained, best, worst

    def _whole(self, profile: FloatArray, family: FloatArray) -> dict[str, FloatArray]:
        """Features of the whole picture, of the disease itself and of its relatives."""
        knowledge, standing = self.knowledge, self._standing
        return {
            "profile_cosine": profile,
            "profile_margin": margin(profile),
            "profile_rank": log_rank(profile),
            "profile_group_rank": standing.rank(profile),
            "family_cosine": family,
            "family_cosine_margin": margin(family),
            "family_cosine_rank": log_rank(family),
            "family_cosine_group_rank": standing.rank(family),
            "gene_cosine": knowledge.by_gene.maximum(profile),
            "parent_cosine": knowledge.by_parent.maximum(profile),
            "series_cosine": knowledge.by_series.maximum(profile),
        }

    def _standings(
        self,
        size: FloatArray,
        annotated: FloatArray,
        likelihood: FloatArray,
        family: FloatArray,
        lin: FloatArray,
        profile: FloatArray,
        family_cosine: FloatArray,
    ) -> dict[str, FloatArray]:
        """Features of diseases of which as much, more or less is known."""
        standing = self._standing
        columns = {
            "lin_group_rank": standing.rank(lin),
            "annotated_per_term": annotated / size,
            "annotated_margin": margin(annotated),
            "annotated_rank": log_rank(annotated),
            "annotated_group_rank": standing.rank(annotated),
        }
        for name, scores, groups in (
            ("likelihood", likelihood, (SEEN, ANNOTATED, NEITHER)),
            ("family", family, (SEEN, ANNOTATED, NEITHER)),
            ("lin", lin, (SEEN, ANNOTATED)),
            ("profile", profile, (SEEN, ANNOTATED)),
            ("family_cosine", family_cosine, (SEEN, ANNOTATED, NEITHER)),
        ):
            over = standing.over(scores)
            for group in groups:
                columns[f"{name}_over_{GROUP_NAMES[group]}"] = over[group]
        return columns

    def _all_patients(
        self, cases: Sequence[TermSets], similarity: FloatArray
    ) -> dict[str, FloatArray]:
        """Features of all published patients of a disease and of its relatives."""
        knowledge = self.knowledge
        rare = self.nearest_rare.mean_closest(self.nearest_rare.similarity(cases), k=3)
        mean = self.nearest.mean_all(similarity)
        votes = self.nearest.votes(similarity, sharpness=_WIDE)
        return {
            "nearest_rare": rare,
            "nearest_rare_margin": margin(rare),
            "nearest_mean": mean,
            "nearest_mean_margin": margin(mean),
            "nearest_mean_rank": log_rank(mean),
            "nearest_votes_wide": votes,
            "gene_votes": knowledge.by_gene.maximum(votes),
            "parent_votes": knowledge.by_parent.maximum(votes),
            "series_votes": knowledge.by_series.maximum(votes),
        }

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
