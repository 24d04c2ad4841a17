"""SHACL shapes as data: the part of SHACL Core that the project's shapes use.

Decides which constraints can be checked in columns; a shape that uses another one is refused, so
that nothing is passed over. The shapes stand in `data/shapes.ttl`, checking is in `kg.validate`.
"""

from dataclasses import dataclass
from pathlib import Path

import rdflib
from rdflib.collection import Collection
from rdflib.namespace import RDF, SH

from .terms import SHAPES_NAMESPACE

__all__ = ["Constraint", "PropertyShape", "Shape", "ShapesError", "read_shapes", "shapes_path"]

_TARGETS = {SH.targetClass: "class", SH.targetSubjectsOf: "subjects", SH.targetObjectsOf: "objects"}
_CONSTRAINTS = {
    SH.minCount: "minCount",
    SH.maxCount: "maxCount",
    SH.minLength: "minLength",
    SH.minInclusive: "minInclusive",
    SH.maxInclusive: "maxInclusive",
    SH.nodeKind: "nodeKind",
    SH.datatype: "datatype",
    SH["class"]: "class",
    SH["in"]: "in",
}
_OTHER = {RDF.type, SH.path, SH.property, SH.severity, SH.message}


class ShapesError(ValueError):
    """A shapes file that asks for something that is not checked here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraint:
    """One constraint component with its parameter, a number or IRIs and texts in N-Triples form."""

    kind: str
    number: float = 0.0
    terms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PropertyShape:
    """Constraints on the values of one property; `path` is empty for the focus node itself."""

    path: str
    severity: str
    constraints: tuple[Constraint, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A node shape: whom it is about, and what must hold for them.

    Attributes:
        name: Local name of the shape.
        targets: Pairs of `class`, `subjects` or `objects` and an IRI.
        properties: What must hold.
    """

    name: str
    targets: tuple[tuple[str, str], ...]
    properties: tuple[PropertyShape, ...]


def shapes_path() -> Path:
    """The shapes file that the package carries."""
    return Path(__file__).parent / "data" / "shapes.ttl"


def _constraints(graph: rdflib.Graph, node: rdflib.term.Node) -> tuple[Constraint, ...]:
    found = []
    for property_, value in graph.predicate_objects(node):
        kind = _CONSTRAINTS.get(rdflib.URIRef(str(property_)))
        if kind is None:
            if property_ not in _OTHER and property_ not in _TARGETS:
                raise ShapesError(f"{property_}: this part of SHACL is not checked; use pyshacl")
        elif kind == "in":
            terms = tuple(item.n3() for item in Collection(graph, value))
            found.append(Constraint(kind=kind, terms=terms))
        elif kind in ("nodeKind", "datatype", "class"):
            found.append(Constraint(kind=kind, terms=(str(value),)))
        else:
            found.append(Constraint(kind=kind, number=float(str(value))))
    return tuple(sorted(found, key=lambda c: c.kind))


def _severity(graph: rdflib.Graph, node: rdflib.term.Node) -> str:
    return str(graph.value(node, SH.severity) or SH.Violation).rpartition("#")[2]


def read_shapes(path: Path | None = None) -> tuple[Shape, ...]:
    """Shapes of a Turtle file, by name; the package's own when no file is given.

    Raises:
        ShapesError: A shape uses a part of SHACL that is not checked here.
    """
    graph = rdflib.Graph().parse(path or shapes_path(), format="turtle")
    shapes = []
    for node in graph.subjects(RDF.type, SH.NodeShape):
        targets = tuple(
            sorted((kind, str(v)) for t, kind in _TARGETS.items() for v in graph.objects(node, t))
        )
        own = _constraints(graph, node)
        properties = [
            PropertyShape(
                path=str(graph.value(inner, SH.path)),
                severity=_severity(graph, inner),
                constraints=_constraints(graph, inner),
            )
            for inner in graph.objects(node, SH.property)
        ]
        if own:
            properties.append(
                PropertyShape(path="", severity=_severity(graph, node), constraints=own)
            )
        name = str(node).removeprefix(SHAPES_NAMESPACE)
        properties.sort(key=lambda p: (p.path, p.severity, str(p.constraints)))
        shapes.append(Shape(name=name, targets=targets, properties=tuple(properties)))
    return tuple(sorted(shapes, key=lambda shape: shape.name))
