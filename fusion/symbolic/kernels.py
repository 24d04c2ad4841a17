"""How alike two diseases, or two treatments, are by what the graph says of them.

Decides the kernels of the treatment ranker: cosines between sparse descriptions (ancestors, genes,
phenotypes, words of names, targets, classes, adverse events, ingredients, letters of drug names)
weighted by rarity. Treatment statements are never part of a description.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from kg.ontology import Ontology
from kg.snapshot import GraphSnapshot
from kg.vocabulary import NodeType, Predicate

from .lexical import letter_runs, piece_counts, words

__all__ = [
    "DISEASE_KINDS",
    "TREATMENT_KINDS",
    "describe",
    "disease_descriptions",
    "name_mentions",
    "treatment_descriptions",
]

DISEASE_KINDS = ("hierarchy", "gene", "phenotype", "word")
TREATMENT_KINDS = ("target", "class", "adverse event", "ingredient", "name")

IntArray = npt.NDArray[np.int32]

_DEFINITION_CHARACTERS = 300


def describe(counts: Any) -> Any:
    """Rows weighted by the rarity of their columns and scaled to length 1 (CSR, float32).

    The weight of a column is its inverse document frequency, `ln((1 + n) / (1 + n_c))`: what
    every row has says nothing.
    """
    matrix = sparse.csr_matrix(counts, dtype=np.float32, copy=True)
    matrix.data[:] = 1.0
    used = max(int((np.diff(matrix.indptr) > 0).sum()), 1)
    carriers = np.bincount(matrix.indices, minlength=matrix.shape[1])
    weight = np.log((1.0 + used) / (1.0 + carriers)).astype(np.float32)
    matrix = matrix @ sparse.diags(np.maximum(weight, 0.0))
    length = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1))).ravel()
    scaled = sparse.diags(1.0 / np.maximum(length, 1e-9)) @ matrix
    return scaled.tocsr().astype(np.float32)


def _square(n_nodes: int, rows: Sequence[Any], columns: Sequence[Any]) -> Any:
    """0/1 CSR of unique pairs."""
    row, column = np.concatenate(rows), np.concatenate(columns)
    ones = np.ones(len(row), np.float32)
    matrix = sparse.csr_matrix((ones, (row, column)), shape=(n_nodes, n_nodes))
    matrix.data[:] = 1.0  # what several sources, or SIDER's several terms, say counts once
    return matrix


def _incidence(
    snapshot: GraphSnapshot, predicates: tuple[Predicate, ...], kind: NodeType, *, head: bool
) -> Any:
    """CSR `[n_nodes, n_nodes]` of statements whose head (or tail) is of a type."""
    rows, columns = [], []
    for predicate in predicates:
        edges = (
            snapshot.edges(predicate, head_type=kind)
            if head
            else snapshot.edges(predicate, tail_type=kind)
        )
        rows.append(edges.head if head else edges.tail)
        columns.append(edges.tail if head else edges.head)
    return _square(snapshot.n_nodes, rows, columns)


def _closed(snapshot: GraphSnapshot, kind: NodeType) -> Any:
    """CSR `[n_nodes, n_nodes]`: each node of a type with itself and all its ancestors."""
    ontology = Ontology.from_snapshot(snapshot, kind)
    entries = ontology.ancestors.tocoo()
    nodes = np.asarray(ontology.nodes)
    return _square(snapshot.n_nodes, [nodes[entries.row]], [nodes[entries.col]])


def disease_descriptions(snapshot: GraphSnapshot, *, word: Any = None) -> dict[str, Any]:
    """Sparse unit rows of diseases and phenotypes for each of `DISEASE_KINDS`.

    Phenotypes have rows too, because some treatments are for a phenotype: a phenotype describes
    itself, so it meets the diseases that have it.

    Args:
        snapshot: The graph.
        word: The rows of that kind, made before from the same names; None makes them.
    """
    terms = _closed(snapshot, NodeType.PHENOTYPE)
    genes = (Predicate.CAUSES, Predicate.GENE_ASSOCIATED_WITH)
    signs = _incidence(snapshot, (Predicate.HAS_PHENOTYPE,), NodeType.DISEASE, head=True)
    return {
        "hierarchy": describe(_closed(snapshot, NodeType.DISEASE) + terms),
        "gene": describe(_incidence(snapshot, genes, NodeType.DISEASE, head=False)),
        "phenotype": describe(signs @ terms + terms),
        "word": describe(_disease_words(snapshot)) if word is None else word,
    }


def _disease_words(snapshot: GraphSnapshot) -> Any:
    rows, texts = [], []
    for row, node in enumerate(snapshot.nodes()):
        if node.type in (NodeType.DISEASE, NodeType.PHENOTYPE):
            definition = node.definition[:_DEFINITION_CHARACTERS]
            rows.append(row)
            texts.append(" ".join((node.label, *node.synonyms, definition)))
    return piece_counts(texts, rows, n_rows=snapshot.n_nodes, cut=words)


def name_mentions(snapshot: GraphSnapshot, treatments: IntArray) -> tuple[Any, Any]:
    """Words of each disease's name, and which of them stand in each treatment's text.

    Returns:
        CSR `[n_nodes, n_words]`, rows weighted by rarity and summing to 1, and 0/1 CSR
        `[n_words, n_treatments]`; their product is the share of a name that a text mentions.
    """
    kinds = (NodeType.DISEASE, NodeType.PHENOTYPE)
    named = np.concatenate([snapshot.nodes_of(kind) for kind in kinds]).tolist()
    texts = [snapshot.labels[node] for node in named]
    texts += [snapshot.node(node).definition for node in treatments.tolist()]
    rows = [*named, *treatments.tolist()]
    counts = piece_counts(texts, rows, n_rows=snapshot.n_nodes, cut=words)
    weighted = describe(counts)
    total = np.asarray(weighted.sum(axis=1)).ravel()
    shares = (sparse.diags(1.0 / np.maximum(total, 1e-9)) @ weighted).tocsr()
    return shares.astype(np.float32), counts[treatments].T.tocsr()


def treatment_descriptions(snapshot: GraphSnapshot) -> dict[str, Any]:
    """Sparse unit rows of treatments for each of `TREATMENT_KINDS`; no prose is read."""
    drug = NodeType.DRUG
    itself = snapshot.nodes_of(drug)
    parts = snapshot.edges(Predicate.HAS_PART, head_type=drug)
    rows, columns = [itself, parts.head], [itself, parts.tail]
    named = np.concatenate([itself, snapshot.nodes_of(NodeType.ACTION)])
    labels = [snapshot.labels[node] for node in named.tolist()]
    letters = piece_counts(labels, named.tolist(), n_rows=snapshot.n_nodes, cut=letter_runs)
    ingredients = _square(snapshot.n_nodes, rows, columns)
    # A combination acts on what its ingredients act on.
    targets = ingredients @ _incidence(snapshot, (Predicate.AFFECTS,), drug, head=True)
    classes = _incidence(snapshot, (Predicate.HAS_ROLE,), drug, head=True)
    classes = ingredients @ (classes + classes @ _closed(snapshot, NodeType.DRUG_CLASS))
    adverse = _incidence(snapshot, (Predicate.HAS_ADVERSE_EVENT,), drug, head=True)
    return {
        "target": describe(targets),
        "class": describe(classes),
        "adverse event": describe(adverse),
        "ingredient": describe(ingredients),
        "name": describe(letters),
    }
