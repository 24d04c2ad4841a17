"""What a build says of itself: counts, drops, conflicts, coverage, and a picture of the graph.

Decides the form of `report.json`, `report.md` and `metagraph.svg`. Nothing is decided about the
graph here.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from .columns import NODE_TYPES, PREDICATES
from .holdout import HeldOutTreatments
from .identity import IdentityConflict, IdentityMap, IdentityReport
from .snapshot import GraphSnapshot
from .sources import DropReport, SourceFacts
from .statements import Node, Statement

__all__ = ["BuildReport", "CaseCoverage", "draw_metagraph", "write_report"]

_COVERED = ("MONDO", "OMIM", "ORPHA", "DOID", "MESH", "DRUGBANK", "CHEBI", "HGNC", "NCBIGENE", "HP")
_N_CONFLICTS_SHOWN = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseCoverage:
    """How many cases have diagnoses that the graph knows.

    Attributes:
        n_cases: Cases in the graph.
        n_reached: Cases all of whose diagnoses are nodes that knowledge sources put there.
        lost: Number of cases by diagnosis that no node answers to.
    """

    n_cases: int
    n_reached: int
    lost: dict[str, int]


@dataclass(slots=True)
class BuildReport:
    """Filled by the build step by step; see `as_json` for what is kept."""

    profile: str
    source_facts: dict[str, SourceFacts] = field(default_factory=dict)
    drops: dict[str, DropReport] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    fallen: dict[str, int] = field(default_factory=dict)
    decoys: tuple[str, ...] = ()
    held_out: HeldOutTreatments | None = None
    case_problems: list[str] = field(default_factory=list)
    n_cases_excluded: int = 0
    coverage: CaseCoverage | None = None
    identity: IdentityReport | None = None
    conflicts: tuple[IdentityConflict, ...] = ()
    vocabulary: dict[str, tuple[int, int]] = field(default_factory=dict)
    loops: int = 0
    circles: list[str] = field(default_factory=list)
    digest: str = ""
    nodes_by_type: dict[str, int] = field(default_factory=dict)
    edges_by_predicate: dict[str, int] = field(default_factory=dict)
    edges_by_source: dict[str, int] = field(default_factory=dict)
    metagraph: list[tuple[str, str, str, int]] = field(default_factory=list)

    def take_identity(self, identity: IdentityMap, nodes: Iterable[tuple[str, Node]]) -> None:
        """Keep the numbers of the merging, and for each vocabulary how many ids have company."""
        self.identity = identity.report()
        self.conflicts = identity.conflicts
        seen: dict[str, set[str]] = defaultdict(set)
        for _, node in nodes:
            seen[node.id.partition(":")[0]].add(node.id)
        for prefix in _COVERED:
            if ids := seen.get(prefix):
                joined = sum(len(identity.members(curie)) > 1 for curie in ids)
                self.vocabulary[prefix] = (len(ids), joined)

    def take_hierarchy(self, *, loops: int, circles: Sequence[Statement]) -> None:
        """Keep what merging did to the hierarchy."""
        self.loops = loops
        self.circles = [f"{s.subject} is_a {s.object} ({s.source})" for s in circles]

    def take_cases(self, coverage: CaseCoverage) -> None:
        """Keep how many cases have known diagnoses."""
        self.coverage = coverage

    def take_snapshot(self, snapshot: GraphSnapshot) -> None:
        """Keep the counts of the finished graph."""
        self.digest = snapshot.digest
        kinds = np.asarray(snapshot.node_types)
        self.nodes_by_type = {NODE_TYPES[code].value: int(n) for code, n in _counts(kinds) if n}
        edges = snapshot.edges(negated=None)
        self.edges_by_predicate = {PREDICATES[c].value: n for c, n in _counts(edges.predicate)}
        names = [source.name for source in snapshot.sources]
        self.edges_by_source = {names[c]: n for c, n in _counts(edges.source)}
        triples = Counter(
            zip(
                kinds[edges.head].tolist(),
                np.asarray(edges.predicate).tolist(),
                kinds[edges.tail].tolist(),
                strict=True,
            )
        )
        self.metagraph = [
            (NODE_TYPES[h].value, PREDICATES[p].value, NODE_TYPES[t].value, n)
            for (h, p, t), n in triples.most_common()
        ]

    def as_json(self) -> dict[str, Any]:
        """The report as plain values."""
        sources = {}
        for name, facts in self.source_facts.items():
            drops = self.drops[name]
            sources[name] = {
                "title": facts.title,
                "licence": facts.licence,
                "licence_class": facts.licence_class,
                "release": facts.release,
                "homepage": facts.homepage,
                "read": dict(drops.kept),
                "edges": self.edges_by_source.get(name, 0),
                "dropped": dict(drops.dropped.most_common()),
                "mended": dict(drops.mended.most_common()),
                "faults": drops.faults,
                "examples": drops.examples,
            }
        return {
            "profile": self.profile,
            "digest": self.digest,
            "nodes": self.nodes_by_type,
            "edges": self.edges_by_predicate,
            "metagraph": [list(row) for row in self.metagraph],
            "sources": sources,
            "left_out": self.left_out,
            "identity": None if self.identity is None else asdict(self.identity),
            "identity_conflicts": [
                {
                    "kind": c.kind,
                    "clash": list(c.clash),
                    "subject": c.mapping.subject,
                    "object": c.mapping.object,
                    "confidence": c.mapping.confidence,
                    "source": c.mapping.source,
                }
                for c in self.conflicts
            ],
            "vocabulary": {p: {"ids": n, "mapped": m} for p, (n, m) in self.vocabulary.items()},
            "hierarchy": {"self_loops": self.loops, "cut_circles": self.circles},
            "controls": {
                "fallen": self.fallen,
                "decoys": list(self.decoys),
                "held_out": _held_out_json(self.held_out),
                "cases_excluded": self.n_cases_excluded,
            },
            "cases": None if self.coverage is None else asdict(self.coverage),
            "case_problems": self.case_problems,
            "seconds": self.seconds,
        }


def _held_out_json(held: HeldOutTreatments | None) -> dict[str, list[str]] | None:
    if held is None:
        return None
    return {
        "asked": sorted(held.asked),
        "relatives": sorted(held.relatives),
        "namesakes": sorted(held.namesakes),
        "unknown": list(held.unknown),
    }


def _counts(codes: Any) -> list[tuple[int, int]]:
    values, counts = np.unique(np.asarray(codes), return_counts=True)
    pairs = zip(values.tolist(), counts.tolist(), strict=True)
    return sorted(pairs, key=lambda pair: (-pair[1], pair[0]))


def _table(head: Sequence[str], body: Iterable[Sequence[object]]) -> list[str]:
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    return [*lines, *(f"| {' | '.join(map(str, row))} |" for row in body), ""]


def _markdown(report: BuildReport) -> str:
    n_nodes, n_edges = sum(report.nodes_by_type.values()), sum(report.edges_by_predicate.values())
    lines = [
        f"# Build report: profile {report.profile}",
        "",
        f"{n_nodes:,} nodes, {n_edges:,} edges, digest `{report.digest[:16]}`, "
        f"{report.seconds.get('total', 0.0):.1f} s.",
        "",
        "![types as nodes, predicates as edges](metagraph.svg)",
        "",
        *_table(("node type", "nodes"), report.nodes_by_type.items()),
        *_table(("predicate", "edges"), report.edges_by_predicate.items()),
        "## Sources",
        "",
    ]
    body = []
    for name, facts in report.source_facts.items():
        kept = report.drops[name].kept
        edges = report.edges_by_source.get(name, 0)
        body.append(
            (
                name,
                facts.release,
                facts.licence,
                kept["nodes"],
                kept["mappings"],
                edges,
                sum(report.drops[name].dropped.values()),
            )
        )
    head = ("source", "release", "licence", "nodes", "mappings", "edges", "dropped")
    lines += _table(head, body)
    lines += [f"- left out: {name}: {why}" for name, why in report.left_out.items()]
    lines += ["", "## What was dropped or mended, and why", ""]
    reasons = [
        (name, what, reason, count, "; ".join(drops.examples.get(reason, [])[:2]).replace("|", "/"))
        for name, drops in report.drops.items()
        for what, counter in (("dropped", drops.dropped), ("mended", drops.mended))
        for reason, count in counter.most_common()
    ]
    lines += _table(("source", "what", "reason", "rows", "examples"), reasons)
    lines += [f"- fault in {n}: {f}" for n, d in report.drops.items() for f in d.faults]
    lines += _identity_markdown(report)
    lines += _case_markdown(report)
    return "\n".join(lines) + "\n"


def _identity_markdown(report: BuildReport) -> list[str]:
    identity = report.identity
    if identity is None:
        return []
    lines = [
        "## Identity",
        "",
        f"{identity.n_mappings:,} exact mappings join {identity.n_members:,} ids into "
        f"{identity.n_groups:,} groups; {identity.n_replaced:,} retired ids; "
        f"{report.loops} statements inside one node dropped; {len(report.circles)} is-a "
        "statements cut to keep the hierarchy without circles.",
        "",
        *_table(
            ("vocabulary", "ids", "joined with others", "share"),
            ((p, n, m, f"{m / n:.1%}") for p, (n, m) in report.vocabulary.items()),
        ),
        *_table(("conflict", "mappings cut"), identity.conflicts.items()),
    ]
    shown = report.conflicts[:_N_CONFLICTS_SHOWN]
    lines += _table(
        ("conflict", "mapping cut", "source", "ids that would have met"),
        (
            (
                c.kind,
                f"{c.mapping.subject} = {c.mapping.object}",
                c.mapping.source,
                " ".join(c.clash),
            )
            for c in shown
        ),
    )
    lines += ["Largest groups:", ""]
    lines += [f"- {len(g)}: {' '.join(g[:12])}{' …' * (len(g) > 12)}" for g in identity.largest]
    return [*lines, ""]


def _case_markdown(report: BuildReport) -> list[str]:
    lines = ["## Cases and controls", ""]
    if (cover := report.coverage) is not None and cover.n_cases:
        share = cover.n_reached / cover.n_cases
        lines.append(
            f"{cover.n_cases:,} cases; the diagnoses of {cover.n_reached:,} ({share:.1%}) are nodes"
        )
        if cover.lost:
            lost = sorted(cover.lost.items(), key=lambda item: (-item[1], item[0]))
            lines.append("Not in the graph: " + ", ".join(f"{d} ({n})" for d, n in lost) + ".")
    lines += [f"- {n:,} statements fell: {reason}" for reason, n in report.fallen.items()]
    if report.decoys:
        lines.append(f"- {len(report.decoys):,} decoy diseases stripped")
    if report.n_cases_excluded:
        lines.append(f"- {report.n_cases_excluded:,} cases cite an excluded publication")
    lines += [f"- case left out: {problem}" for problem in report.case_problems[:20]]
    return [*lines, ""]


def draw_metagraph(report: BuildReport, path: Path) -> None:
    """Picture of the graph's types: one node per type, one edge per predicate, width by count."""
    import networkx as nx
    from matplotlib.figure import Figure  # a second to import, and only pictures need it

    graph = nx.MultiDiGraph()
    for head, predicate, tail, count in report.metagraph:
        graph.add_edge(head, tail, predicate=predicate, count=count)
    figure = Figure(figsize=(11, 8))
    axes = figure.subplots()
    axes.set_axis_off()
    if graph:
        place = nx.circular_layout(graph)
        _draw_edges(graph, place, axes)
        sizes = [
            400 + 260 * np.log10(1 + report.nodes_by_type.get(kind, 1)) ** 1.6 for kind in graph
        ]
        nx.draw_networkx_nodes(
            graph, place, ax=axes, node_size=sizes, node_color="#dbe9f4", edgecolors="#33658a"
        )
        names = {kind: f"{kind}\n{report.nodes_by_type.get(kind, 0):,}" for kind in graph}
        nx.draw_networkx_labels(graph, place, names, ax=axes, font_size=8)
    figure.savefig(
        path, bbox_inches="tight", metadata={"Date": None} if path.suffix == ".svg" else {}
    )


def _draw_edges(graph: Any, place: dict[str, Any], axes: Any) -> None:
    import networkx as nx

    between: dict[tuple[str, str], int] = defaultdict(int)
    for head, tail, facts in graph.edges(data=True):
        turn = between[head, tail]
        between[head, tail] += 1
        bend = 0.12 + 0.14 * turn
        width = 0.4 + 0.8 * np.log10(1 + facts["count"])
        nx.draw_networkx_edges(
            graph,
            place,
            edgelist=[(head, tail)],
            ax=axes,
            width=width,
            alpha=0.55,
            edge_color="#86bbd8",
            connectionstyle=f"arc3,rad={bend}",
            node_size=2500,
        )
        if head == tail:
            x, y = place[head] * (1.18 + 0.07 * turn)
        else:
            (x0, y0), (x1, y1) = place[head], place[tail]
            x = (x0 + x1) / 2 + bend * (y1 - y0) / 2
            y = (y0 + y1) / 2 - bend * (x1 - x0) / 2
        text = f"{facts['predicate'].replace('_', ' ')} {facts['count']:,}"
        axes.text(x, y, text, fontsize=6.5, ha="center", va="center", color="#2f4858")


def write_report(report: BuildReport, folder: Path) -> None:
    """Writes `report.json`, `report.md` and `metagraph.svg` into the folder."""
    text = json.dumps(report.as_json(), ensure_ascii=False, indent=1)
    (folder / "report.json").write_text(text + "\n", "utf-8")
    (folder / "report.md").write_text(_markdown(report), "utf-8")
    draw_metagraph(report, folder / "metagraph.svg")
