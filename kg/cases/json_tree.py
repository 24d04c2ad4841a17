"""A JSON document read with suspicion: every access names its place and checks the type.

Decides what text counts as JSON here (UTF-8, finite numbers, bounded nesting) and how a wrong type
is reported. What the fields mean is decided by the reader of each format.
"""

import json
import math
import re
from collections.abc import Iterator
from typing import NoReturn

from .problem import CaseReadError

__all__ = ["Fields", "parse_json"]

_TYPE_NAMES = {dict: "an object", list: "a list", str: "text", bool: "true or false"}
_SURROGATE = re.compile(r"[\ud800-\udfff]")


def _reject_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def parse_json(data: bytes) -> object:
    """Parse one document; raises `CaseReadError` that names line and column."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CaseReadError(
            f"not UTF-8 text (byte {error.start})", "save it as UTF-8", kind="syntax"
        ) from error
    if not text.strip():
        raise CaseReadError("the file is empty", "give a file with a case in it", kind="syntax")
    try:
        parsed: object = json.loads(text, parse_constant=_reject_constant)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno} column {error.colno}"
        cut = error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string")
        what = "the JSON is cut off" if cut else f"not JSON ({error.msg})"
        raise CaseReadError(f"{what} at {place}", "write the file anew", kind="syntax") from error
    except RecursionError as error:
        raise CaseReadError("nested too deeply", "flatten the document", kind="unsafe") from error
    except ValueError as error:  # a constant such as NaN, or an integer of thousands of digits
        raise CaseReadError(
            f"not JSON ({str(error)[:100]})", "give finite numbers", kind="syntax"
        ) from error
    return parsed


class Fields:
    """An object of a JSON document that knows its place in it.

    A field that is absent, null or an empty text is None: the formats mean the same by the three.
    """

    __slots__ = ("_data", "_key", "_parent")

    def __init__(
        self, data: dict[str, object], key: str | int = "", parent: "Fields | None" = None
    ) -> None:
        self._data = data
        self._key = key
        self._parent = parent

    def place(self, name: str = "") -> str:
        """Path of this object, or of one of its fields: `phenotypicFeatures[3].type.id`."""
        steps: list[str] = [f".{name}"] if name else []
        node: Fields | None = self
        while node is not None and node._key != "":
            steps.append(f"[{node._key}]" if isinstance(node._key, int) else f".{node._key}")
            node = node._parent
        return "".join(reversed(steps)).removeprefix(".") or "document"

    def __contains__(self, name: str) -> bool:
        return self._data.get(name) is not None

    def keys(self) -> tuple[str, ...]:
        """Names of the fields, in the order of the document."""
        return tuple(self._data)

    def _wrong(self, name: str, value: object, expected: str) -> CaseReadError:
        shown = repr(value)
        found = _TYPE_NAMES.get(type(value), "a number")
        short = shown if len(shown) <= 40 else shown[:37] + "..."
        return CaseReadError(
            f"{self.place(name)}: {short} is {found}, not {expected}", f"give {expected} there"
        )

    def text(self, name: str) -> str | None:
        """Text of a field."""
        value = self._data.get(name)
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            raise self._wrong(name, value, "text")
        if _SURROGATE.search(value):
            raise CaseReadError(f"{self.place(name)}: text with half a character", "write it anew")
        return value

    def label(self, name: str) -> str | None:
        """Text of a field that is only shown: on one line, and cut where it is far too long."""
        value = self.text(name)
        if value is None:
            return None
        if not value.isprintable():
            value = "".join(c if c.isprintable() else " " for c in value)
        return " ".join(value.split())[:500] or None

    def flag(self, name: str) -> bool:
        """Truth value of a field; absent means false, as in the formats."""
        value = self._data.get(name)
        if value is None:
            return False
        if not isinstance(value, bool):
            raise self._wrong(name, value, "true or false")
        return value

    def number(self, name: str) -> float | None:
        """Finite number of a field."""
        value = self._data.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._wrong(name, value, "a number")
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            raise CaseReadError(f"{self.place(name)}: the number is too large", "give a finite one")
        return number

    def fields(self, name: str) -> "Fields | None":
        """Object of a field."""
        value = self._data.get(name)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise self._wrong(name, value, "an object")
        return Fields(value, name, self)

    def items(self, name: str, *, broken: "list[str] | None" = None) -> "Iterator[Fields]":
        """Objects of a list field, in order; an absent list has none.

        Args:
            name: Field.
            broken: Collects what is no object instead of raising on it.
        """
        value = self._data.get(name)
        if value is None:
            return
        if not isinstance(value, list):
            raise self._wrong(name, value, "a list")
        holder = Fields({}, name, self)
        for position, item in enumerate(value):
            if isinstance(item, dict):
                yield Fields(item, position, holder)
                continue
            problem = f"{Fields({}, position, holder).place()}: {repr(item)[:40]} is not an object"
            if broken is None:
                raise CaseReadError(problem, "give an object there")
            broken.append(problem)
