"""Lists that a person keeps in a text file: one identifier a line, `#` starts a comment."""

from pathlib import Path
from typing import Literal

from kg.wording import in_words
from reasoning.errors import InputError

__all__ = ["read_ids", "read_lines"]


def read_ids(path: Path | None, kind: Literal["publication", "disease"]) -> frozenset[str]:
    """Canonical identifiers of a file; nothing when no file is given.

    Raises:
        InputError: The file cannot be read, or a line is no identifier.
    """
    if path is None:
        return frozenset()
    from kg.build import BuildError, read_id_list

    try:
        return read_id_list(path, kind=kind)
    except BuildError as error:
        raise InputError.of(path, error, "Give one id a line, such as PMID:12345") from error


def read_lines(path: Path | None) -> list[str]:
    """Lines as they stand, in order, each once; a line that is no id is refused when it is used.

    Raises:
        InputError: The file cannot be read.
    """
    if path is None:
        return []
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            path, f"cannot be read ({in_words(error)})", "Give one disease id a line"
        ) from error
    words = (line.partition("#")[0].strip() for line in lines)
    return list(dict.fromkeys(word for word in words if word))
