"""What is known of diseases and treatments apart from who treats what.

Decides which similarities the pair features rest on. Nothing here is made from treatment
statements, so one object serves every fold of an evaluation.
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy import sparse

from kg.snapshot import GraphSnapshot
from kg.vocabulary import NodeType

from .borrowing import Borrowing
from .kernels import DISEASE_KINDS, disease_descriptions, name_mentions, treatment_descriptions
from .prose import Prose, with_parts
from .treatments import TreatmentCatalogue

__all__ = ["KNOWN_OF", "PairKnowledge"]

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int32]

KNOWN_OF: tuple[str, ...] = (
    "number of parts",
    "length of text",
    "number of targets",
    "number of classes",
)
"""What is counted of a treatment, as names of features."""

_TEXT_POWER = 4  # of the cosine of two treatments' texts: most texts about drugs are alike
_FAINT = 0.03  # parts of a unit description below this cost more than they say
_SPREAD_POWER = 2  # of a similarity of treatments before scores are spread along it


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PairKnowledge:
    """Similarities of diseases and of treatments.

    Attributes:
        text: Unit-length text embedding of every node.
        names: Unit-length embedding of the bare name of every node.
        diseases: Sparse unit rows over all nodes for each kind of description.
        borrowing: Whose descriptions a disease uses beside its own.
        nearest: For each kind of treatment description how scores spread from the nearest other
            treatments, CSR `[n_treatments, n_treatments]`; a row is the receiving treatment.
        spread: The same by the mean similarity over all kinds, from all others; a column is the
            receiving treatment.
        targets: Genes (rows) to treatments (columns).
        classes: Text of each class, and 0/1 CSR `[n_treatments, n_classes]` of the treatments in
            it or below it; None when classes are not used.
        treatment_text: Text of each treatment; None when texts of treatments are not used.
        mentions: What `name_mentions` gives; None likewise.
        prose: What is written of treatments and their parts; None likewise.
        known_of: How much is known of each treatment, columns as `KNOWN_OF`.
    """

    text: FloatArray
    names: FloatArray
    diseases: dict[str, Any]
    borrowing: Borrowing
    nearest: dict[str, Any]
    spread: FloatArray
    targets: Any
    classes: tuple[FloatArray, Any] | None
    treatment_text: FloatArray | None
    mentions: tuple[Any, Any] | None
    prose: Prose | None
    known_of: FloatArray

    @classmethod
    def from_snapshot(
        cls,
        snapshot: GraphSnapshot,
        catalogue: TreatmentCatalogue,
        text: FloatArray,
        *,
        names: FloatArray | None = None,
        treatment_text: bool = True,
        treatment_classes: bool = True,
        n_nearest: int = 40,
        like: Self | None = None,
    ) -> Self:
        """Derives everything from the graph.

        Args:
            snapshot: The graph.
            catalogue: The treatments.
            text: Unit-length text embedding of every node.
            names: Unit-length embedding of the bare name of every node; None takes `text`.
            treatment_text: Use the texts of treatments; descriptions of drugs name the disease in
                a fifth of true pairs.
            treatment_classes: Use classes and adverse events of drugs, which encode use as well.
            n_nearest: Similar treatments to remember for each.
            like: Made with the same settings from a graph of the same nodes; what rests on their
                texts alone is taken from it.
        """
        nodes = catalogue.nodes
        own = treatment_descriptions(snapshot)
        kinds = {kind: rows[nodes] for kind, rows in own.items()}
        if not treatment_classes:
            kinds = {k: v for k, v in kinds.items() if k not in ("class", "adverse event")}
        nearest: dict[str, Any] = {}
        similar = np.zeros((len(nodes), len(nodes)), dtype=np.float32)
        for kind, rows in kinds.items():
            if rows.nnz == 0:
                continue
            dense = (rows @ rows.T).toarray()
            similar += dense
            nearest[kind] = _largest(dense, n_nearest)
        prose = text[nodes] if treatment_text else None
        if prose is not None:
            dense = np.maximum(prose @ prose.T, 0.0) ** _TEXT_POWER
            similar += dense
            nearest["text"] = _largest(dense, n_nearest)
        if like is None:
            kinds_of_lender = (NodeType.DISEASE, NodeType.PHENOTYPE)
            lenders = np.sort(np.concatenate([snapshot.nodes_of(kind) for kind in kinds_of_lender]))
            borrowing = Borrowing(text, lenders)
            mentions = name_mentions(snapshot, nodes) if treatment_text else None
            word = None
        else:
            borrowing, mentions, word = like.borrowing, like.mentions, like.diseases["word"]
        return cls(
            text=text,
            names=text if names is None else names,
            diseases=disease_descriptions(snapshot, word=word),
            borrowing=borrowing,
            nearest=nearest,
            spread=_receiving(similar),
            targets=own["target"][nodes].T.tocsr(),
            classes=_class_texts(text, own["class"][nodes]) if treatment_classes else None,
            treatment_text=prose,
            mentions=mentions,
            prose=Prose(snapshot, nodes, text, text if names is None else names)
            if treatment_text
            else None,
            known_of=_known_of(
                snapshot, nodes, own, text=treatment_text, classes=treatment_classes
            ),
        )

    def class_likeness(self, nodes: IntArray) -> FloatArray:
        """Largest cosine of each disease's text and the name of a class of each treatment."""
        n_treatments = len(self.spread)
        out = np.zeros((len(nodes), n_treatments), dtype=np.float32)
        if self.classes is not None and self.classes[1].nnz:
            names, members = self.classes
            filled = np.flatnonzero(np.diff(members.indptr))
            cosine = (self.text[nodes] @ names.T)[:, members.indices]
            out[:, filled] = np.maximum.reduceat(cosine, members.indptr[filled], axis=1)
        return out

    def describe(self, nodes: IntArray) -> dict[str, Any]:
        """Unit rows of some nodes: dense for `text` and `name`, CSR for `DISEASE_KINDS`."""
        weights = self.borrowing.weights(nodes)
        rows: dict[str, Any] = {"text": self.text[nodes], "name": self.names[nodes]}
        for kind in DISEASE_KINDS:
            rows[kind] = _unit_rows(weights @ self.diseases[kind])
        return rows


def _known_of(
    snapshot: GraphSnapshot, nodes: IntArray, own: dict[str, Any], *, text: bool, classes: bool
) -> FloatArray:
    """`KNOWN_OF` for each treatment; 0 for what must not be used."""
    written = [len(snapshot.node(node).definition) * text for node in nodes.tolist()]
    counts = [
        [len(group) - 1 for group in with_parts(snapshot, nodes)],
        written,
        np.diff(own["target"][nodes].indptr),
        np.diff(own["class"][nodes].indptr) * classes,
    ]
    return np.stack(counts, axis=1).astype(np.float32)


def _class_texts(text: FloatArray, members: Any) -> tuple[FloatArray, Any]:
    used = np.flatnonzero(members.getnnz(axis=0))
    return text[used], members[:, used].tocsr()


def _unit_rows(matrix: Any) -> Any:
    """Rows of length 1 without faint parts."""
    n_rows = matrix.shape[0]
    row = np.repeat(np.arange(n_rows), np.diff(matrix.indptr))
    data = matrix.data.astype(np.float32)
    for _ in range(2):
        length = np.sqrt(np.bincount(row, weights=data.astype(np.float64) ** 2, minlength=n_rows))
        data /= np.maximum(length, 1e-9)[row].astype(np.float32)
        data[np.abs(data) < _FAINT] = 0.0
    unit = sparse.csr_matrix((data, matrix.indices, matrix.indptr), shape=matrix.shape)
    unit.eliminate_zeros()
    return unit


def _receiving(similarity: FloatArray) -> FloatArray:
    """Powers of similarities off the diagonal, each column summing to at most 1."""
    values = similarity**_SPREAD_POWER
    np.fill_diagonal(values, 0.0)
    scaled: FloatArray = values / np.maximum(values.sum(axis=0, keepdims=True), 1e-9)
    return scaled


def _largest(similarity: FloatArray, n_nearest: int) -> Any:
    """CSR of the largest entries of each row, powers off the diagonal that sum to at most 1."""
    values = similarity**_SPREAD_POWER
    np.fill_diagonal(values, 0.0)
    n = min(n_nearest, values.shape[1])
    columns = np.argpartition(-values, n - 1, axis=1)[:, :n]
    data = np.take_along_axis(values, columns, axis=1)
    data /= np.maximum(data.sum(axis=1, keepdims=True), 1e-9)
    indptr = np.arange(0, n * len(values) + 1, n)
    matrix = sparse.csr_matrix((data.ravel(), columns.ravel(), indptr), shape=values.shape)
    matrix.eliminate_zeros()
    matrix.sort_indices()
    return matrix
