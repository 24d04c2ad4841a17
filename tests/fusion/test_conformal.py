"""Sets: the promise is kept on fresh publications, the first is a member, more is not less."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusion.calibration import Calibration
from fusion.confidence import Confidence
from fusion.conformal import ConformalSets, nonconformity


def drawn(
    n_clusters: int, rng: np.random.Generator
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Beliefs of alike patients of one paper, which are mistaken together."""
    beliefs, golds, clusters = [], [], []
    for cluster in range(n_clusters):
        hard = rng.uniform(0.2, 3.0)
        for _ in range(int(rng.integers(1, 6))):
            row = np.exp(hard * rng.normal(size=40))
            row /= row.sum()
            beliefs.append(row)
            golds.append(int(rng.choice(40, p=row if rng.random() < 0.8 else None)))
            clusters.append(cluster)
    return np.stack(beliefs), np.asarray(golds), np.asarray(clusters)


def test_the_promise_is_kept_on_average_over_publications() -> None:
    rng = np.random.default_rng(0)
    held = []
    for _ in range(60):
        beliefs, golds, clusters = drawn(60, rng)
        sets = ConformalSets.fit(nonconformity(beliefs, golds), clusters, coverage=0.8)
        fresh, right, own = drawn(60, rng)
        inside = nonconformity(fresh, right) <= sets.threshold
        held.append(np.mean([inside[own == c].mean() for c in range(60)]))
    assert np.mean(held) >= 0.79
    assert np.mean(held) <= 0.86


def test_too_few_publications_promise_only_the_whole_catalogue() -> None:
    sets = ConformalSets.fit(np.array([0.1, 0.2]), np.array([0, 1]), coverage=0.9)
    assert sets.threshold == float("inf")
    assert sets.sizes(np.full((1, 7), 1 / 7)).tolist() == [7]


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), low=st.floats(0.0, 0.99), high=st.floats(0.0, 0.99))
def test_sizes_agree_with_nonconformity_and_grow_with_the_threshold(
    seed: int, low: float, high: float
) -> None:
    low, high = sorted((low, high))
    rng = np.random.default_rng(seed)
    row = rng.dirichlet(np.full(30, 0.2))[None]
    sizes = [
        int(ConformalSets(coverage=0.9, threshold=t, n_clusters=9).sizes(row)[0])
        for t in (low, high)
    ]
    assert 1 <= sizes[0] <= sizes[1] <= 30
    members = set(np.argsort(-row[0], kind="stable")[: sizes[0]].tolist())
    for disease in range(30):
        inside = float(nonconformity(row, np.array([disease]))[0]) <= low - 1e-9
        assert not inside or disease in members or row[0, disease] == 0.0


def test_a_confidence_survives_its_file_and_a_broken_file_is_named(tmp_path: Path) -> None:
    found = Confidence(
        calibration=Calibration(temperature=1.3, biases=(0.1, -0.2, 0.0), shape=(0.5, 1.0)),
        sets=ConformalSets(coverage=0.9, threshold=float("inf"), n_clusters=3),
        n_cases=12,
    )
    path = tmp_path / "confidence.json"
    found.save(path)
    assert Confidence.load(path) == found
    for text in ("{", "[]", '{"calibration": {}}'):
        path.write_text(text)
        with pytest.raises(ValueError, match=r"confidence\.json"):
            Confidence.load(path)
