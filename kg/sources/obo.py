"""Reads stanzas of OBO 1.2/1.4 files as far as ontologies of terms need it.

Decides how a `[Term]` stanza becomes an `OboTerm`. What a term means is decided by the source.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from .contract import DropReport
from .tables import lines

__all__ = ["OboTerm", "terms"]

_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"\s*(\w*)')
_ESCAPE = re.compile(r"\\(.)")
_TAGS = frozenset(
    {
        *("id", "name", "is_anonymous", "namespace", "alt_id", "def", "comment", "subset"),
        *("synonym", "xref", "builtin", "property_value", "is_a", "intersection_of", "union_of"),
        *("equivalent_to", "disjoint_from", "relationship", "created_by", "creation_date"),
        *("is_obsolete", "replaced_by", "consider", "exact_synonym", "broad_synonym"),
        *("narrow_synonym", "related_synonym", "xref_analog", "xref_unk", "instance_of"),
    }
)
"""Tags of a stanza in OBO 1.2 and 1.4; most are read over."""


@dataclass(slots=True)
class OboTerm:
    """One `[Term]` stanza.

    Attributes:
        id: As written.
        name: Preferred name.
        definition: Without quotes and references.
        synonyms: (text, scope) pairs; scope is EXACT, BROAD, NARROW or RELATED.
        parents: Ids of `is_a`.
        alternative_ids: Ids merged into this one.
        xrefs: As written, without comments.
        obsolete: Whether the stanza says so.
        replaced_by: Ids to use instead.
        consider: Ids to think of instead.
    """

    id: str = ""
    name: str = ""
    definition: str = ""
    synonyms: list[tuple[str, str]] = field(default_factory=list)
    parents: list[str] = field(default_factory=list)
    alternative_ids: list[str] = field(default_factory=list)
    xrefs: list[str] = field(default_factory=list)
    obsolete: bool = False
    replaced_by: list[str] = field(default_factory=list)
    consider: list[str] = field(default_factory=list)


def _first_token(value: str) -> str:
    parts = value.split(maxsplit=1)
    return parts[0] if parts else ""


def _set(term: OboTerm, tag: str, value: str) -> None:
    if tag == "id":
        term.id = _first_token(value)
    elif tag == "name":
        term.name = value
    elif tag == "is_obsolete":
        term.obsolete = value.startswith("true")
    elif tag in ("is_a", "alt_id", "xref", "replaced_by", "consider"):
        target = {
            "is_a": term.parents,
            "alt_id": term.alternative_ids,
            "xref": term.xrefs,
            "replaced_by": term.replaced_by,
            "consider": term.consider,
        }[tag]
        if token := _first_token(value):
            target.append(token)
    elif tag in ("def", "synonym") and (found := _QUOTED.match(value)):
        text = _ESCAPE.sub(r"\1", found[1])
        if tag == "def":
            term.definition = text
        else:
            term.synonyms.append((text, found[2] or "RELATED"))


def terms(path: Path, report: DropReport, *, prefix: str) -> Iterator[OboTerm]:
    """All terms whose id has the prefix, with one term per `[Term]` stanza.

    Args:
        path: OBO file.
        report: Counts stanzas without an id or of another prefix.
        prefix: Such as `HP`.
    """
    term: OboTerm | None = None
    any_stanza = False
    for line in lines(path, report):
        if line.startswith("["):
            any_stanza = True
            if term is not None:
                yield from _checked(term, report, prefix)
            term = OboTerm() if line.strip() == "[Term]" else None
        elif term is not None and line and not line.startswith("!"):
            tag, colon, value = line.partition(":")
            if colon and tag in _TAGS:
                _set(term, tag, value.strip())
            else:
                report.drop("line with a tag that OBO does not have", line)
    if term is not None:
        yield from _checked(term, report, prefix)
    if not any_stanza:
        report.fault(f"{path.name}: no [Term] stanza; it is no OBO file")


def _checked(term: OboTerm, report: DropReport, prefix: str) -> Iterator[OboTerm]:
    local = term.id.removeprefix(f"{prefix}:")
    if local == term.id or not local.isdigit():
        report.drop(f"term whose id is not {prefix}:digits", term.id or term.name)
    else:
        yield term
