"""What the untrained half of the literature pipeline can do; the numbers of docs/literature.md.

Run:  python benchmarks/literature_pipeline.py GRAPH CORPUS.PubTator.txt

Dictionary of the graph's own names (no corpus name, nothing fitted) against gold mentions; the cue
miner's adverse events against gold chemical-disease pairs. 95% intervals: bootstrap over papers.
"""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from kg.literature.dictionary import Dictionary
from kg.literature.document import AnnotatedDocument, EntityType, Span
from kg.literature.readers import read_annotated
from kg.literature.recognition import Recogniser
from kg.literature.rules import CueMiner
from kg.snapshot import GraphSnapshot
from kg.vocabulary import Predicate

N_BOOTSTRAP = 1000
ILL = (EntityType.DISEASE, EntityType.PHENOTYPE)
Counts = Sequence[tuple[float, ...]]


def interval(rows: Counts, value: Callable[[np.ndarray], float]) -> str:
    """A value over rows with its 95% interval."""
    table = np.asarray(rows, dtype=np.float64)
    rng = np.random.default_rng(0)
    drawn = [value(table[rng.integers(len(table), size=len(table))]) for _ in range(N_BOOTSTRAP)]
    low, high = np.percentile(drawn, [2.5, 97.5])
    return f"{value(table):.3f} [{low:.3f}, {high:.3f}]"


def f_score(table: np.ndarray) -> float:
    """F of rows (right, found, gold)."""
    right, found, gold = table.sum(axis=0)
    return float(2 * right / max(found + gold, 1))


def spans(gold: Sequence[AnnotatedDocument], book: Dictionary) -> None:
    """Exact spans by type."""
    recogniser = Recogniser(book)
    marked = {item.document.id: recogniser.mentions(item.document) for item in gold}
    for kind, kinds in ((EntityType.CHEMICAL, (EntityType.CHEMICAL,)), (EntityType.DISEASE, ILL)):
        rows = []
        for item in gold:
            true = {(m.start, m.end) for m in item.mentions_of(kind)}
            said = {(m.start, m.end) for m in marked[item.document.id] if m.type in kinds}
            rows.append((float(len(true & said)), float(len(said)), float(len(true))))
        right, found, known = np.asarray(rows).sum(axis=0)
        print(f"{kind.value}: exact spans P {right / found:.3f} R {right / known:.3f} "
              f"F {interval(rows, f_score)}")  # fmt: skip


def relations(gold: Sequence[AnnotatedDocument], book: Dictionary, graph: GraphSnapshot) -> None:
    """Pairs of a document that the cue miner calls an adverse event.

    Once by the nodes of the graph, where a finding often has several that nothing joins, and once
    by the gold ids of the mentions that were read, which leaves linking out.
    """
    miner = CueMiner(book)
    ways: dict[str, list[tuple[float, float, float]]] = {"nodes": [], "gold ids of mentions": []}
    for item in gold:
        said = [
            s
            for s in miner.mine([item.document])
            if s.predicate is Predicate.HAS_ADVERSE_EVENT and not s.negated
        ]
        for way, rows in ways.items():
            by_nodes = way == "nodes"
            true: set[tuple[object, object]] = {
                pair(graph, r.subject, r.object) if by_nodes else (r.subject, r.object)
                for r in item.relations
            }
            found: set[tuple[object, object]] = {
                pair(graph, s.subject, s.object)
                if by_nodes
                else (marked(item, s.subject_span), marked(item, s.object_span))
                for s in said
            }
            rows.append((float(len(true & found)), float(len(found)), float(len(true))))
    for way, rows in ways.items():
        right, n_said, known = np.asarray(rows).sum(axis=0)
        print(f"chemical-disease pairs by {way}: P {right / n_said:.3f} R {right / known:.3f} "
              f"F {interval(rows, f_score)}")  # fmt: skip


def marked(item: AnnotatedDocument, span: Span | None) -> str:
    """First gold id of the mention at a place; the place itself where gold has none."""
    for mention in item.mentions:
        if span is not None and mention.ids and mention.span.overlaps(span):
            return mention.ids[0]
    return f"nothing at {span}"


def pair(graph: GraphSnapshot, subject: str, object_: str) -> tuple[object, object]:
    """Nodes of two ids; an id that the graph lacks stands for itself."""
    first, second = graph.index(subject), graph.index(object_)
    return (subject if first is None else first, object_ if second is None else second)


def main(graph_folder: Path, corpus: Path) -> None:
    """Prints all tables."""
    inner = graph_folder / "snapshot"
    graph = GraphSnapshot.load(inner if inner.is_dir() else graph_folder)
    gold = [item for item in read_annotated(corpus) if isinstance(item, AnnotatedDocument)]
    book = Dictionary.from_graph(graph)
    print(f"{corpus.name}: {len(gold)} papers; {len(book)} names of {graph.n_nodes} nodes")
    spans(gold, book)
    relations(gold, book, graph)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
