"""Errors of the system in words for a line that names the file itself.

Decides that neither Python's error number nor a path that stands beside is repeated.
"""

__all__ = ["in_words"]


def in_words(error: BaseException) -> str:
    r"""What went wrong, on one line.

    >>> in_words(FileNotFoundError(2, "No such file or directory", "graph.ttl"))
    'no such file or directory'
    >>> in_words(UnicodeDecodeError("utf-8", b"ab\xff", 2, 3, "invalid start byte"))
    'no UTF-8 text, byte 3'
    """
    reason = getattr(error, "reason", None)  # urllib wraps what the system said
    if isinstance(reason, OSError):
        error = reason
    if isinstance(error, OSError) and error.strerror:
        return error.strerror[:1].lower() + error.strerror[1:]
    if isinstance(error, UnicodeDecodeError):
        return f"no UTF-8 text, byte {error.start + 1}"
    return " ".join(str(error).split()) or type(error).__name__
