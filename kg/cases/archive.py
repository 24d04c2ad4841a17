"""Files, folders and zip archives, walked without trust.

Decides which files of a folder or archive are looked at, and which limits keep a hostile one from
filling memory or disk: nothing is ever extracted, and no name leads out of its folder or archive.
What stands in a file is decided by `kg.cases.document`.
"""

import io
import os
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from .problem import CaseError, ErrorKind

__all__ = ["READ_ERRORS", "ArchiveLimits", "CaseFile", "walk"]

READ_ERRORS = (OSError, EOFError, zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError)
"""What reading a file, or a damaged or encrypted archive member, may raise."""

_ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
_RATIO_FLOOR = 1 << 20  # a small member may compress well: ten lines of the same JSON do


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveLimits:
    """How much an input may be.

    Attributes:
        members: Files in one folder or archive.
        file_bytes: Bytes of one document, or of one line of JSON lines.
        total_bytes: Unpacked bytes of one archive.
        ratio: Unpacked to packed bytes of a member of more than a megabyte.
        depth: Archives inside archives.
        suffixes: Endings of the files that are looked at in folders and archives.
        streamed: Endings of files that are read in pieces, hence may be longer than `file_bytes`.
        content: What the files hold, for messages.
        mend_oversize: What to do about a file that is too long.
    """

    members: int = 500_000
    file_bytes: int = 64 << 20
    total_bytes: int = 16 << 30
    ratio: float = 200.0
    depth: int = 1
    suffixes: tuple[str, ...] = (".json", ".jsonl", ".ndjson", ".zip")
    streamed: tuple[str, ...] = (".jsonl", ".ndjson")
    content: str = "case"
    mend_oversize: str = "write the cases as JSON lines"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFile:
    """A file that may hold cases.

    Attributes:
        where: How messages name it: the path, and inside an archive the member behind `!`.
        name: File name with its suffix.
        folder: Where relative paths in it start; None inside an archive.
        open: Opens the bytes; may raise `READ_ERRORS`, and so may reading.
    """

    where: str
    name: str
    folder: Path | None
    open: Callable[[], AbstractContextManager[BinaryIO]]


def walk(path: Path, limits: ArchiveLimits) -> Iterator[CaseFile | CaseError]:
    """All files of a path that may hold cases, in the order of their names.

    A path to a file is always looked at; in folders and archives only those with one of the
    `suffixes` are, and hidden files are not.
    """
    where = str(path)
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        mend = "check the path"
        yield CaseError(where=where, problem=reason.lower(), mend=mend, kind="missing")
        return
    if stat.S_ISDIR(mode):
        yield from _walk_folder(path, limits)
    elif stat.S_ISREG(mode):
        yield from _walk_file(path, limits)
    else:
        mend = "give a file, a folder or a zip archive"
        yield CaseError(where=where, problem="no regular file", mend=mend, kind="unreadable")


def _walk_file(path: Path, limits: ArchiveLimits) -> Iterator[CaseFile | CaseError]:
    try:
        with path.open("rb") as stream:
            is_zip = stream.read(4) in _ZIP_MAGIC
    except OSError as error:
        reason = (error.strerror or "cannot be read").lower()
        mend = "check its permissions"
        yield CaseError(where=str(path), problem=reason, mend=mend, kind="unreadable")
        return
    if is_zip:
        yield from _walk_zip(path, str(path), limits, depth=0)
    else:
        yield CaseFile(
            where=str(path), name=path.name, folder=path.parent, open=lambda: path.open("rb")
        )


def _walk_folder(root: Path, limits: ArchiveLimits) -> Iterator[CaseFile | CaseError]:
    seen = candidates = 0
    resolved = root.resolve()
    for folder, subfolders, names in os.walk(root):  # links to folders are not followed
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        for name in sorted(names):
            seen += 1
            if seen > limits.members:
                yield CaseError(
                    where=str(root),
                    problem=f"more than {limits.members} files",
                    mend=f"give the subfolder that holds the {limits.content}s",
                    kind="unsafe",
                )
                return
            path = Path(folder, name)
            if name.startswith(".") or not name.lower().endswith(limits.suffixes):
                continue
            candidates += 1
            if path.is_symlink() and not path.resolve().is_relative_to(resolved):
                yield CaseError(
                    where=str(path),
                    problem="a link that leads out of the folder",
                    mend="give the linked file itself",
                    kind="unsafe",
                )
            else:
                yield from walk(path, limits)
    if candidates == 0:
        yield CaseError(
            where=str(root),
            problem=f"the folder holds no {limits.content} file",
            mend=f"give one with {_listed(limits.suffixes)} files",
            kind="missing",
        )


def _walk_zip(
    source: Path | BinaryIO, where: str, limits: ArchiveLimits, *, depth: int
) -> Iterator[CaseFile | CaseError]:
    try:
        archive = zipfile.ZipFile(source)
    except (*READ_ERRORS, ValueError, UnicodeDecodeError) as error:
        problem = f"unreadable zip archive ({_line(error)})"
        yield CaseError(where=where, problem=problem, mend="pack it anew", kind="unreadable")
        return
    with archive:
        members = archive.infolist()
        problem = _oversize(members, limits)
        if problem:
            yield CaseError(where=where, problem=problem, mend="split the archive", kind="unsafe")
            return
        candidates = 0
        for member in sorted(members, key=lambda m: m.filename):
            parts = PurePosixPath(member.filename.replace("\\", "/")).parts
            hidden = any(part.startswith(".") and part != ".." for part in parts)
            suffix = PurePosixPath(member.filename).suffix.lower()
            if member.is_dir() or hidden or "__MACOSX" in parts:
                continue
            if not member.filename.lower().endswith(limits.suffixes):
                continue
            candidates += 1
            name = f"{where}!{member.filename}"
            bad = _unsafe_member(member, parts, limits)
            if bad:
                yield CaseError(where=name, problem=bad[0], mend=bad[1], kind=bad[2])
            elif suffix == ".zip":
                yield from _walk_nested(archive, member, name, limits, depth=depth + 1)
            else:
                yield CaseFile(
                    where=name, name=parts[-1], folder=None, open=_opener(archive, member)
                )
        if candidates == 0:
            yield CaseError(
                where=where,
                problem=f"the archive holds no {limits.content} file",
                mend=f"pack {_listed(limits.suffixes[:-1])} files",
                kind="missing",
            )


def _walk_nested(
    archive: zipfile.ZipFile,
    member: zipfile.ZipInfo,
    where: str,
    limits: ArchiveLimits,
    *,
    depth: int,
) -> Iterator[CaseFile | CaseError]:
    if depth > limits.depth:
        problem = f"archives nested more than {limits.depth} deep"
        yield CaseError(where=where, problem=problem, mend="unpack it first", kind="unsafe")
        return
    try:
        content = archive.read(member)
    except READ_ERRORS as error:
        problem = f"unreadable archive member ({_line(error)})"
        yield CaseError(where=where, problem=problem, mend="pack it anew", kind="unreadable")
        return
    yield from _walk_zip(io.BytesIO(content), where, limits, depth=depth)


def _opener(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo
) -> Callable[[], AbstractContextManager[BinaryIO]]:
    return lambda: archive.open(member)  # type: ignore[return-value]  # IO[bytes] reads as BinaryIO


def _oversize(members: list[zipfile.ZipInfo], limits: ArchiveLimits) -> str:
    if len(members) > limits.members:
        return f"{len(members)} members, more than {limits.members}"
    total = sum(member.file_size for member in members)
    if total > limits.total_bytes:
        return f"unpacks to {total >> 20} MiB, more than {limits.total_bytes >> 20} MiB"
    return ""


def _unsafe_member(
    member: zipfile.ZipInfo, parts: tuple[str, ...], limits: ArchiveLimits
) -> tuple[str, str, ErrorKind] | None:
    """Why a member is not read: the problem, the mend and the kind of the error."""
    if not parts or ".." in parts or parts[0].startswith("/") or ":" in parts[0]:
        return "a member whose name leaves the archive", "pack it with relative names", "unsafe"
    if stat.S_ISLNK(member.external_attr >> 16):
        return "a member that is a link", "pack the file itself", "unsafe"
    if member.flag_bits & 0x1:
        return "an encrypted member", "pack it without a password", "unreadable"
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        # bzip2 and lzma unpack a block at once, however large it turns out to be
        return "an unsupported compression", "pack it with deflate", "unsafe"
    streamed = parts[-1].lower().endswith(limits.streamed)
    if member.file_size > limits.file_bytes and not streamed:
        size = f"{member.file_size >> 20} MiB, more than {limits.file_bytes >> 20} MiB"
        return f"a member of {size}", limits.mend_oversize, "unsafe"
    packed = max(member.compress_size, 1)
    if member.file_size > _RATIO_FLOOR and member.file_size / packed > limits.ratio:
        return (
            f"a member that unpacks {member.file_size // packed}-fold",
            "unpack it yourself if you trust it",
            "unsafe",
        )
    return None


def _listed(suffixes: tuple[str, ...]) -> str:
    return " or ".join((", ".join(suffixes[:-1]), suffixes[-1]) if suffixes[1:] else suffixes)


def _line(error: BaseException) -> str:
    return str(error)[:120] or type(error).__name__
