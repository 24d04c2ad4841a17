"""From text to ranking on real papers and a real model, and back: what docs/literature.md shows.

Run:  python benchmarks/text_to_ranking.py MODEL PAPER... [--miner DIR] [--diseases 3]

Mines papers with the names of the model's own graph and cue words, or with a trained miner, adds
the run, and prints the rankings of the diseases whose treatments moved most, before and after; then
takes the run out and checks that every answer is the old one, byte for byte.
"""

import argparse
import tempfile
from pathlib import Path

from fusion.literature import load_miner
from kg.additions import add_graphs, remove_graphs
from kg.literature.belief import beliefs
from kg.literature.dictionary import Dictionary
from kg.literature.endpoints import Endpoints
from kg.literature.mining import Plug, mine_files
from kg.literature.rules import CueMiner
from kg.literature.statements import MiningRun, from_statement
from kg.snapshot import GraphSnapshot
from kg.vocabulary import Predicate
from reasoning.answer import Answer
from reasoning.treat import TreatmentRanker, known_indications


def rows(answer: Answer) -> dict[str, tuple[int, str, float, str, int]]:
    """Rank, name, score, status and number of passages by treatment."""
    return {
        t.treatment.id: (t.rank, t.treatment.label, t.score, t.status, len(t.passages))
        for t in answer.treatments
    }


def main() -> None:
    """Mines, adds, ranks, removes, ranks again."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("papers", type=Path, nargs="+")
    parser.add_argument("--miner", type=Path, help="folder of a trained miner")
    parser.add_argument("--diseases", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch, "graph")
        graph = GraphSnapshot.load(options.model / "graph")
        graph.save(folder / "snapshot")
        (folder / "cases.jsonl").write_text("")
        (folder / "graph.nq.gz").write_bytes(b"")
        reader = (
            CueMiner(Dictionary.from_graph(graph))
            if options.miner is None
            else load_miner(options.miner, graph)
        )
        plug = Plug(reader=reader, endpoints=Endpoints(graph))
        run = MiningRun(name="papers", model=plug.reader.name, version=plug.reader.version)
        mined = Path(scratch, "mined.nq")
        report = mine_files(options.papers, mined, source=lambda: plug, run=run)
        print(f"{report.n_statements} statements from {report.n_documents} papers")
        ranker = TreatmentRanker.load(options.model, graph=folder)
        (added,) = add_graphs(folder, [mined])
        print(*added.lines(), sep="\n")
        whole = GraphSnapshot.load(folder / "snapshot")
        said = [from_statement(s) for s in whole.statements() if s.source == run.name]
        known = known_indications(graph)
        fresh = [
            (belief.net, belief.object)
            for belief in beliefs(said)
            if belief.predicate is Predicate.TREATS
            and graph.index(belief.subject) not in known.get(graph.index(belief.object) or -1, ())
        ]
        diseases = list(dict.fromkeys(d for _, d in sorted(fresh, reverse=True)))[
            : options.diseases
        ]
        before = {d: ranker.answer_disease(d, top=400) for d in diseases}
        after = TreatmentRanker.load(options.model, graph=folder)
        for disease in diseases:
            answer = after.answer_disease(disease, top=400)
            old, new = rows(before[disease]), rows(answer)
            print(f"\n{answer.disease.label if answer.disease else disease} ({disease})")
            moved = [d for d in new if new[d][4] or new[d][0] <= 5]
            for drug in sorted(moved, key=lambda d: new[d][0])[:8]:
                rank, name, score, status, n_passages = new[drug]
                was = old.get(drug, ("> 400", "", 0.0, "", 0))
                print(f"  {was[0]!s:>5} -> {rank:3d}  {name:28} {status:15} "
                      f"{was[2]:.3f} -> {score:.3f}  {n_passages} passages")  # fmt: skip
        remove_graphs(folder, [run.name])
        restored = TreatmentRanker.load(options.model, graph=folder)
        same = all(
            restored.answer_disease(d, top=400).model_dump_json() == a.model_dump_json()
            for d, a in before.items()
        )
        print(f"\nafter taking the run out every answer is the old one: {same}")
        print(f"digest restored: {GraphSnapshot.load(folder / 'snapshot').digest == graph.digest}")


if __name__ == "__main__":
    main()
