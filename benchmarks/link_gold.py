"""Linking of gold spans without any tagger: names in, MeSH and OMIM ids out, document F.

Run:  python benchmarks/link_gold.py GRAPH --gold FIRST.txt [OTHER.txt ...] [--new DEV.txt ...]

Names of the graph, of the mapping files of the mirror (IATROS_MIRROR) and of the gold files are
known. With --new those documents are linked, and are left out of the gold; without it the documents
of the first gold file are, by five folds. Intervals are bootstraps over documents.
"""

import argparse
import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from fusion.literature import GoldCorpus, document_keys, gold_documents, read_gold
from fusion.literature.gold_names import GoldNames
from fusion.literature.lexicon import Lexicon
from fusion.literature.linker import Linker
from kg.files import DataFiles, default_mirror
from kg.identifiers import prefix_of
from kg.literature import AnnotatedDocument, EntityType
from kg.literature.mapped_names import mapped_names
from kg.snapshot import GraphSnapshot

SPACES = {EntityType.CHEMICAL: ("MESH",), EntityType.DISEASE: ("MESH", "OMIM")}
FOLDS = 5
Row = dict[EntityType, tuple[int, int, int]]


def linked(document: AnnotatedDocument, linker: Linker) -> Row:
    """Right, given and gold ids of a document by type."""
    marks = [m for m in document.mentions if m.type in SPACES]
    links = linker.links(document.document.text, [(m.start, m.end, m.type) for m in marks])
    row: Row = {}
    for kind, spaces in SPACES.items():
        pairs = [(m, link) for m, link in zip(marks, links, strict=True) if m.type is kind]
        gold = {i for m, _ in pairs for i in m.ids if prefix_of(i) in spaces}
        given = {i for _, link in pairs for i in link.ids if prefix_of(i) in spaces}
        row[kind] = (len(gold & given), len(given), len(gold))
    return row


def show(name: str, rows: Sequence[Row]) -> None:
    """Precision, recall and F with its interval."""
    rng = np.random.default_rng(0)
    weights = rng.multinomial(len(rows), np.full(len(rows), 1 / len(rows)), size=1000)
    print(f"{name}: {len(rows)} documents")
    parts = {"all": tuple(SPACES), **{kind.value: (kind,) for kind in SPACES}}
    for part, kinds in parts.items():
        table = np.array([np.sum([row[kind] for kind in kinds], axis=0) for row in rows], float)
        right, given, gold = table.sum(axis=0)
        if not gold:
            continue
        sampled = weights @ table
        low, high = np.quantile(2 * sampled[:, 0] / sampled[:, 1:].sum(axis=1), [0.025, 0.975])
        f = 2 * right / (given + gold)
        print(f"  {part}: P {right / given:.3f} R {right / gold:.3f} "
              f"F {f:.3f} [{low:.3f}, {high:.3f}] of {gold:.0f}")  # fmt: skip


def names_of(documents: Sequence[AnnotatedDocument]) -> GoldNames:
    """Names that people gave ids to."""
    return GoldNames.count(mention for document in documents for mention in document.mentions)


def by_folds(corpora: Sequence[GoldCorpus], lexicon: Lexicon) -> list[Row]:
    """Each document of the first corpus, linked with the names of other folds."""
    documents = list(corpora[0].documents)
    random.Random(0).shuffle(documents)  # noqa: S311
    others = [names_of(corpus.documents) for corpus in corpora[1:]]
    rows = []
    for fold in range(FOLDS):
        known = names_of([d for n, d in enumerate(documents) if n % FOLDS != fold])
        linker = Linker(lexicon, [known, *others], threshold=0.8, namespaces=SPACES)
        rows += [linked(d, linker) for n, d in enumerate(documents) if n % FOLDS == fold]
    return rows


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("graph", type=Path)
    parser.add_argument("--gold", type=Path, nargs="+", required=True)
    parser.add_argument("--new", type=Path, nargs="*", default=[])
    options = parser.parse_args()
    inner = options.graph / "snapshot"
    graph = GraphSnapshot.load(inner if inner.is_dir() else options.graph)
    lexicon = Lexicon.of_graph(graph, mapped_names(DataFiles(mirror=default_mirror())))
    fresh = {path: gold_documents(path) for path in options.new}
    kept = {key for of in fresh.values() for document in of for key in document_keys(document)}
    corpora, n_left_out = read_gold(options.gold, without=kept)
    print(f"{len(lexicon):,} names; {n_left_out} gold documents left out")
    if not fresh:
        show("five folds of the first corpus", by_folds(corpora, lexicon))
    books = [names_of(corpus.documents) for corpus in corpora]
    for path, documents in fresh.items():
        kinds = {mention.type for document in documents for mention in document.mentions}
        same = [n for n, corpus in enumerate(corpora) if set(corpus.types) == kinds]
        linker = Linker(
            lexicon, books, threshold=0.8, namespaces=SPACES, corpus=same[0] if same else 0
        )
        show(path.name, [linked(document, linker) for document in documents])


if __name__ == "__main__":
    main()
