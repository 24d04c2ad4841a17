"""The picture of the evidence graph: the paths of an answer as one SVG drawing.

Decides the layout (hops from left to right, one column for each distance from the disease) and the
colours by node kind. The paths themselves come from `reasoning.paths`.
"""

import io
from collections import defaultdict

import matplotlib as mpl
import networkx as nx
from matplotlib.figure import Figure

from .answer import Answer, Entity, Path

__all__ = ["draw_evidence", "evidence_graph"]

_COLOURS = {
    "disease": "#c0392b",
    "treatment": "#1f78b4",
    "gene": "#33845a",
    "other": "#7f7f7f",
}
_MAX_TREATMENTS = 6


def evidence_graph(answer: Answer) -> "nx.MultiDiGraph[str]":
    """The statements of all shown paths; node attribute `kind`, edge attribute `predicate`."""
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    for treatment in answer.treatments[:_MAX_TREATMENTS]:
        graph.add_node(treatment.treatment.id, label=treatment.treatment.label, kind="treatment")
        disease = treatment.for_disease
        graph.add_node(disease.id, label=disease.label, kind="disease")
        for path in treatment.paths:
            _add(graph, path)
    return graph


def _add(graph: "nx.MultiDiGraph[str]", path: Path) -> None:
    for hop in path.hops:
        for entity in (hop.subject, hop.object):
            if entity.id not in graph:
                graph.add_node(entity.id, label=entity.label, kind=_kind(entity))
        if not graph.has_edge(hop.subject.id, hop.object.id, key=hop.statement):
            graph.add_edge(
                hop.subject.id, hop.object.id, key=hop.statement, predicate=hop.predicate
            )


def _kind(entity: Entity) -> str:
    prefix = entity.id.split(":", 1)[0]
    if prefix in ("HGNC", "NCBIGENE", "UNIPROT"):
        return "gene"
    if prefix in ("MONDO", "OMIM", "ORPHA", "DOID"):
        return "disease"
    if prefix in ("DRUGBANK", "CHEBI", "MAXO", "RXNORM"):
        return "treatment"
    return "other"


def _columns(graph: "nx.MultiDiGraph[str]", diseases: list[str]) -> dict[str, tuple[float, float]]:
    """Diseases on the right, everything else by its distance from them to the left."""
    distance = dict.fromkeys(graph, 1)
    for disease in diseases:
        lengths = nx.single_source_shortest_path_length(graph.to_undirected(as_view=True), disease)
        for node, length in lengths.items():
            distance[node] = length if node not in diseases else 0
    columns: dict[int, list[str]] = defaultdict(list)
    for node in sorted(graph):
        columns[distance[node]].append(node)
    position = {}
    for column, nodes in columns.items():
        for i, node in enumerate(nodes):
            position[node] = (-float(column), (i + 0.5) / len(nodes))
    return position


def draw_evidence(answer: Answer) -> str:
    """SVG text of the evidence graph, or an empty string when no path is shown."""
    graph = evidence_graph(answer)
    if graph.number_of_edges() == 0:
        return ""
    diseases = sorted({t.for_disease.id for t in answer.treatments[:_MAX_TREATMENTS]})
    position = _columns(graph, diseases)
    with mpl.rc_context({"svg.fonttype": "none", "font.size": 8, "svg.hashsalt": "iatros"}):
        figure = Figure(figsize=(11, max(3.0, 0.42 * graph.number_of_nodes())))
        axes = figure.add_subplot()
        axes.axis("off")
        axes.margins(0.12, 0.08)
        colours = [_COLOURS[graph.nodes[n]["kind"]] for n in graph]
        nx.draw_networkx_nodes(graph, position, ax=axes, node_size=90, node_color=colours)
        nx.draw_networkx_edges(
            graph, position, ax=axes, edge_color="#9aa0a6", arrowsize=8, node_size=90,
            connectionstyle="arc3,rad=0.06",
        )  # fmt: skip
        drawn: dict[tuple[str, str], str] = {}
        for head, tail, predicate in graph.edges(data="predicate"):
            drawn[head, tail] = predicate
        nx.draw_networkx_edge_labels(
            nx.DiGraph(list(drawn)), position, edge_labels=drawn, ax=axes, font_size=6,
            font_color="#555555",
            bbox={"boxstyle": "round,pad=0.1", "fc": "white", "ec": "none", "alpha": 0.8},
        )  # fmt: skip
        for node, (x, y) in position.items():
            label = graph.nodes[node]["label"]
            short = label if len(label) <= 44 else label[:42] + "…"
            axes.annotate(short, (x, y), xytext=(0, 7), textcoords="offset points", ha="center")
        text = io.StringIO()
        figure.savefig(text, format="svg", bbox_inches="tight", metadata={"Date": None})
    svg = text.getvalue()
    return svg[svg.index("<svg") :]
