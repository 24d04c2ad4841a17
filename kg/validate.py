"""Does a graph fit its SHACL shapes? Checked exactly, on graphs of any size, column by column.

Decides what a violation is and how it is told. The definition is `data/shapes.ttl`; a SHACL engine
gives the same answers there (a test compares the two), but walks node by node, which takes hours
for millions of nodes. Here each property is read once and checked as a whole.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from .identifiers import from_iri
from .scan import scan_terms
from .shapes import Constraint, PropertyShape, Shape, read_shapes
from .store import TripleStore
from .terms import FIELD_IRI

__all__ = ["ValidationReport", "Violation", "validate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """One thing that does not fit.

    Attributes:
        shape: Name of the shape.
        severity: `Violation` or `Warning`.
        focus: Node that the shape is about, as a CURIE where it has one.
        path: IRI of the property; empty when the node itself does not fit.
        constraint: Constraint that fails, such as `minCount`.
        value: Offending value; empty when a value is missing.
    """

    shape: str
    severity: str
    focus: str
    path: str
    constraint: str
    value: str

    def __str__(self) -> str:
        value = f" value {self.value}" if self.value else ""
        path = f" {from_iri(self.path)}" if self.path else ""
        return f"{self.severity}: {self.shape}: {self.focus}{path}: {self.constraint}{value}"


@dataclass(slots=True)
class ValidationReport:
    """What a check found.

    Attributes:
        checked: Number of nodes that each shape is about.
        counts: Failures by severity, shape, property and constraint.
        examples: The first failures of each kind.
    """

    checked: Counter[str] = field(default_factory=Counter)
    counts: Counter[tuple[str, str, str, str]] = field(default_factory=Counter)
    examples: list[Violation] = field(default_factory=list)

    @property
    def n_violations(self) -> int:
        """Failures that are not mere warnings."""
        return sum(n for (severity, *_), n in self.counts.items() if severity == "Violation")

    @property
    def conforms(self) -> bool:
        """True when nothing is worse than a warning."""
        return self.n_violations == 0

    def lines(self) -> Iterator[str]:
        """The report for people: what was checked, counts by shape, first examples."""
        n_warnings = sum(self.counts.values()) - self.n_violations
        yield f"{self.n_violations} violations, {n_warnings} warnings"
        for name, n_nodes in sorted(self.checked.items()):
            failed = sum(n for (_, shape, *_), n in self.counts.items() if shape == name)
            yield f"  {name}: {n_nodes} checked, {failed} failed"
        for (severity, shape, path, constraint), n in self.counts.most_common():
            yield f"{severity}: {shape} {from_iri(path)} {constraint}: {n}"
        yield from map(str, self.examples)


class _Columns:
    """Properties of the store, each read once while shapes need it."""

    def __init__(self, store: TripleStore) -> None:
        self._store = store
        self._frames: dict[str, pl.DataFrame] = {}

    def of(self, property_: str) -> pl.DataFrame:
        if property_ not in self._frames:
            self._frames[property_] = scan_terms(self._store, property_).unique()
        return self._frames[property_]

    def instances(self, class_: str) -> pl.Series:
        types = self.of(FIELD_IRI["type"])
        return types.filter(pl.col("object") == f"<{class_}>")["subject"].unique()

    def focus(self, shape: Shape) -> pl.DataFrame:
        nodes = []
        for kind, iri in shape.targets:
            if kind == "class":
                nodes.append(self.instances(iri))
            else:
                column = "subject" if kind == "subjects" else "object"
                nodes.append(self.of(iri)[column])
        empty = pl.Series("subject", [], pl.String)
        series = pl.concat([empty, *(s.alias("subject") for s in nodes)])
        return pl.DataFrame({"subject": series.unique()})


def _lexical() -> pl.Expr:
    """Text of the object term, whatever its kind."""
    term = pl.col("object")
    quoted = term.str.extract(r'^"((?s).*)"[^"]*$')
    bare = term.str.strip_chars("<>")
    return pl.when(term.str.starts_with('"')).then(quoted).otherwise(bare)


def _failures(
    constraint: Constraint, focus: pl.DataFrame, values: pl.DataFrame, columns: _Columns
) -> pl.DataFrame:
    """Subjects and objects that break one constraint; the object is null when none is at fault."""
    kind, number = constraint.kind, constraint.number
    missing = pl.lit(None, pl.String).alias("object")
    if kind in ("minCount", "maxCount"):
        counts = values.group_by("subject").len()
        counts = focus.join(counts, on="subject", how="left").fill_null(0)
        wrong = pl.col("len") < number if kind == "minCount" else pl.col("len") > number
        return counts.filter(wrong).select("subject", missing)
    term = pl.col("object")
    if kind == "nodeKind":
        start = {"IRI": "<", "Literal": '"', "BlankNode": "_:"}[
            constraint.terms[0].rpartition("#")[2]
        ]
        wrong = ~term.str.starts_with(start)
    elif kind == "datatype":
        datatype = constraint.terms[0]
        if datatype.endswith("#string"):
            wrong = ~(term.str.starts_with('"') & term.str.ends_with('"'))
        else:
            wrong = ~term.str.ends_with(f'"^^<{datatype}>')
    elif kind == "class":
        wrong = ~term.is_in(columns.instances(constraint.terms[0]).to_list())
    elif kind == "in":
        wrong = ~term.is_in(list(constraint.terms))
    elif kind == "minLength":
        wrong = (_lexical().str.len_chars() < number) | term.str.starts_with("_:")
    else:
        value = _lexical().cast(pl.Float64, strict=False)
        inside = value >= number if kind == "minInclusive" else value <= number
        wrong = ~(inside & value.is_not_nan()).fill_null(value=False)
    return values.filter(wrong)


def _check(
    shape: Shape,
    property_: PropertyShape,
    focus: pl.DataFrame,
    columns: _Columns,
    report: ValidationReport,
    max_examples: int,
) -> None:
    if property_.path:
        values = columns.of(property_.path).join(focus, on="subject", how="semi")
    else:
        values = focus.with_columns(pl.col("subject").alias("object"))
    for constraint in property_.constraints:
        failed = _failures(constraint, focus, values, columns)
        if failed.is_empty():
            continue
        key = (property_.severity, shape.name, property_.path, constraint.kind)
        report.counts[key] += failed.height
        for subject, object_ in failed.sort("subject", "object").head(max_examples).iter_rows():
            violation = Violation(
                shape=shape.name,
                severity=property_.severity,
                focus=from_iri(subject.strip("<>")),
                path=property_.path,
                constraint=constraint.kind,
                value=object_ or "",
            )
            report.examples.append(violation)


def validate(
    store: TripleStore, shapes: Path | Iterable[Shape] | None = None, *, max_examples: int = 3
) -> ValidationReport:
    """Checks all nodes of a store against shapes.

    Args:
        store: The graph; shapes see the union of its named graphs.
        shapes: A Turtle file or shapes; the package's own when not given.
        max_examples: How many failures of each kind to tell one by one.

    Raises:
        ShapesError: The shapes use a part of SHACL that is not checked here.
    """
    known = read_shapes(shapes) if shapes is None or isinstance(shapes, Path) else tuple(shapes)
    columns = _Columns(store)
    report = ValidationReport()
    for shape in known:
        focus = columns.focus(shape)
        report.checked[shape.name] = focus.height
        for property_ in shape.properties:
            _check(shape, property_, focus, columns, report, max_examples)
    report.examples.sort(key=lambda v: (v.severity != "Violation", v.shape, v.path, v.focus))
    return report
