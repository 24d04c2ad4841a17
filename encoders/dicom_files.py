"""DICOM to pixels in [0, 1], where the optional `pydicom` is installed.

Decides rescaling, window and photometric interpretation. Only the pixels are returned: names and
dates in the header never leave this file. How pictures are fitted is decided in
`encoders.image_files`.
"""

import importlib
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .image_files import ImageError

__all__ = ["read_dicom"]


def read_dicom(path: Path, *, max_pixels: int) -> npt.NDArray[np.float32]:
    """Read the first frame as [height, width] or [height, width, 3] in [0, 1].

    Raw values are rescaled, then cut by the first window of the header (PS3.3 C.11.2.1.2), or by
    the range of the values where there is none; MONOCHROME1 is inverted, so that more is brighter.

    Raises:
        ImageError: If pydicom is missing, or the file is damaged, too large or without pixels.
    """
    try:
        pydicom: Any = importlib.import_module("pydicom")
        decode: Any = importlib.import_module("pydicom.pixels").pixel_array
    except ModuleNotFoundError as error:
        raise ImageError(
            f"{path}: DICOM needs pydicom; pip install 'iatros[dicom]', or convert it to PNG"
        ) from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd headers are common and of no matter to pixels
            record: Any = pydicom.dcmread(path, force=False)
            if "PixelData" not in record:
                raise ImageError(f"{path}: DICOM without pixel data; give the image object")
            if int(record.Rows) * int(record.Columns) > max_pixels:
                raise ImageError(
                    f"{path}: {record.Columns} × {record.Rows} pixels, more than {max_pixels:,}; "
                    "export it smaller"
                )
            # One frame only, and colours already turned into RGB.
            return _displayed(record, decode(record, index=0))
    except ImageError:
        raise
    except Exception as error:  # pydicom and its decoders raise of every kind on damaged files
        raise ImageError(
            f"{path}: DICOM cannot be decoded ({type(error).__name__}); convert it to PNG"
        ) from error


def _displayed(record: Any, raw: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    photometric = str(record.get("PhotometricInterpretation", "MONOCHROME2"))
    if raw.ndim == 3:
        top = 2 ** int(record.BitsStored) - 1
        return np.asarray(raw[..., :3], dtype=np.float32) / np.float32(top)
    slope = float(record.get("RescaleSlope", 1) or 1)
    values = np.asarray(raw, dtype=np.float32) * np.float32(slope)
    values += np.float32(float(record.get("RescaleIntercept", 0) or 0))
    centre, width = _first(record.get("WindowCenter")), _first(record.get("WindowWidth"))
    if centre is not None and width is not None and width > 1:
        low, high = centre - 0.5 - (width - 1) / 2, centre - 0.5 + (width - 1) / 2
    else:
        low, high = float(values.min()), float(values.max())
    shown = ((values - low) / max(high - low, 1e-6)).clip(0.0, 1.0).astype(np.float32)
    return 1 - shown if photometric == "MONOCHROME1" else shown


def _first(value: Any) -> float | None:
    if value is None or value == "":
        return None
    several = not isinstance(value, str) and hasattr(value, "__getitem__")
    return float(value[0] if several else value)
