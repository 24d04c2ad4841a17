"""Files of images to tensors, without trusting the files.

Decides which formats are read, the bound on pixels, how grey, palette, 16-bit, CMYK and
transparent images become three channels in [0, 1], and how a picture is fitted into a square.
DICOM is decided in `encoders.dicom_files`.
"""

import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from jaxtyping import Float
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

__all__ = ["FORMATS", "MAX_PIXELS", "ImageError", "fit_to_square", "load_image"]

FORMATS: tuple[str, ...] = ("PNG", "JPEG", "GIF", "BMP", "WEBP")
"""Formats of Pillow that are tried; the content decides, not the name of the file."""

MAX_PIXELS = 64_000_000
"""Pixels beyond which an image is not decoded; 8,000 × 8,000, more than a radiograph has."""

_MAX_BYTES = 512 * 2**20
_TWELVE_BITS = 4095
_DARK = 20 / 255  # sensor noise and JPEG ringing stay below


class ImageError(ValueError):
    """An image cannot be read; one line that names the file, the problem and the mend."""


def load_image(
    path: str | Path, *, size: int = 224, max_pixels: int = MAX_PIXELS, crop: bool = False
) -> Float[Tensor, "3 size size"]:
    """Read an image file as three channels in [0, 1], fitted into a square.

    The picture keeps its proportions and is padded with black. Of an animation the first frame is
    read. A 16-bit image is scaled by 4095 if no value is above it (12-bit detectors), otherwise by
    65535. Transparent parts are black. A rotation noted by a camera is applied.

    Args:
        path: PNG, JPEG, GIF, BMP, WebP, or DICOM (with the extra `dicom`).
        size: Side of the square.
        max_pixels: Images that declare more are refused before anything is decoded.
        crop: Cut off a dark frame first, as around a fundus or an endoscopic view.

    Raises:
        ImageError: If the file is missing, too large, damaged, or not an image.
    """
    path = Path(path)
    if size < 1:
        raise ValueError(f"size: {size}; needs at least 1")
    if not path.is_file():
        raise ImageError(f"{path}: no such file; check the path in the case")
    if path.stat().st_size > _MAX_BYTES:
        raise ImageError(f"{path}: larger than {_MAX_BYTES >> 20} MiB; export it smaller")
    if _is_dicom(path):
        from .dicom_files import read_dicom

        pixels = read_dicom(path, max_pixels=max_pixels)
    else:
        pixels = _read_picture(path, size=size, max_pixels=max_pixels)
    return fit_to_square(_without_frame(pixels) if crop else pixels, size=size)


def fit_to_square(pixels: npt.NDArray[np.float32], *, size: int) -> Float[Tensor, "3 size size"]:
    """Resize [height, width] or [height, width, 3] in [0, 1] to a padded square."""
    channels = [pixels] * 3 if pixels.ndim == 2 else [pixels[..., i] for i in range(3)]
    height, width = pixels.shape[:2]
    scale = size / max(height, width)
    new_height, new_width = max(1, round(height * scale)), max(1, round(width * scale))
    top, left = (size - new_height) // 2, (size - new_width) // 2
    square = np.zeros((3, size, size), dtype=np.float32)
    resized: dict[int, npt.NDArray[np.float32]] = {}
    for i, channel in enumerate(channels):
        source = 0 if pixels.ndim == 2 else i  # a grey picture is resized once
        if source not in resized:
            image = Image.fromarray(np.ascontiguousarray(channel, dtype=np.float32))
            image = image.resize((new_width, new_height), Image.Resampling.BILINEAR)
            resized[source] = np.asarray(image, dtype=np.float32)
        square[i, top : top + new_height, left : left + new_width] = resized[source]
    return torch.from_numpy(square.clip(0.0, 1.0))


def _without_frame(pixels: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The part between the first and the last bright row and column."""
    bright = (pixels if pixels.ndim == 2 else pixels.max(axis=2)) > _DARK
    rows, columns = np.flatnonzero(bright.any(axis=1)), np.flatnonzero(bright.any(axis=0))
    if not len(rows):
        return pixels
    return pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _read_picture(path: Path, *, size: int, max_pixels: int) -> npt.NDArray[np.float32]:
    try:
        with warnings.catch_warnings():
            # Pillow's own bound is looser than ours and only warns; damaged tags warn as well.
            warnings.simplefilter("ignore")
            with Image.open(path, formats=FORMATS) as image:
                width, height = image.size
                if width * height > max_pixels:
                    raise ImageError(
                        f"{path}: {width} × {height} pixels, more than {max_pixels:,}; "
                        "export it smaller"
                    )
                # Lets a JPEG be decoded at half, a quarter or an eighth of its size.
                if image.format == "JPEG" and image.mode in ("RGB", "L"):
                    image.draft(image.mode, (2 * size, 2 * size))
                image.load()
                return _three_channels(image, size=size)
    except ImageError:
        raise
    except UnidentifiedImageError as error:
        raise ImageError(
            f"{path}: not an image of {', '.join(FORMATS)}; convert it to PNG"
        ) from error
    except Image.DecompressionBombError as error:
        raise ImageError(
            f"{path}: far more than {max_pixels:,} pixels; export it smaller"
        ) from error
    except (
        OSError,
        ValueError,
        SyntaxError,
        EOFError,
        IndexError,
        KeyError,
        TypeError,
        OverflowError,
        MemoryError,
        struct.error,
        zlib.error,
    ) as error:
        # What Pillow's decoders raise on damaged files.
        reason = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
        raise ImageError(f"{path}: damaged or cut off ({reason}); export it again") from error


def _three_channels(image: Image.Image, *, size: int) -> npt.NDArray[np.float32]:
    """Pixels in [0, 1]: [height, width] for deep grey images, else [height, width, 3]."""
    # Turned in place, composed and scaled without spare copies: a picture of the largest size that
    # is read takes a quarter of a gigabyte each time.
    ImageOps.exif_transpose(image, in_place=True)
    upright = image
    if upright.mode.startswith("I") or upright.mode == "F":
        deep = np.array(upright, dtype=np.float32)
        top = float(deep.max(initial=0.0))
        deep /= np.float32(_TWELVE_BITS if top <= _TWELVE_BITS else 65535)
        return deep
    if upright.has_transparency_data:
        seen = upright if upright.mode == "RGBA" else upright.convert("RGBA")
        upright = Image.new("RGB", seen.size)
        upright.paste(seen, mask=seen.getchannel("A"))
    shallow = upright.convert("L" if upright.mode in ("1", "L") else "RGB")
    # Shrunk while still one byte a channel: floats of a large picture would be four times as big.
    factor = max(shallow.size) // (2 * size)
    if factor > 1:
        shallow = shallow.reduce(factor)
    return np.asarray(shallow, dtype=np.float32) / np.float32(255)


def _is_dicom(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(132)[128:] == b"DICM" or path.suffix.lower() in (".dcm", ".dicom")
