"""Generated images are labelled, vary, and can be told apart by class."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.synthetic_images import CLASSES, synthetic_image, write_synthetic_images


def test_same_seed_gives_the_same_image() -> None:
    for kind in CLASSES:
        first, second = (synthetic_image(kind, rng=np.random.default_rng(3)) for _ in range(2))
        assert np.array_equal(first, second)
        assert first.shape == (64, 64, 3)
        assert first.dtype == np.uint8


def test_images_of_a_class_differ() -> None:
    rng = np.random.default_rng(0)
    for kind in CLASSES:
        assert not np.array_equal(synthetic_image(kind, rng=rng), synthetic_image(kind, rng=rng))


def test_unknown_class_is_named() -> None:
    with pytest.raises(ValueError, match="'cat' is not one of disc"):
        synthetic_image("cat", rng=np.random.default_rng(0))


def test_files_say_that_they_are_synthetic(tmp_path: Path) -> None:
    written = write_synthetic_images(tmp_path, per_class=2, rng=np.random.default_rng(1), size=32)
    assert len(written) == 2 * len(CLASSES)
    for path, kind in written:
        assert kind in path.name
        with Image.open(path) as image:
            assert image.size == (32, 32)
            assert "synthetic" in image.info["Description"]
