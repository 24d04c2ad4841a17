"""What findings of a note do to a ranking: the shipped patients with all, half or none of theirs.

No model is trained: the likelihood ratio (with relatives and names) ranks the whole catalogue, with
everything left out that rests on a paper of the tested patients, for all rows alike. Half of the
given findings are drawn at random, as a record lists some and the note tells others.

    python benchmarks/note_merging.py graphs/rare
"""

import argparse
from pathlib import Path

import numpy as np

from fusion.symbolic import SymbolicFeatures, SymbolicKnowledge
from kg.case import ClinicalCase
from kg.notes import NoteReader, with_note_findings
from kg.snapshot import GraphSnapshot
from reasoning.evaluate.metrics import RankTable, paired_differences
from reasoning.evaluate.ranks import GoldRanks

_SHOWN = ("macro_top1", "macro_top10", "macro_mrr")


def main() -> None:
    """Run as a script."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("graph", type=Path)
    given = parser.parse_args()
    graph = GraphSnapshot.load(given.graph / "snapshot")
    path = Path(__file__).parents[1] / "kg" / "data" / "demo_cases.jsonl"
    cases = [ClinicalCase.from_json(line) for line in path.read_text("utf-8").splitlines()]
    reader = NoteReader.from_graph(graph)
    also = {diagnosis for case in cases for diagnosis in case.diagnoses}
    knowledge = SymbolicKnowledge.from_snapshot(graph, also=also)
    papers = {paper for case in cases for paper in case.publications}
    maker = SymbolicFeatures(knowledge, exclude_publications=papers)
    rng = np.random.default_rng(0)
    gold, groups, papers_of = [], [], []
    rows: dict[str, list[ClinicalCase]] = {}
    for case in cases:
        position = knowledge.catalogue.position(graph, case.diagnoses[0])
        if position is None or not case.note:
            continue
        gold.append(position)
        groups.append(position)
        papers_of.append(case.publications[0] if case.publications else case.case_id)
        found = reader.read(case.note)
        n = len(case.phenotypes)
        kept = sorted(rng.permutation(n)[: (n + 1) // 2].tolist())
        half = case.model_copy(update={"phenotypes": tuple(case.phenotypes[i] for i in kept)})
        none = case.model_copy(update={"phenotypes": ()})
        for name, version in (("all", case), ("half", half), ("none", none)):
            rows.setdefault(f"{name} of the findings", []).append(version)
            merged = with_note_findings(version, found)[0]
            rows.setdefault(f"{name} of the findings, and the note's", []).append(merged)
    clusters = np.unique(papers_of, return_inverse=True)[1].astype(np.int32)
    tables: dict[str, RankTable] = {}
    print(f"{len(gold)} patients\n\n| input | {' | '.join(_SHOWN)} |\n|---|---|---|---|")
    for name, versions in rows.items():
        terms = [knowledge.encoder.encode(case) for case in versions]
        parts = [
            GoldRanks.of(maker.family.score(terms[at : at + 16]), gold[at : at + 16])
            for at in range(0, len(terms), 16)
        ]
        table = RankTable(
            rank=GoldRanks.join(parts).realistic,
            disease=np.asarray(groups, dtype=np.int32),
            cluster=clusters,
        )
        tables[name] = table
        found_in = table.intervals()
        cells = [
            f"{i.value:.3f} [{i.low:.3f}, {i.high:.3f}]" for i in map(found_in.get, _SHOWN) if i
        ]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)
    for name in ("all", "half", "none"):
        change = paired_differences(
            tables[f"{name} of the findings, and the note's"], tables[f"{name} of the findings"]
        )
        cells = [
            f"{i.value:+.3f} [{i.low:+.3f}, {i.high:+.3f}]" for i in map(change.get, _SHOWN) if i
        ]
        print(f"| what the note adds to {name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
