"""What a build says of itself: counts, drops, conflicts, coverage, and a picture of the graph.

Decides the form of `report.json` and `report.md`; the picture is drawn in `kg.metagraph`. Nothing
is decided about the graph here.
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from .columns import NODE_TYPES, PREDICATES
from .coverage import IndicationCoverage, VocabularyCoverage, indication_coverage
from .holdout import HeldOutTreatments
from .identity import IdentityConflict, IdentityMap, IdentityReport
from .metagraph import draw_metagraph
from .snapshot import GraphSnapshot
from .sources import DropReport, SourceFacts
from .statements import Statement

__all__ = ["BuildReport", "CaseCoverage", "write_report"]

_N_CONFLICTS_SHOWN = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseCoverage:
    """How many cases have diagnoses that the graph knows.

    Attributes:
        n_cases: Cases of the graph that have a diagnosis.
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
    patient_statements: dict[str, int] = field(default_factory=dict)
    identity: IdentityReport | None = None
    conflicts: tuple[IdentityConflict, ...] = ()
    vocabulary: dict[str, VocabularyCoverage] = field(default_factory=dict)
    indications: IndicationCoverage | None = None
    loops: int = 0
    circles: list[str] = field(default_factory=list)
    digest: str = ""
    nodes_by_type: dict[str, int] = field(default_factory=dict)
    edges_by_predicate: dict[str, int] = field(default_factory=dict)
    edges_by_source: dict[str, int] = field(default_factory=dict)
    metagraph: list[tuple[str, str, str, int]] = field(default_factory=list)

    def take_identity(self, identity: IdentityMap) -> None:
        """Keep the numbers of the merging."""
        self.identity = identity.report()
        self.conflicts = identity.conflicts

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
        self.indications = indication_coverage(snapshot)
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
            "vocabulary": {p: asdict(c) for p, c in self.vocabulary.items()},
            "indications": None if self.indications is None else asdict(self.indications),
            "hierarchy": {"self_loops": self.loops, "cut_circles": self.circles},
            "controls": {
                "fallen": self.fallen,
                "decoys": list(self.decoys),
                "held_out": _held_out_json(self.held_out),
                "cases_excluded": self.n_cases_excluded,
            },
            "cases": None if self.coverage is None else asdict(self.coverage),
            "patient_statements": self.patient_statements,
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
        *_vocabulary_markdown(report),
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


def _vocabulary_markdown(report: BuildReport) -> list[str]:
    lines = _table(
        ("vocabulary", "ids named", "are a node", "node has other ids", "share", "lead to a node"),
        (
            (p, c.ids, c.nodes, c.joined, f"{c.joined / c.ids:.1%}", c.leads)
            for p, c in report.vocabulary.items()
        ),
    )
    if (found := report.indications) is not None:
        n = found.statements
        lines += [
            f"Every Cure's indications: {n:,}; the drug, an ingredient or a salt of it has targets "
            f"in {found.with_targets / n:.1%}, text in {found.with_text / n:.1%}, one of them in "
            f"{found.with_either / n:.1%}.",
            "",
        ]
    return lines


def _case_markdown(report: BuildReport) -> list[str]:
    lines = ["## Cases and controls", ""]
    if (cover := report.coverage) is not None and cover.n_cases:
        share = cover.n_reached / cover.n_cases
        lines.append(
            f"{cover.n_cases:,} cases with a diagnosis; the diagnoses of {cover.n_reached:,} "
            f"({share:.1%}) are nodes"
        )
        if cover.lost:
            lost = sorted(cover.lost.items(), key=lambda item: (-item[1], item[0]))
            lines.append("Not in the graph: " + ", ".join(f"{d} ({n})" for d, n in lost) + ".")
    for name, count in report.patient_statements.items():
        lines.append(f"- {count:,} statements about patients of {name}")
    lines += [f"- {n:,} statements fell: {reason}" for reason, n in report.fallen.items()]
    if report.decoys:
        lines.append(f"- {len(report.decoys):,} decoy diseases stripped")
    if report.n_cases_excluded:
        lines.append(f"- {report.n_cases_excluded:,} cases cite an excluded publication")
    lines += [f"- case left out: {problem}" for problem in report.case_problems[:20]]
    return [*lines, ""]


def write_report(report: BuildReport, folder: Path) -> None:
    """Writes `report.json`, `report.md` and `metagraph.svg` into the folder."""
    text = json.dumps(report.as_json(), ensure_ascii=False, indent=1)
    (folder / "report.json").write_text(text + "\n", "utf-8")
    (folder / "report.md").write_text(_markdown(report), "utf-8")
    draw_metagraph(report.nodes_by_type, report.metagraph, folder / "metagraph.svg")
