"""Heat maps find the part that the score rests on, for ViTs and convolutional networks."""

import pytest
import torch
from torch import Tensor

from encoders import ImageEncoder
from fusion.imaging import delete_region, heat_maps, usual_activations

pytest.importorskip("captum")


@pytest.mark.parametrize("name", ["test_vit", "test_efficientnet"])
def test_a_map_has_the_size_of_the_image_and_its_top_is_one(name: str) -> None:
    torch.manual_seed(0)
    encoder = ImageEncoder(name, weights="none", freeze="frozen", size=64).eval()
    direction = torch.randn(encoder.d_model)
    images = torch.rand(2, 3, 64, 64)
    maps = heat_maps(encoder, lambda x: encoder.encode(x).pooled @ direction, images)
    assert maps.shape == (2, 64, 64)
    assert maps.min() >= 0
    assert torch.allclose(maps.flatten(1).amax(1), torch.ones(2))


def test_the_patch_that_is_scored_is_the_hottest() -> None:
    torch.manual_seed(0)
    encoder = ImageEncoder("test_efficientnet", weights="none", size=64).eval()
    images = torch.rand(1, 3, 64, 64)
    rows, columns = encoder.encode(images).grid
    chosen = columns - 1  # upper right

    def score(x: Tensor) -> Tensor:
        return encoder.encode(x).patches[:, chosen].pow(2).sum(dim=1)

    heat = heat_maps(encoder, score, images)[0]
    height, width = 64 // rows, 64 // columns
    assert heat[:height, -width:].mean() > heat[-height:, :width].mean()
    assert heat[-1, 0] == 0


def test_deletion_takes_the_hottest_share_and_nothing_else() -> None:
    images = torch.rand(1, 3, 8, 8)
    heat = torch.zeros(1, 8, 8)
    heat[0, 2:4, 2:4] = 1.0
    left = delete_region(images, heat, 4 / 64)
    changed = (left != images).any(dim=1)[0]
    assert bool(changed[2:4, 2:4].all())
    assert int(changed.sum()) == 4


def test_maps_of_stages_add_up_to_what_a_linear_head_reads() -> None:
    torch.manual_seed(0)
    encoder = ImageEncoder("test_efficientnet", weights="none", size=64).eval()
    images = torch.rand(2, 3, 64, 64)
    width = encoder.encode_stages(images, 2).shape[1]
    direction = torch.randn(width)
    maps = heat_maps(encoder, lambda x: encoder.encode_stages(x, 2) @ direction, images, n_stages=2)
    assert maps.shape == (2, 64, 64)
    assert maps.amax() == 1


def test_what_all_images_share_stays_dark() -> None:
    torch.manual_seed(0)
    encoder = ImageEncoder("test_efficientnet", weights="none", size=64).eval()
    images = torch.zeros(4, 3, 64, 64)
    images[:, :, :8] = 1.0  # a bright bar in all of them
    images[0, :, 40:56, 40:56] = 1.0
    direction = torch.randn(encoder.encode_stages(images, 3).shape[1])

    def score(x: Tensor) -> Tensor:
        return encoder.encode_stages(x, 3) @ direction

    usual = usual_activations(encoder, score, images[1:], n_stages=3)
    plain = heat_maps(encoder, score, images[:1], n_stages=3)[0]
    maps = heat_maps(encoder, score, images[:1], n_stages=3, usual=usual)[0]
    bar, square = (slice(0, 8), slice(0, 24)), (slice(40, 56), slice(40, 56))
    assert plain[bar].mean() > 0.05
    assert maps[bar].mean() < 0.2 * maps[square].mean()


def test_deletion_of_flat_colour_changes_nothing() -> None:
    flat = torch.full((1, 3, 40, 40), 0.3)
    assert torch.allclose(delete_region(flat, torch.rand(1, 40, 40), 0.5), flat, atol=1e-6)
