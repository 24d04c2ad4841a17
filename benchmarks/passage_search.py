"""How well passages are found and sorted into for and against, on gold corpora.

Run:  python benchmarks/passage_search.py GRAPH BC5CDR.PubTator.txt BIORED.PubTator [--papers N]

Search: for each chemical-disease pair that a gold paper states, the graph's two names are asked; at
which rank stands the first paper that states it, and how many of them are among the first ten, by
words, by meaning and by both. Stance: BioRED marks for chemical and disease whether more of one
goes with more of the other (it causes or worsens: against) or less (it treats: for); what do the
passages of the marked paper say? Intervals are bootstraps over diseases.
"""

import argparse
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from encoders import TextEncoder
from fusion.passages import PassageIndex, stances
from fusion.passages.index import Way
from kg.literature import AnnotatedDocument, EntityType
from kg.literature.readers import read_annotated
from kg.snapshot import GraphSnapshot

SIGNS = {"Negative_Correlation": "supporting", "Positive_Correlation": "contradicting"}


def interval(rows: Sequence[float]) -> str:
    """Mean with its 95% interval over bootstrap samples of the rows."""
    values = np.asarray(rows)
    rng = np.random.default_rng(0)
    means = values[rng.integers(len(values), size=(1000, len(values)))].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return f"{values.mean():.3f} [{low:.3f}, {high:.3f}]"


def search(gold: Sequence[AnnotatedDocument], graph: GraphSnapshot) -> None:
    """Ranks of stating papers for the graph's own names of each pair."""
    index = PassageIndex.of_documents([g.document for g in gold], encoder=TextEncoder())
    stating: dict[tuple[int, int], set[str]] = defaultdict(set)
    for item in gold:
        for relation in item.relations:
            drug, disease = graph.index(relation.subject), graph.index(relation.object)
            if drug is not None and disease is not None:
                stating[drug, disease].add(item.document.id)
    print(f"search: {len(stating)} pairs, {len(gold)} papers, {len(index.passages)} passages")
    ways: tuple[Way, ...] = ("words", "meaning", "both")
    for way in ways:
        first: dict[int, list[float]] = defaultdict(list)
        early: dict[int, list[float]] = defaultdict(list)
        for (drug, disease), papers in stating.items():
            asked = f"{graph.labels[drug]} {graph.labels[disease]}"
            order = dict.fromkeys(h.passage.document for h in index.search(asked, top=300, way=way))
            ranks = [rank for rank, id_ in enumerate(order, start=1) if id_ in papers]
            first[disease].append(1.0 / ranks[0] if ranks else 0.0)
            early[disease].append(sum(rank <= 10 for rank in ranks) / len(papers))
        print(
            f"  {way}: reciprocal rank {interval([float(np.mean(r)) for r in first.values()])}, "
            f"recall at 10 {interval([float(np.mean(r)) for r in early.values()])}"
        )


def sorted_by_stance(gold: Sequence[AnnotatedDocument]) -> None:
    """What passages of each marked paper say, against the sign that people gave."""
    counts: Counter[tuple[str, str]] = Counter()
    right: dict[str, list[float]] = defaultdict(list)
    for item in gold:
        names: dict[str, Counter[str]] = defaultdict(Counter)
        types: dict[str, EntityType] = {}
        for mention in item.mentions:
            for id_ in mention.ids:
                names[id_][mention.text] += 1
                types[id_] = mention.type
        index = PassageIndex.of_documents([item.document])
        for relation in item.relations:
            ends = sorted(
                (relation.subject, relation.object),
                key=lambda end: types.get(end) is not EntityType.CHEMICAL,
            )
            kinds = [types.get(end) for end in ends]
            if relation.kind not in SIGNS or kinds != [EntityType.CHEMICAL, EntityType.DISEASE]:
                continue
            drug, disease = ([n for n, _ in names[end].most_common()] for end in ends)
            found = stances(index, drug, disease, top=1)
            counts[SIGNS[relation.kind], found[0].stance if found else "nothing"] += 1
            if found:
                right[ends[1]].append(float(found[0].stance == SIGNS[relation.kind]))
    total = counts.total()
    spoken = total - sum(n for (_, said), n in counts.items() if said == "nothing")
    print(f"stance: {total} signed pairs; {spoken} have a passage that takes a side")
    for (sign, first), n in sorted(counts.items()):
        print(f"  gold {sign}, first passage {first}: {n}")
    if right:
        flat = [value for values in right.values() for value in values]
        print(f"  right where one speaks: {np.mean(flat):.3f}, "
              f"by disease {interval([float(np.mean(v)) for v in right.values()])}")  # fmt: skip


def main() -> None:
    """Prints both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("graph", type=Path)
    parser.add_argument("pairs", type=Path)
    parser.add_argument("signs", type=Path)
    parser.add_argument("--papers", type=int, default=None)
    options = parser.parse_args()
    inner = options.graph / "snapshot"
    graph = GraphSnapshot.load(inner if inner.is_dir() else options.graph)
    read = (list(read_annotated(path)) for path in (options.signs, options.pairs))
    signed, paired = ([d for d in of if isinstance(d, AnnotatedDocument)] for of in read)
    sorted_by_stance(signed)
    search(paired[: options.papers], graph)


if __name__ == "__main__":
    main()
