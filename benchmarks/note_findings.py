"""How well findings are read from notes: shipped notes, and real radiology reports.

The shipped notes are written in the project's own words from coded findings of published patients,
so what a note says of a term is known. The reports are those of Open-i, whose manual MeSH labels
say which problems a report states; most findings that a report names it denies, so this is a test
of negation on real text. "Without context" counts every name found as present.

    python benchmarks/note_findings.py graphs/rare --mirror ../shared/data
"""

import argparse
import csv
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from kg.case import ClinicalCase
from kg.files import default_mirror
from kg.notes import NoteFinding, NoteReader
from kg.snapshot import GraphSnapshot

_MIN_REPORTS = 20
_SAMPLES = 1000
Counts = tuple[int, int, int]  # right, found, there


def shipped_notes(graph: GraphSnapshot, reader: NoteReader) -> list[str]:
    """Precision and recall on the shipped notes, by stance."""
    path = Path(__file__).parents[1] / "kg" / "data" / "demo_cases.jsonl"
    cases = [ClinicalCase.from_json(line) for line in path.read_text("utf-8").splitlines()]
    read = [(case, reader.read(case.note)) for case in cases if case.note]
    lines = []
    for stance in ("present", "excluded"):
        rows = []
        for case, findings in read:
            found = _terms(findings, stance)
            gold = {_canonical(graph, term) for term in getattr(case, stance)}
            rows.append((len(found & gold), len(found), len(gold)))
        lines.append(f"| shipped notes, {stance} | {len(rows)} | {_precision_recall(rows)} |")
    opposite = sum(
        len(_terms(f, "present") & {_canonical(graph, t) for t in c.excluded})
        + len(_terms(f, "excluded") & {_canonical(graph, t) for t in c.present})
        for c, f in read
    )
    lines.append(f"\nThe other way round than the record: {opposite} findings.\n")
    return lines


def reports(folder: Path, reader: NoteReader) -> list[str]:
    """Precision and recall on real reports of the problems that their labels name."""
    with (folder / "indiana_reports.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    counted: Counter[str] = Counter()
    labelled = []
    for row in rows:
        terms = {
            term for name in row["Problems"].split(";") for term in reader.lookup(name.strip())
        }
        labelled.append(terms)
        counted.update(terms)
    terms = {term for term, count in counted.items() if count >= _MIN_REPORTS}
    texts = [f"Findings: {row['findings']}\nImpression: {row['impression']}" for row in rows]
    read = [reader.read(text) for text in texts]
    lines = [f"\nProblems with at least {_MIN_REPORTS} reports and an HPO term: {len(terms)}.\n"]
    views: tuple[tuple[str, Callable[[Sequence[NoteFinding]], set[str]]], ...] = (
        ("reports, with context", lambda found: _terms(found, "present")),
        ("reports, without context", lambda found: {f.term for f in found}),
    )
    for name, view in views:
        cells = []
        for findings, gold in zip(read, labelled, strict=True):
            found, there = view(findings) & terms, gold & terms
            cells.append((len(found & there), len(found), len(there)))
        lines.append(f"| {name} | {len(cells)} | {_precision_recall(cells)} |")
    return lines


def _terms(findings: Sequence[NoteFinding], stance: str) -> set[str]:
    stated = {f.term for f in findings if f.stance == "present"}
    if stance == "present":
        return stated
    return {f.term for f in findings if f.stance == stance} - stated


def _canonical(graph: GraphSnapshot, term: str) -> str:
    node = graph.index(term)
    return term if node is None else graph.node_ids[node]


def _precision_recall(rows: Sequence[Counts]) -> str:
    table = np.array(rows, dtype=np.float64)
    rng = np.random.default_rng(0)
    draws = rng.multinomial(len(table), np.full(len(table), 1 / len(table)), size=_SAMPLES) @ table
    whole = table.sum(axis=0)
    cells = []
    for at in (1, 2):
        low, high = np.percentile(draws[:, 0] / draws[:, at], [2.5, 97.5])
        cells.append(f"{whole[0] / whole[at]:.3f} [{low:.3f}, {high:.3f}]")
    return " | ".join((*cells, f"{whole[1]:.0f}"))


def main() -> None:
    """Run as a script."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("graph", type=Path)
    parser.add_argument("--mirror", type=Path, default=default_mirror())
    given = parser.parse_args()
    graph = GraphSnapshot.load(given.graph / "snapshot")
    reader = NoteReader.from_graph(graph)
    print("| text | n | precision | recall | found |\n|---|---|---|---|---|")
    print("\n".join(shipped_notes(graph, reader)))
    if given.mirror is not None and (given.mirror / "openi_reports").is_dir():
        print("\n".join(reports(given.mirror / "openi_reports", reader)))


if __name__ == "__main__":
    main()
