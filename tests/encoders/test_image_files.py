"""Images of every kind become a square in [0, 1]; hostile ones become one clear line."""

import struct
import sys
import time
import zlib
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from encoders import ImageError, load_image

RAMP = np.tile(np.arange(64, dtype=np.uint8) * 4, (48, 1))


def chunk(kind: bytes, data: bytes) -> bytes:
    body = kind + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


def png_header(width: int, height: int, data: bytes = b"") -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr"])
def test_every_mode_becomes_three_channels(mode: str, tmp_path: Path) -> None:
    kind = "jpg" if mode in ("CMYK", "YCbCr") else "png"
    image = Image.fromarray(RAMP).convert("RGB").convert(mode)
    path = tmp_path / f"x.{kind}"
    image.save(path)
    pixels = load_image(path, size=32)
    assert pixels.shape == (3, 32, 32)
    assert pixels.dtype == torch.float32
    assert pixels.min() >= 0
    assert 0.5 < pixels.max() <= 1
    # 64 × 48 in a square: four black rows above and below.
    assert not pixels[:, :4].any()
    assert not pixels[:, -4:].any()
    # The ramp rises to the right in every mode.
    assert pixels[:, 6:-6, 24:].mean() > pixels[:, 6:-6, :8].mean() + 0.3


@pytest.mark.parametrize(("top", "scale"), [(4000, 4095), (60000, 65535)])
def test_sixteen_bits_are_scaled_by_their_depth(top: int, scale: int, tmp_path: Path) -> None:
    pixels = np.linspace(0, top, 64 * 64).reshape(64, 64).astype(np.uint16)
    path = tmp_path / "deep.png"
    Image.fromarray(pixels).save(path)
    got = load_image(path, size=64)
    np.testing.assert_allclose(got[0].numpy(), pixels / scale, atol=1e-4)


def test_same_size_is_the_image_itself(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "x.png")
    got = load_image(tmp_path / "x.png", size=16)
    np.testing.assert_allclose(got.permute(1, 2, 0).numpy(), pixels / 255, atol=1e-6)


@pytest.mark.parametrize("kind", ["gif", "png", "webp"])
def test_an_animation_is_its_first_frame(kind: str, tmp_path: Path) -> None:
    white, black = Image.new("RGB", (16, 16), "white"), Image.new("RGB", (16, 16), "black")
    path = tmp_path / f"moving.{kind}"
    white.save(path, save_all=True, append_images=[black, black])
    assert load_image(path, size=16).mean() > 0.99


def test_a_dark_frame_is_cut_off_when_asked(tmp_path: Path) -> None:
    pixels = np.full((40, 60), 4, dtype=np.uint8)
    pixels[10:30, 20:40] = 200
    Image.fromarray(pixels).save(tmp_path / "x.png")
    assert load_image(tmp_path / "x.png", size=20, crop=True).min() > 0.7
    assert load_image(tmp_path / "x.png", size=20).min() == 0
    Image.new("L", (8, 8)).save(tmp_path / "dark.png")
    assert load_image(tmp_path / "dark.png", size=8, crop=True).max() == 0


def test_transparent_parts_are_black(tmp_path: Path) -> None:
    image = Image.new("RGBA", (16, 16), (255, 255, 255, 0))
    image.putpixel((3, 3), (255, 255, 255, 255))
    image.save(tmp_path / "x.png")
    assert load_image(tmp_path / "x.png", size=16)[0].sum() == 1


def test_a_noted_rotation_is_applied(tmp_path: Path) -> None:
    image = Image.fromarray(RAMP).convert("RGB")
    turned = Image.Exif()
    turned[0x0112] = 6  # turn by 90° clockwise to see it upright
    image.save(tmp_path / "x.jpg", exif=turned)
    got = load_image(tmp_path / "x.jpg", size=32)
    assert got[:, 24:].mean() > got[:, :8].mean() + 0.2


def test_a_large_picture_shrinks_to_its_means(tmp_path: Path) -> None:
    stripes = np.tile(np.array([0, 200], dtype=np.uint8), (2000, 1000))
    Image.fromarray(stripes).save(tmp_path / "large.png")
    np.testing.assert_allclose(load_image(tmp_path / "large.png", size=50), 100 / 255, atol=0.01)


def test_extreme_proportions_survive(tmp_path: Path) -> None:
    Image.new("L", (5000, 1), 255).save(tmp_path / "line.png")
    assert load_image(tmp_path / "line.png", size=32)[0].sum() > 30


@pytest.mark.parametrize("side", [20_000, 100_000])
def test_a_bomb_is_refused_by_its_header(side: int, tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(png_header(side, side, bytes(1000)))
    begin = time.perf_counter()
    with pytest.raises(ImageError, match=r"bomb\.png: .*pixels.*; export it smaller"):
        load_image(path)
    assert time.perf_counter() - begin < 2


def write_hostile(folder: Path) -> dict[str, Path]:
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)).save(
        folder / "good.png"
    )
    Image.fromarray(RAMP).save(folder / "good.jpg")
    files = {
        "truncated.png": (folder / "good.png").read_bytes()[:3000],
        "truncated.jpg": (folder / "good.jpg").read_bytes()[:400],
        "text.png": b"this is a text file\n" * 10,
        "empty.png": b"",
        "zero.png": png_header(0, 0),
        "short.png": png_header(64, 64, bytes(10)),
        "script.svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        "document.png": b"%PDF-1.4\n",
        "postscript.png": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
    }
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return {name: folder / name for name in files}


def test_hostile_files_are_one_line_each(tmp_path: Path) -> None:
    for name, path in write_hostile(tmp_path).items():
        with pytest.raises(ImageError) as caught:
            load_image(path)
        line = str(caught.value)
        assert name in line
        assert "\n" not in line
        assert "; " in line


def test_missing_files_and_folders_are_named(tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere.png", tmp_path):
        with pytest.raises(ImageError, match="no such file"):
            load_image(path)
    with pytest.raises(ValueError, match="size: 0"):
        load_image(tmp_path, size=0)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None
)
@given(
    place=st.integers(0, 10_000), value=st.integers(0, 255), kind=st.sampled_from(["png", "jpg"])
)
def test_a_changed_byte_never_crashes(tmp_path: Path, place: int, value: int, kind: str) -> None:
    write_hostile(tmp_path)
    data = bytearray((tmp_path / f"good.{kind}").read_bytes())
    data[place % len(data)] = value
    (tmp_path / "changed").write_bytes(data)
    # Any other exception fails the test.
    with suppress(ImageError):
        pixels = load_image(tmp_path / "changed", size=16)
        assert pixels.isfinite().all()
        assert 0 <= pixels.min() <= pixels.max() <= 1


def test_a_polyglot_is_read_as_what_it_is(tmp_path: Path) -> None:
    Image.new("RGB", (16, 16), "white").save(tmp_path / "x.png")
    path = tmp_path / "x.html"
    path.write_bytes((tmp_path / "x.png").read_bytes() + b"<script>alert(1)</script>")
    assert load_image(path, size=16).mean() == 1


def test_dicom_without_pydicom_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pydicom", None)
    (tmp_path / "x.dcm").write_bytes(bytes(128) + b"DICM" + bytes(64))
    with pytest.raises(ImageError, match=r"x\.dcm: DICOM needs pydicom; pip install"):
        load_image(tmp_path / "x.dcm")
