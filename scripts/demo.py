#!/usr/bin/env python3
"""The whole engine on real patients in a few minutes: what `make demo` runs.

Holds out a third of the project's own published cases by publication, builds the graph without
anything that cites their papers, trains text, image and graph encoders together on the rest, and
answers for a patient that the model has never seen. Everything lands in the folder demo/.
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from fusion.config import TrainConfig
from fusion.predictor import Predictor
from fusion.symbolic.patients import ReferenceCases
from fusion.trainer import train
from kg.build import BuildOptions, build_graph
from kg.case import ClinicalCase
from kg.cases import CaseError, read_cases
from kg.cases.split import find_leaks, split_by_publication
from kg.files import DataFiles, default_mirror
from kg.snapshot import GraphSnapshot
from kg.vocabulary import NodeType
from reasoning.cli.training import read_config
from reasoning.evaluate import (
    EvaluationOptions,
    ProtocolResult,
    Setting,
    SplitOptions,
    evaluate_setting,
)
from reasoning.evaluate.neural import ModelScorer
from reasoning.evaluate.results import write_markdown
from reasoning.render import render_table, write_text
from reasoning.report import render_html
from reasoning.treat import TreatmentRanker, known_indications

CONFIG = Path(__file__).parent / "configs" / "demo.toml"
DECOYS = 1000
BASELINES = ("likelihood ratio", "likelihood ratio + cases", "Resnik best-match average")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohort:
    """The project's cases, and pictures where the mirror has them, in two parts without contact."""

    training: tuple[ClinicalCase, ...]
    held_out: tuple[ClinicalCase, ...]

    @property
    def held_out_publications(self) -> frozenset[str]:
        """All papers that describe a held-out patient."""
        return frozenset(p for case in self.held_out for p in case.publications)


def cohort(files: DataFiles) -> Cohort:
    """Cases of the project split by publication; imaging cases of the mirror go to training."""
    cases = [
        case
        for case in read_cases([files.open_path("iatros/demo_cases.jsonl")])
        if not isinstance(case, CaseError)
    ]
    parts = split_by_publication(
        cases, {"training": 2, "held out": 1}, np.random.default_rng(20261122)
    )
    leaks = find_leaks(parts)
    if leaks:
        sys.exit(f"the split leaks: {leaks[0]}")
    return Cohort(training=parts["training"], held_out=parts["held out"])


def imaging_cases(files: DataFiles, *, limit: int) -> tuple[ClinicalCase, ...]:
    """Patients with X-ray and masked note from the mirror, or none."""
    folder = files.mirror and files.mirror / "covid_chestxray"
    if not folder or not folder.is_dir():
        return ()
    found = (c for c in read_cases([folder]) if not isinstance(c, CaseError))
    return tuple(case for case in found if case.images and case.diagnoses)[:limit]


def first_with_a_drug(cases: Sequence[ClinicalCase], graph: GraphSnapshot) -> ClinicalCase:
    """The first patient, in the order of the cohort, whose published diagnosis has a known drug."""
    drugs = set(graph.nodes_of(NodeType.DRUG).tolist())
    known = known_indications(graph)
    for case in cases:
        nodes = (graph.index(diagnosis) for diagnosis in case.diagnoses)
        if any(drugs & known.get(node, frozenset()) for node in nodes if node is not None):
            return case
    return cases[0]


def measure(predictor: Predictor, parts: Cohort, known: Sequence[ClinicalCase]) -> ProtocolResult:
    """Held-out patients under paper-out, the model beside its baselines."""
    knowledge = predictor.symbolic.knowledge
    cases = {case.case_id: case for case in parts.held_out}
    tested = knowledge.references(parts.held_out)
    setting = Setting(
        protocol="paper-out",
        knowledge=knowledge,
        training=knowledge.references(known),
        tested=tested,
        calibration=ReferenceCases.empty(),
        excluded=frozenset(),  # the graph was built without them
        held_out=parts.held_out_publications,
        options=SplitOptions(n_decoys=DECOYS),
    )
    options = EvaluationOptions(boosted=None, n_samples=1000)
    return evaluate_setting(
        setting,
        cases=cases,
        scorers=[lambda s: ModelScorer.of(predictor, s, cases)],
        options=options,
    )


def print_result(result: ProtocolResult, console: Console, n_cases: int) -> None:
    """The table of the README."""
    table = Table(title=f"Held out by publication: {n_cases} patients (macro over diseases)")
    for head in ("ranker", "top-1 [95% interval]", "top-10 [95% interval]", "MRR"):
        table.add_column(head)
    for ranker in result.rankers:
        if ranker.name in (*BASELINES, "nearest published patients", "iatros"):
            cells = [ranker.overall[name] for name in ("macro_top1", "macro_top10", "macro_mrr")]
            shown = [f"{c.value:.2f} [{c.low:.2f}, {c.high:.2f}]" for c in cells[:2]]
            table.add_row(ranker.name, *shown, f"{cells[2].value:.2f}")
    console.print(table)
    console.print(f"[dim]{result.control}[/dim]")


def main() -> None:
    """Run the demo."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("demo"))
    parser.add_argument("--config", type=Path, default=CONFIG)
    arguments = parser.parse_args()
    out: Path = arguments.out
    console = Console(width=None if sys.stdout.isatty() else 120)
    log = Console(stderr=True, width=None if sys.stderr.isatty() else 120)
    started = time.monotonic()

    def step(text: str) -> None:
        log.print(f"[{time.monotonic() - started:5.0f} s] {text}", highlight=False)

    files = DataFiles(mirror=default_mirror())
    parts = cohort(files)
    step(f"{len(parts.training)} training and {len(parts.held_out)} held-out patients")
    out.mkdir(parents=True, exist_ok=True)
    listed = "".join(f"{p}\n" for p in sorted(parts.held_out_publications))
    write_text(out / "held_out_publications.txt", listed)
    step("building the graph without the held-out papers, and without those of decoy diseases")
    options = BuildOptions(
        out=out / "graph",
        files=files,
        profile="demo",
        exclude_publications=parts.held_out_publications,
        strip_decoys=DECOYS,
        store=False,  # the RDF is graph.nq.gz; `iatros query` loads it when first asked
    )
    graph = build_graph(options).snapshot
    step(f"graph: {graph.n_nodes:,} nodes, {graph.n_edges:,} statements; training")
    pictures = imaging_cases(files, limit=32)
    config = TrainConfig.from_mapping(read_config(arguments.config))
    known = (*parts.training, *pictures)
    trained = train(graph, known, config, out / "model")
    step(f"{trained.steps} steps on {len(known)} patients, {len(pictures)} of them with images")
    ranker = TreatmentRanker.load(out / "model")
    result = measure(ranker.predictor, parts, known)
    print_result(result, console, len(parts.held_out))
    write_markdown([result], out / "diagnosis.md")
    patient = first_with_a_drug(parts.held_out, graph)
    write_text(out / "patient.json", json.dumps(json.loads(patient.to_json()), indent=1) + "\n")
    step("answering")
    (answer,) = ranker.answer_cases([patient], top=8)
    console.print(f"\nHeld-out patient {patient.case_id}: {patient.note}", highlight=False)
    console.print(f"[dim]published diagnosis: {', '.join(patient.diagnoses)}[/dim]\n")
    console.print(render_table(answer))
    write_text(out / "report.html", render_html([answer], title="iatros demo"))
    step(f"done; open {out / 'report.html'}, or ask again: iatros treat {out}/patient.json "
         f"--model {out}/model")  # fmt: skip


if __name__ == "__main__":
    main()
