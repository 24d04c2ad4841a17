"""DICOM: window, rescaling and photometric interpretation against hand-made values."""

import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from encoders import ImageError, load_image
from encoders.dicom_files import read_dicom

PIXELS = np.arange(16, dtype=np.uint16).reshape(4, 4) * 100


class Record(dict[str, Any]):
    """Stands for a pydicom data set: fields by key and by attribute."""

    __getattr__ = dict.__getitem__


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> Record:
    """A pydicom that reads this record, for machines without the extra."""
    record = Record(PixelData=b"", Rows=4, Columns=4, BitsStored=12, raw=PIXELS)
    library = types.ModuleType("pydicom")
    library.dcmread = lambda *_, **__: record  # type: ignore[attr-defined]
    pixels = types.ModuleType("pydicom.pixels")
    pixels.pixel_array = lambda found, index: found["raw"]  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pydicom", library)
    monkeypatch.setitem(sys.modules, "pydicom.pixels", pixels)
    return record


def read(path: Path = Path("x.dcm")) -> np.ndarray:
    return read_dicom(path, max_pixels=1000)


def test_without_a_window_the_range_is_shown(stand_in: Record) -> None:
    np.testing.assert_allclose(read(), PIXELS / 1500, atol=1e-6)


def test_the_first_window_cuts_the_rescaled_values(stand_in: Record) -> None:
    stand_in.update(
        RescaleSlope=2, RescaleIntercept=-1000, WindowCenter=[0.5, 9], WindowWidth=[1001, 9]
    )
    want = ((PIXELS * 2.0 - 1000) + 500) / 1000
    np.testing.assert_allclose(read(), want.clip(0, 1), atol=1e-6)


def test_monochrome1_is_inverted(stand_in: Record) -> None:
    stand_in["PhotometricInterpretation"] = "MONOCHROME1"
    np.testing.assert_allclose(read(), 1 - PIXELS / 1500, atol=1e-6)


def test_colour_is_scaled_by_its_depth(stand_in: Record) -> None:
    stand_in.update(
        BitsStored=8, raw=np.full((4, 4, 3), 51, np.uint8), PhotometricInterpretation="RGB"
    )
    np.testing.assert_allclose(read(), np.full((4, 4, 3), 0.2), atol=1e-6)


def test_hostile_records_are_one_line(stand_in: Record) -> None:
    stand_in["Rows"] = 20_000
    with pytest.raises(ImageError, match=r"x\.dcm: 4 × 20000 pixels"):
        read()
    stand_in.update(Rows=4, raw=None)
    with pytest.raises(ImageError, match="cannot be decoded"):
        read()
    del stand_in["PixelData"]
    with pytest.raises(ImageError, match="without pixel data"):
        read()


def test_a_real_file_is_read_where_pydicom_is_installed(tmp_path: Path) -> None:
    pydicom = pytest.importorskip("pydicom")
    meta = pydicom.dataset.FileMetaDataset()
    meta.MediaStorageSOPClassUID = pydicom.uid.SecondaryCaptureImageStorage
    meta.MediaStorageSOPInstanceUID = pydicom.uid.generate_uid()
    meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    path = tmp_path / "x.dcm"
    data = pydicom.dataset.FileDataset(str(path), {}, file_meta=meta, preamble=bytes(128))
    data.SOPClassUID, data.SOPInstanceUID = (
        meta.MediaStorageSOPClassUID,
        meta.MediaStorageSOPInstanceUID,
    )
    data.Rows, data.Columns, data.BitsAllocated, data.BitsStored, data.HighBit = 4, 4, 16, 12, 11
    data.PixelRepresentation, data.SamplesPerPixel = 0, 1
    data.PhotometricInterpretation = "MONOCHROME2"
    data.PixelData = PIXELS.tobytes()
    data.save_as(path, enforce_file_format=True)
    np.testing.assert_allclose(load_image(path, size=4)[0].numpy(), PIXELS / 1500, atol=1e-6)
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(ImageError):
        load_image(path)
