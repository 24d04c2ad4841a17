"""Missing is not zero, units are kept apart, and outliers stay bounded."""

import math

import pytest
import torch

from encoders import DemographicsEncoder, MeasurementEncoder, MeasurementVocabulary

VOCABULARY = MeasurementVocabulary(
    names=("crp|mg/L", "hb|g/dL"), centre=(5.0, 13.0), spread=(5.0, 2.0)
)


@pytest.fixture
def encoder() -> MeasurementEncoder:
    torch.manual_seed(0)
    return MeasurementEncoder(VOCABULARY, 8).eval()


def test_zero_is_a_value_and_missing_is_none(encoder: MeasurementEncoder) -> None:
    batch = VOCABULARY.batch(
        [[("crp", "mg/L", 0.0)], [("crp", "mg/L", None)], [("crp", "mg/L", math.nan)]]
    )
    tokens = encoder(batch)
    assert tokens.present.tolist() == [[True], [False], [False]]
    assert tokens.values[0].any()
    assert not tokens.values[1:].any()


def test_order_repetition_and_unknown_codes(encoder: MeasurementEncoder) -> None:
    one = VOCABULARY.batch([[("hb", "g/dL", 9.0), ("crp", "mg/L", 80.0)]])
    two = VOCABULARY.batch(
        [[("crp", "mg/L", 3.0), ("hb", "g/L", 90.0), ("crp", "mg/L", 80.0), ("hb", "g/dL", 9.0)]]
    )
    assert torch.equal(encoder(one).values, encoder(two).values)
    assert (one.n_unknown, two.n_unknown) == (0, 1)


def test_standard_units() -> None:
    batch = VOCABULARY.batch([[("crp", "mg/L", 15.0), ("hb", "g/dL", 9.0)]])
    assert batch.value.tolist() == [[2.0, -2.0]]


def test_outliers_are_bounded(encoder: MeasurementEncoder) -> None:
    usual = encoder(VOCABULARY.batch([[("crp", "mg/L", 25.0)]])).values
    absurd = encoder(VOCABULARY.batch([[("crp", "mg/L", 1e12)]])).values
    assert absurd.isfinite().all()
    assert absurd.norm() < 3 * usual.norm()


def test_vocabulary_is_fitted_on_what_is_common_enough() -> None:
    cases = [[("hb", "g/dL", float(v))] for v in (11, 12, 13, 14, 15)]
    cases += [[("na", "mmol/L", 140.0)], [("k", "mmol/L", 4.0)]]
    fitted = MeasurementVocabulary.fit(cases, min_cases=2)
    assert fitted.names == ("hb|g/dL",)
    assert fitted.centre == (13.0,)
    assert fitted.spread == pytest.approx((2 / 1.349,))
    constant = MeasurementVocabulary.fit([[("na", None, 140.0)]] * 3, min_cases=2)
    assert constant.spread == (140.0,)


def test_vocabulary_checks_itself() -> None:
    with pytest.raises(ValueError, match="lengths differ"):
        MeasurementVocabulary(names=("a",), centre=(), spread=(1.0,))
    with pytest.raises(ValueError, match="not distinct"):
        MeasurementVocabulary(names=("a", "a"), centre=(0.0, 0.0), spread=(1.0, 1.0))
    with pytest.raises(ValueError, match="positive"):
        MeasurementVocabulary(names=("a",), centre=(0.0,), spread=(0.0,))


def test_unknown_age_is_not_birth_and_unknown_sex_is_no_sex() -> None:
    torch.manual_seed(0)
    encoder = DemographicsEncoder(8).eval()
    tokens = encoder([0.0, None, 200.0, math.nan], ["female", None, "male", "other"])
    assert tokens.present.tolist() == [[True, True], [False, False], [False, True], [False, True]]
    assert not tokens.values[1].any()
    assert encoder([], []).n_cases == 0
    with pytest.raises(ValueError, match="'f'; needs one of female, male, other or None"):
        encoder([1.0], ["f"])
    with pytest.raises(ValueError, match="1 cases beside 2"):
        encoder([1.0, 2.0], ["male"])


def test_a_month_matters_at_birth_more_than_at_seventy() -> None:
    torch.manual_seed(0)
    encoder = DemographicsEncoder(8).eval()
    age = encoder([0.0, 0.1, 70.0, 70.1], [None] * 4).values[:, 0]
    assert (age[1] - age[0]).norm() > 10 * (age[3] - age[2]).norm()
