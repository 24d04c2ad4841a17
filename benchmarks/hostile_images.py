"""What hostile image files cost: one line each, and the memory of reading them.

Every file is read in a process of its own; the table says what came of it, and by how much the
resident memory of that process rose at its peak. Files are made here, of no patient:

    python benchmarks/hostile_images.py
"""

from __future__ import annotations

import io
import resource
import struct
import sys
import tempfile
import time
import zlib
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
from PIL import Image

from encoders import ImageError, load_image
from encoders.image_files import MAX_PIXELS


def _png(width: int, height: int, bits: int, colour: int, *, lines: int) -> bytes:
    """A PNG of zeros whose data hold `lines` lines, made without holding the picture."""
    channels = {0: 1, 2: 3, 3: 1, 6: 4}[colour]
    line = bytes(1 + (width * channels * bits + 7) // 8)
    packer = zlib.compressobj(9)
    data = b"".join(packer.compress(line) for _ in range(lines)) + packer.flush()
    head = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    parts = [(b"IHDR", head)] + ([(b"PLTE", bytes(range(6)))] if colour == 3 else [])
    parts += [(b"IDAT", data), (b"IEND", b"")]
    body = b"".join(
        struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in parts
    )
    return b"\x89PNG\r\n\x1a\n" + body


def _saved(image: Image.Image, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def _dicom(*, rows: int, pixels: bytes | None, frames: int = 1) -> bytes:
    import pydicom

    meta = pydicom.dataset.FileMetaDataset()
    meta.MediaStorageSOPClassUID = pydicom.uid.SecondaryCaptureImageStorage
    meta.MediaStorageSOPInstanceUID = pydicom.uid.generate_uid()
    meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    record = pydicom.dataset.FileDataset("x", {}, file_meta=meta, preamble=bytes(128))
    record.SOPClassUID = meta.MediaStorageSOPClassUID
    record.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    record.Rows = record.Columns = rows
    record.BitsAllocated, record.BitsStored, record.HighBit = 16, 12, 11
    record.PixelRepresentation, record.SamplesPerPixel = 0, 1
    record.PhotometricInterpretation = "MONOCHROME2"
    record.NumberOfFrames = frames
    if pixels is not None:
        record.PixelData = pixels
    stream = io.BytesIO()
    record.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def hostile_files() -> dict[str, bytes]:
    """Files by name; the name says what is wrong with each."""
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (256, 256, 3), np.uint8))
    page, frames = _saved(noise, "PNG"), [Image.new("L", (512, 512), i % 256) for i in range(300)]
    side = int(MAX_PIXELS**0.5)
    files = {
        "truncated.png": page[: len(page) // 2],
        "truncated.jpg": _saved(noise, "JPEG")[:2000],
        "20000x20000, whole.png": _png(20_000, 20_000, 8, 2, lines=20_000),
        "20000x20000, header only.png": _png(20_000, 20_000, 8, 2, lines=1),
        "1x400000000.png": _png(1, 400_000_000, 8, 0, lines=1),
        "largest allowed, RGBA.png": _png(side, side, 8, 6, lines=side),
        "largest allowed, 16 bits.png": _png(side, side, 16, 0, lines=side),
        "palette.png": _png(512, 512, 1, 3, lines=512),
        "16 bits.png": _png(512, 512, 16, 0, lines=512),
        "CMYK.jpg": _saved(noise.convert("CMYK"), "JPEG"),
        "animated, 300 frames.gif": _saved(
            frames[0], "GIF", save_all=True, append_images=frames[1:]
        ),
        "text bomb.png": page[:33] + _text_chunk() + page[33:],
        "polyglot, PNG and HTML.html": page + b"<script>alert(1)</script>",
        "polyglot, PDF and PNG.png": b"%PDF-1.4\n" + page,
        "polyglot, ZIP and JPEG.jpg": _saved(noise, "JPEG") + b"PK\x05\x06" + bytes(18),
        "TIFF named PNG.png": _saved(noise, "TIFF"),
        "empty.png": b"",
    }
    try:
        files |= {
            "DICOM without pixels.dcm": _dicom(rows=512, pixels=None),
            "DICOM cut off.dcm": _dicom(rows=512, pixels=bytes(2 * 512 * 512))[:300_000],
            "DICOM 20000x20000, one line.dcm": _dicom(rows=20_000, pixels=bytes(40_000)),
            "DICOM, 200 frames.dcm": _dicom(rows=512, pixels=bytes(400 * 512 * 512), frames=200),
        }
    except ModuleNotFoundError:
        print("pydicom is not installed: no DICOM", file=sys.stderr)
    return files


def _text_chunk() -> bytes:
    """A compressed comment of 200 MB."""
    packer = zlib.compressobj(9)
    data = b"a\0\0" + b"".join(packer.compress(bytes(1 << 20)) for _ in range(200)) + packer.flush()
    size, kind = struct.pack(">I", len(data)), b"zTXt"
    return size + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _read(path: Path, answer: Connection) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begin = time.perf_counter()
    try:
        pixels = load_image(path)
        said = f"read, values {float(pixels.min()):.2f} to {float(pixels.max()):.2f}"
    except ImageError as error:
        said = str(error).replace(f"{path}: ", "")
        if "\n" in str(error):
            said = "MORE THAN ONE LINE"
    seconds = time.perf_counter() - begin
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    answer.send((said, peak / 1024, seconds))


def main() -> int:
    crashed = 0
    print("| file | bytes | what came of it | memory MB | seconds |\n|---|---:|---|---:|---:|")
    with tempfile.TemporaryDirectory() as folder:
        context = get_context("fork")
        for name, data in hostile_files().items():
            path = Path(folder) / name
            path.write_bytes(data)
            ours, theirs = context.Pipe()
            child = context.Process(target=_read, args=(path, theirs))
            child.start()
            theirs.close()
            try:
                said, peak, seconds = ours.recv()
            except EOFError:
                said, peak, seconds = "CRASHED", float("nan"), float("nan")
                crashed += 1
            child.join()
            print(f"| {name} | {len(data):,} | {said} | {peak:.0f} | {seconds:.2f} |", flush=True)
    return 1 if crashed else 0


if __name__ == "__main__":
    sys.exit(main())
