"""Grades are learnt in their order, unknown ones are not asked, training is repeatable."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from encoders import ImageEncoder
from fusion.imaging import (
    GradingConfig,
    ImageGrader,
    cumulative_targets,
    expected_grade,
    grade_images,
    train_grader,
)

CONFIG = GradingConfig(
    epochs=6, batch_images=8, average_decay=0.8, encoder_learning_rate=1e-3, dropout=0.0
)


def new_grader() -> ImageGrader:
    torch.manual_seed(0)
    encoder = ImageEncoder("test_vit", weights="none", freeze="all", size=32)
    return ImageGrader(encoder, [3, 2], dropout=0.0)


def brightening(n: int = 48) -> tuple[Tensor, Tensor]:
    """Images whose level is how bright they are."""
    rng = torch.Generator().manual_seed(1)
    levels = torch.arange(n) % 3
    images = torch.rand(n, 3, 32, 32, generator=rng) * 0.1 + 0.35 * levels.view(-1, 1, 1, 1)
    return images, torch.stack([levels, (levels == 2).long()], dim=1)


def test_levels_that_can_be_seen_are_learnt() -> None:
    images, levels = brightening()
    config = replace(CONFIG, colour=0.0)
    grader = train_grader(new_grader(), images, levels, config)
    first, second = grade_images(grader, images)
    expected = expected_grade(first)
    means = [float(expected[levels[:, 0] == level].mean()) for level in range(3)]
    assert means[0] < means[1] < means[2]
    assert second.shape == (48, 1)


def test_the_same_seed_gives_the_same_weights() -> None:
    images, levels = brightening(16)
    short = replace(CONFIG, epochs=1)
    one, two = (train_grader(new_grader(), images, levels, short) for _ in range(2))
    for a, b in zip(one.parameters(), two.parameters(), strict=True):
        assert torch.equal(a, b)


def test_an_unknown_level_has_no_loss() -> None:
    grader = new_grader()
    logits = (torch.randn(4, 2), torch.randn(4, 1))
    levels = torch.tensor([[0, -1], [1, -1], [2, -1], [1, -1]])
    only_first = torch.nn.functional.binary_cross_entropy_with_logits(
        logits[0], cumulative_targets(levels[:, 0], 2)
    )
    assert torch.allclose(grader.loss(logits, levels), only_first)
    assert grader.loss(logits, torch.full((4, 2), -1)) == 0


def test_flipped_views_give_the_same_answer() -> None:
    images, _ = brightening(6)
    grader = new_grader()
    torch.nn.init.normal_(grader.head.weight)
    plain, _ = grade_images(grader, images)
    turned, _ = grade_images(grader, images.flip(2, 3))
    assert torch.allclose(plain, turned, atol=2e-2)


def test_bad_settings_are_named() -> None:
    with pytest.raises(ValueError, match="flips: 'sideways'"):
        GradingConfig(flips="sideways")
    with pytest.raises(ValueError, match="at least 2 levels"):
        ImageGrader(ImageEncoder("test_vit", weights="none", size=32), [1])


def test_a_head_begins_from_the_probe_of_the_stages() -> None:
    images, levels = brightening()
    torch.manual_seed(0)
    encoder = ImageEncoder("test_efficientnet", weights="none", freeze=1, size=32)
    grader = ImageGrader(encoder, [3, 2], n_stages=2)
    train_grader(grader, images, levels, replace(CONFIG, epochs=0, probe_penalty=0.01))
    expected = expected_grade(grade_images(grader, images)[0])
    means = [float(expected[levels[:, 0] == level].mean()) for level in range(3)]
    assert means[0] + 0.5 < means[1] < means[2] - 0.5
    before = {name: value.clone() for name, value in encoder.state_dict().items()}
    train_grader(grader, images, levels, replace(CONFIG, epochs=1, probe_penalty=0.01))
    moved = {n for n, v in encoder.state_dict().items() if not torch.equal(v, before[n])}
    assert moved
    assert all("blocks" in name or "bn2" in name or "conv_head" in name for name in moved)
