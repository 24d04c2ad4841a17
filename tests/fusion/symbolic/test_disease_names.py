import pytest

from fusion.symbolic.disease_names import NAMED_SHARE, series_of, signs_in_names, stem


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Joubert syndrome 30", ("joubert",)),
        ("Charcot-Marie-Tooth disease, axonal, type 2KK", ("charcot", "marie", "tooth", "axonal")),
        ("Intellectual developmental disorder, X-linked 113", ("intellectual", "disability")),
        ("mental retardation, autosomal dominant 5", ("intellectual", "disability")),
        ("Marfan syndrome", ()),
    ],
)
def test_the_stem_is_what_a_series_shares(name: str, expected: tuple[str, ...]) -> None:
    assert stem(name) == expected


def test_a_series_relates_its_members_and_nobody_else() -> None:
    series = series_of(
        ["Joubert syndrome 30", "Joubert syndrome 2", "Marfan syndrome", "Deafness 3"]
    )
    assert series.weights.toarray().tolist() == [
        [0.0, 1.0, 0.0, 0.0],
        [1.0, 0.0, 0.0, 0.0],
        [0.0] * 4,
        [0.0] * 4,
    ]


def test_names_without_any_series_relate_nobody() -> None:
    assert series_of(["Marfan syndrome", ""]).weights.nnz == 0


def test_signs_are_read_from_names_and_the_longer_wins() -> None:
    terms = {0: ("Paraplegia",), 1: ("Spastic paraplegia",), 2: ("Hearing impairment", "Deafness")}
    names = [("Spastic paraplegia 91",), ("Deafness, autosomal recessive 3",), ("Paraplegias",), ()]
    signs = signs_in_names(names, terms, n_terms=4)
    assert signs.shape == (4, 4)
    assert (signs.toarray() > 0).tolist() == [
        [False, True, False, False],
        [False, False, True, False],
        [True, False, False, False],
        [False] * 4,
    ]
    assert signs.max() == pytest.approx(NAMED_SHARE)
