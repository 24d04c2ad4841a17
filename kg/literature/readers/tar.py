"""Papers in tar archives, as PMC hands them out, read from front to back without unpacking.

Decides which members are looked at. The limits are those of `kg.cases.archive`.
"""

import tarfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

from kg.cases.archive import READ_ERRORS, ArchiveLimits, CaseFile

from .problem import DocumentError

__all__ = ["is_tar", "walk_tar"]

_ERRORS = (*READ_ERRORS, tarfile.TarError, zlib.error, ValueError)


def is_tar(path: Path) -> bool:
    """True for a file that is named as a tar archive."""
    return path.name.lower().endswith((".tar", ".tar.gz", ".tgz"))


def walk_tar(path: Path, limits: ArchiveLimits) -> Iterator[CaseFile | DocumentError]:
    """Members that may hold papers; each must be read before the next one is asked for."""
    where = str(path)
    total = n_members = n_found = 0
    packed = max(path.stat().st_size, 1)
    try:
        with tarfile.open(path, "r|*") as archive:
            for member in archive:
                n_members += 1
                total += member.size
                over = total > limits.total_bytes or (
                    total > 1 << 26 and total / packed > limits.ratio
                )
                if n_members > limits.members or over:
                    yield DocumentError(
                        where=where,
                        problem=f"unpacks to more than {limits.total_bytes >> 20} MiB, "
                        f"{limits.ratio:.0f}-fold or {limits.members} members",
                        mend="split the archive; what stands before is read",
                        kind="unsafe",
                    )
                    return
                parts = PurePosixPath(member.name).parts
                name = f"{where}!{member.name}"
                if not member.isreg():
                    if not member.isdir():
                        yield DocumentError(
                            where=name,
                            problem="a member that is no regular file",
                            mend="pack the file itself",
                            kind="unsafe",
                        )
                    continue
                if not parts or any(p.startswith(".") and p != ".." for p in parts):
                    continue
                if not parts[-1].lower().endswith(limits.suffixes):
                    continue
                stream = archive.extractfile(member)
                if stream is None:
                    continue
                n_found += 1
                yield CaseFile(
                    where=name, name=parts[-1], folder=None, open=_once(cast("BinaryIO", stream))
                )
    except _ERRORS as error:
        yield DocumentError(
            where=where,
            problem=f"broken tar archive ({str(error)[:120] or type(error).__name__})",
            mend="pack it anew; what stands before is read",
            kind="unreadable",
        )
        return
    if n_found == 0:
        yield DocumentError(
            where=where,
            problem="the archive holds no paper",
            mend="pack .xml, .nxml, .json or .txt files",
            kind="missing",
        )


def _once(stream: BinaryIO) -> Callable[[], AbstractContextManager[BinaryIO]]:
    return lambda: nullcontext(stream)
