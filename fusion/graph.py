"""The snapshot as tensors: which statements carry messages, and what a node starts from.

Decides the relations of message passing. Treatments and contraindications never carry messages,
because they are what the treatment decoder is asked for; mechanism steps neither, because a curated
path from drug to disease is an indication in other words; edges of cases neither, because a patient
must not reach the own label. The layout of edges is decided in `fusion.adjacency`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from jaxtyping import Float
from torch import Tensor

from kg.columns import NODE_TYPES, PREDICATES
from kg.snapshot import GraphSnapshot
from kg.vocabulary import NodeType, Predicate

from .adjacency import RelationalAdjacency

__all__ = [
    "SILENT_PREDICATES",
    "TREATMENT_PREDICATES",
    "GraphTensors",
    "Relation",
    "embed_nodes",
    "node_texts",
]

TREATMENT_PREDICATES: tuple[Predicate, ...] = (
    Predicate.TREATS,
    Predicate.AMELIORATES,
    Predicate.PREVENTS,
    Predicate.CONTRAINDICATED_IN,
)
"""What the treatment decoder learns."""

SILENT_PREDICATES = frozenset(
    {*TREATMENT_PREDICATES, Predicate.RELATED_TO, Predicate.HAS_DISEASE, Predicate.HAS_GENE}
    | {Predicate.AFFECTS_RESPONSE}
)
"""Predicates along which no message ever flows."""

_TEXT_TYPES = (
    NodeType.DISEASE,
    NodeType.PHENOTYPE,
    NodeType.DRUG,
    NodeType.DRUG_CLASS,
    NodeType.ACTION,
    NodeType.PROCESS,
)
_TEXT_SYNONYMS = 3

Embed = Callable[[Sequence[str]], npt.NDArray[np.float32]]


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Relation:
    """One kind of message: along statements of a type triple, or against them (`inverse`)."""

    head_type: str
    predicate: str
    tail_type: str
    inverse: bool

    def __str__(self) -> str:
        name = f"{self.head_type} {self.predicate} {self.tail_type}"
        return f"{name}, inverse" if self.inverse else name


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphTensors:
    """What a model needs of a snapshot.

    Attributes:
        digest: Digest of the snapshot.
        text: Text embedding of every node in half precision, zeros where it has no text.
        node_types: Index into `kg.columns.NODE_TYPES` of every node.
        relations: The relations; message passing runs in both directions.
        adjacency: Edges in both directions.
        triples: Distinct edges in statement direction: relation, head and tail, one column each.
        rows: Statement rows that carry messages.
        row_triples: Position in `triples` of each of `rows`.
    """

    digest: str
    text: Float[Tensor, "n_nodes d_text"]
    node_types: Tensor
    relations: tuple[Relation, ...]
    adjacency: RelationalAdjacency
    triples: npt.NDArray[np.int64]
    rows: npt.NDArray[np.int64]
    row_triples: npt.NDArray[np.int64]

    @classmethod
    def from_snapshot(
        cls, graph: GraphSnapshot, text: npt.NDArray[np.floating], *, adverse_events: bool = False
    ) -> GraphTensors:
        """Takes the statements that are not negated; the same triple of two sources counts once.

        Args:
            graph: The snapshot.
            text: Embedding of every node, see `embed_nodes`.
            adverse_events: Let messages flow along adverse events.
        """
        if text.shape[0] != graph.n_nodes:
            raise ValueError(f"text: {text.shape[0]} rows for {graph.n_nodes} nodes")
        silent = set(SILENT_PREDICATES)
        if not adverse_events:
            silent.add(Predicate.HAS_ADVERSE_EVENT)
        speaks = np.array([Predicate(p) not in silent for p in PREDICATES])
        edges = graph.edges(negated=False)
        kept = speaks[edges.predicate]
        rows = edges.rows[kept].astype(np.int64)
        head = edges.head[kept].astype(np.int64)
        tail = edges.tail[kept].astype(np.int64)
        types = np.asarray(graph.node_types).astype(np.int64)
        n_types, n_predicates = len(NODE_TYPES), len(PREDICATES)
        kind = (types[head] * n_predicates + edges.predicate[kept]) * n_types + types[tail]
        kinds, relation = np.unique(kind, return_inverse=True)
        forward = tuple(
            Relation(
                head_type=str(NODE_TYPES[k // n_types // n_predicates]),
                predicate=str(PREDICATES[k // n_types % n_predicates]),
                tail_type=str(NODE_TYPES[k % n_types]),
                inverse=False,
            )
            for k in kinds.tolist()
        )
        key = (relation.astype(np.int64) * graph.n_nodes + head) * graph.n_nodes + tail
        key, row_triples = np.unique(key, return_inverse=True)
        pair, tail = np.divmod(key, graph.n_nodes)
        relation, head = np.divmod(pair, graph.n_nodes)
        triples = np.stack([relation, head, tail])
        return cls(
            digest=graph.digest,
            text=torch.from_numpy(np.asarray(text, dtype=np.float16)),
            node_types=torch.from_numpy(types.astype(np.int8)),
            relations=forward + tuple(replace(r, inverse=True) for r in forward),
            adjacency=_both_ways(triples, n_relations=len(forward), n_nodes=graph.n_nodes),
            triples=triples,
            rows=rows,
            row_triples=row_triples.astype(np.int64),
        )

    @property
    def n_nodes(self) -> int:
        """Number of nodes."""
        return self.text.shape[0]

    def without_rows(self, dropped: npt.NDArray[np.bool_]) -> GraphTensors:
        """The graph without given statements.

        A triple stays as long as one statement that is left says it.

        Args:
            dropped: For every statement row of the snapshot, True to leave it out.
        """
        left = np.zeros(self.triples.shape[1], dtype=bool)
        left[self.row_triples[~dropped[self.rows]]] = True
        if left.all():
            return self
        adjacency = _both_ways(
            self.triples[:, left], n_relations=len(self.relations) // 2, n_nodes=self.n_nodes
        )
        return replace(self, adjacency=adjacency.to(self.text.device))

    def to(self, device: torch.device | str) -> GraphTensors:
        """The same graph on another device."""
        return replace(
            self,
            text=self.text.to(device),
            node_types=self.node_types.to(device),
            adjacency=self.adjacency.to(device),
        )


def _both_ways(
    triples: npt.NDArray[np.int64], *, n_relations: int, n_nodes: int
) -> RelationalAdjacency:
    relation, head, tail = triples
    return RelationalAdjacency.from_edges(
        sources=np.concatenate([head, tail]),
        targets=np.concatenate([tail, head]),
        relations=np.concatenate([relation, relation + n_relations]),
        n_nodes=n_nodes,
        n_relations=2 * n_relations,
    )


def node_texts(
    graph: GraphSnapshot, types: Iterable[NodeType] = _TEXT_TYPES, *, characters: int = 400
) -> list[str]:
    """Label, a few synonyms and the definition of every node; empty for other types.

    Genes, proteins and adverse events have no text by default: a symbol says little to a language
    model, and there are many of them.
    """
    wanted = set(types)
    texts = []
    for node in graph.nodes():
        if node.type not in wanted:
            texts.append("")
            continue
        parts = (node.label, *node.synonyms[:_TEXT_SYNONYMS], node.definition)
        texts.append("; ".join(part for part in parts if part)[:characters])
    return texts


def embed_nodes(
    graph: GraphSnapshot, embed: Embed, *, characters: int = 400
) -> npt.NDArray[np.float32]:
    """Text embedding of every node; nodes without text get zeros and cost nothing."""
    texts = node_texts(graph, characters=characters)
    filled = [i for i, text in enumerate(texts) if text]
    found = embed([texts[i] for i in filled])
    result = np.zeros((graph.n_nodes, found.shape[1]), dtype=np.float32)
    result[filled] = found
    return result
