"""Names of the features of a (case, disease) pair, and which of them are classical.

Decides the list and its order. How each is computed is decided in `fusion.symbolic.features`.
"""

__all__ = ["CLASSICAL", "FEATURES"]

_CLASSICAL = (
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
)

_WHOLE = (
    "profile_cosine",  # the whole picture of patient and disease, as one angle
    "profile_margin",
    "profile_rank",
    "profile_group_rank",
    "family_cosine",  # with profiles smoothed towards relatives and the disease's own name
    "family_cosine_margin",
    "family_cosine_rank",
    "family_cosine_group_rank",
    "gene_cosine",  # best among the diseases of the same gene, parent and series
    "parent_cosine",
    "series_cosine",
    "told",  # nats, signs in name and definition of the disease
    "told_margin",
    "told_rank",
)

_STANDING = (
    "lin_group_rank",
    "annotated_per_term",
    "annotated_margin",
    "annotated_rank",
    "annotated_group_rank",
    "likelihood_over_seen",  # distance to the best disease of each group
    "likelihood_over_annotated",
    "likelihood_over_neither",
    "family_over_seen",
    "family_over_annotated",
    "family_over_neither",
    "lin_over_seen",
    "lin_over_annotated",
    "profile_over_seen",
    "profile_over_annotated",
    "family_cosine_over_seen",
    "family_cosine_over_annotated",
    "family_cosine_over_neither",
)

_PATIENTS = (
    "nearest_five",
    "nearest_rare",  # three closest, by a similarity that asks for the rare findings
    "nearest_rare_margin",
    "nearest_mean",  # all published patients of the disease, not the closest alone
    "nearest_mean_margin",
    "nearest_mean_rank",
    "nearest_votes_wide",  # a vote that the far ones share in
    "gene_votes",
    "parent_votes",
    "series_votes",
)

_NAMES = (
    "name_mean",
    "name_maximum",
    "name_margin",
    "name_rank",
)

CLASSICAL: tuple[str, ...] = (*_CLASSICAL, *_NAMES)
"""What likelihood ratios, semantic similarity, nearest patients, relatives and names say: the
features of the boosted baseline."""

FEATURES: tuple[str, ...] = (*_CLASSICAL, *_WHOLE, *_STANDING, *_PATIENTS, *_NAMES)
"""All features, in order; those of names are there only with embedded names."""
