"""The folder of a benchmark, or a zip archive of it.

Decides what is taken out of an archive: tables by their name and pictures, within the limits that
all archives have, into a folder that goes afterwards.
"""

import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from kg.cases.archive import READ_ERRORS, ArchiveLimits, CaseFile, walk

__all__ = ["opened", "speaking_of"]

_IMAGES = (".png", ".jpg", ".jpeg")


@contextmanager
def opened(path: Path, table: str, warn: Callable[[str], None]) -> Iterator[Path]:
    """The folder itself, or an archive unpacked into a folder for as long as the block lasts.

    Args:
        path: Folder or zip archive.
        table: Pattern of the names of its tables.
        warn: Told what of an archive is left out.

    Raises:
        ValueError: There is no such folder or archive, or the archive holds no table.
    """
    if path.is_dir():
        yield path
        return
    if not path.exists():
        raise ValueError("no such folder or zip archive; check the path")
    if not zipfile.is_zipfile(path):
        raise ValueError("neither a folder nor a zip archive; give the folder of the data set")
    limits = ArchiveLimits(suffixes=(".csv", *_IMAGES), content="table or image")
    with tempfile.TemporaryDirectory(prefix="iatros-") as scratch:
        folder = Path(scratch)
        (folder / "images").mkdir()
        for item in walk(path, limits):
            if isinstance(item, CaseFile):
                _take(item, folder, table, warn)
            else:
                warn(str(item))
        if not any(folder.glob(table)):
            raise ValueError(f"holds no {table}; pack the folder of the data set")
        yield folder


def speaking_of(path: Path, folder: Path, warn: Callable[[str], None]) -> Callable[[str], None]:
    """The same warnings, with the archive that was given for the folder that goes afterwards."""
    return lambda line: warn(line.replace(str(folder), str(path)))


def _take(item: CaseFile, folder: Path, table: str, warn: Callable[[str], None]) -> None:
    name = PurePosixPath(item.name).name
    is_table = fnmatchcase(name, table)
    if not is_table and name.lower().endswith(".csv"):
        return
    target = folder / name if is_table else folder / "images" / name
    if target.exists():
        warn(f"{item.where}: second file of this name, the first one counts")
        return
    try:
        with item.open() as stream, target.open("wb") as out:
            while block := stream.read(1 << 20):
                out.write(block)
    except READ_ERRORS as error:
        target.unlink(missing_ok=True)
        warn(f"{item.where}: cannot be unpacked ({str(error)[:80]}); pack it anew")
