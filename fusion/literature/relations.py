"""Relations of a corpus: which pairs are asked about, learning them, and reading them in documents.

Decides the question for each corpus (which types of pairs, which kinds) and the threshold of each
answer. How a pair is described is decided in `pair_features` and `pair_words`, the classifier in
`relation_model`, what a relation means for the graph in `fusion.literature.meaning`.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray as Array

from kg.literature import AnnotatedDocument, EntityType

from .belief_curve import BeliefCurve
from .linked import LinkedDocument, linked_document
from .pair_features import PriorKnowledge, pair_columns
from .pair_words import entity_bag, folded_words, pair_bag
from .prior import RelatedBefore
from .relation_model import PairTable, RelationModel, best_threshold
from .words import split_words

__all__ = ["FoundRelation", "RelationReader", "gold_linked", "title_length"]

_LEAST_PAIRS = 10
_LEAST_OF_KIND = 25
_LEAST_READ = 100  # pairs that a curve of belief can rest on


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundRelation:
    """A relation between two entities of a document.

    Attributes:
        kind: In the words of the corpus.
        first: Number of the first entity in the linked document.
        second: Number of the second one.
        probability: In [0, 1].
        belief: How often such a relation is right, in [0, 1].
        threshold: From where on the relation is stated.
    """

    kind: str
    first: int
    second: int
    probability: float
    belief: float
    threshold: float

    @property
    def is_stated(self) -> bool:
        """True when it is probable enough."""
        return self.probability >= self.threshold


class RelationReader:
    """Reads the relations of one corpus's kinds.

    Args:
        kinds: Kinds of relations.
        types: Types of pairs that are asked about.
        threshold: Probability of a relation of any kind from which on it is stated.
        model: The classifier.
        before: Statistics of the training documents.
        prior: What the graph states; None when the model was trained without.
        on_text: Belief and threshold where names are found by machine; None when unknown.
    """

    def __init__(
        self,
        *,
        kinds: Sequence[str],
        types: Sequence[tuple[EntityType, EntityType]],
        threshold: float,
        model: RelationModel,
        before: RelatedBefore,
        prior: PriorKnowledge | None,
        on_text: BeliefCurve | None = None,
    ) -> None:
        self.kinds = tuple(kinds)
        self.types = tuple(types)
        self.threshold = threshold
        self.model = model
        self.before = before
        self.prior = prior
        self.on_text = on_text

    @classmethod
    def fit(
        cls,
        documents: Sequence[AnnotatedDocument],
        *,
        prior: PriorKnowledge | None,
        as_read: Sequence[LinkedDocument] = (),
        seed: int = 0,
    ) -> "RelationReader | None":
        """Learn from gold; None when the documents state too few relations.

        Args:
            documents: Gold.
            prior: What the graph states.
            as_read: The same documents with names that a machine found in them without having
                seen them; the miner will meet such names. They decide `on_text`.
            seed: Of folds and models.
        """
        linked = [gold_linked(document) for document in documents]
        kinds = _common_kinds(documents)
        gold = [_gold_pairs(a, b, kinds) for a, b in zip(documents, linked, strict=True)]
        types = _common_types(linked, gold)
        if not kinds or not types:
            return None
        gold += [_gold_pairs(a, b, kinds) for a, b in zip(documents, as_read, strict=bool(as_read))]
        marks = [_marks(document) for document in documents]
        before = RelatedBefore.count(marks)
        both = [*linked, *as_read]
        pairs = [list(document.pairs(types)) for document in both]
        own = [marks[number % len(marks)] for number in range(len(both))]
        table = _table(both, pairs, prior, before, own=own)
        by_machine = table.groups >= len(linked)
        table = replace(table, groups=table.groups % len(linked))  # a fold has both readings
        labels = np.array(
            [
                1 + kinds.index(of[frozenset(pair)]) if frozenset(pair) in of else 0
                for of, asked in zip(gold, pairs, strict=True)
                for pair in asked
            ],
            dtype=np.int64,
        )
        n_classes = 1 if len(kinds) == 1 else 1 + len(kinds)
        # Trees for each kind cost as many times more; one model of them is enough.
        few = n_classes > 1
        model, held = RelationModel.fit(
            table, labels, n_classes=n_classes, n_folds=3 if few else 5, n_seeds=1 if few else 3,
            seed=seed,
        )  # fmt: skip
        by_people = ~by_machine
        missed = sum(map(len, gold[: len(linked)])) - int((labels[by_people] > 0).sum())
        return cls(
            kinds=kinds,
            types=types,
            threshold=best_threshold(
                _any(held)[by_people], labels[by_people] > 0, n_missed=max(missed, 0)
            ),
            model=model,
            before=before,
            prior=prior,
            on_text=_curve(held[by_machine], labels[by_machine], documents, kinds),
        )

    def read(
        self, documents: Sequence[LinkedDocument], *, on_text: bool = False
    ) -> list[list[FoundRelation]]:
        """All pairs of each document with their most probable kind.

        Args:
            documents: With gold names, or names that were found.
            on_text: The names were found by machine.
        """
        curve = self.on_text if on_text else None
        pairs = [list(document.pairs(self.types)) for document in documents]
        table = _table(documents, pairs, self.prior, self.before, own=None)
        values = self.model.probabilities(table)
        related = _any(values)
        best = values[:, 1:].argmax(axis=1) if values.shape[1] > 1 else np.zeros(len(values), int)
        found: list[list[FoundRelation]] = []
        row = 0
        for asked in pairs:
            here = []
            for first, second in asked:
                probability = min(max(float(related[row]), 0.0), 1.0)
                here.append(
                    FoundRelation(
                        kind=self.kinds[int(best[row])],
                        first=first,
                        second=second,
                        probability=probability,
                        belief=probability if curve is None else curve.belief(probability),
                        threshold=self.threshold if curve is None else curve.threshold,
                    )
                )
                row += 1
            found.append(here)
        return found


def _curve(
    held: Float[Array, "n_cases n_types"],
    labels: Int[Array, "n_cases"],
    documents: Sequence[AnnotatedDocument],
    kinds: Sequence[str],
) -> BeliefCurve | None:
    """Belief in what machines read; None when too little was read to tell."""
    if len(labels) < _LEAST_READ or not labels.any():
        return None
    right = labels == 1 + held[:, 1:].argmax(axis=1) if held.shape[1] > 1 else labels > 0
    n_gold = sum(
        len({(frozenset((r.subject, r.object)), r.kind) for r in d.relations if r.kind in kinds})
        for d in documents
    )
    return BeliefCurve.fit(_any(held), right, n_missed=max(n_gold - int(right.sum()), 0))


def gold_linked(document: AnnotatedDocument) -> LinkedDocument:
    """A gold document with its gold entities."""
    return linked_document(
        document.document.id,
        split_words(document.document.text),
        [(m.start, m.end, m.type, m.ids, 1.0) for m in document.mentions],
        title_characters=title_length(document),
    )


def title_length(document: AnnotatedDocument) -> int:
    """Characters of the first section."""
    sections = document.document.sections
    return len(sections[0].text) if sections else 0


def _any(values: Float[Array, "n_cases n_types"]) -> Float[Array, "n_cases"]:
    return values[:, 0] if values.shape[1] == 1 else 1.0 - values[:, 0]


def _common_kinds(documents: Sequence[AnnotatedDocument]) -> list[str]:
    counts = Counter(relation.kind for document in documents for relation in document.relations)
    most = sum(counts.values())
    return sorted(kind for kind, count in counts.items() if count >= min(_LEAST_OF_KIND, most))


def _gold_pairs(
    document: AnnotatedDocument, linked: LinkedDocument, kinds: Sequence[str]
) -> dict[frozenset[int], str]:
    """Pairs of entity numbers with their kind, whichever way round the corpus writes them."""
    by_id: dict[str, list[int]] = {}
    for number, entity in enumerate(linked.entities):
        by_id.setdefault(entity.id, []).append(number)
    return {
        frozenset((first, second)): relation.kind
        for relation in document.relations
        if relation.kind in kinds
        for first in by_id.get(relation.subject, ())
        for second in by_id.get(relation.object, ())
        if first != second
    }


def _common_types(
    linked: Sequence[LinkedDocument], gold: Sequence[dict[frozenset[int], str]]
) -> list[tuple[EntityType, EntityType]]:
    order = list(EntityType)
    counts: Counter[tuple[EntityType, EntityType]] = Counter()
    for document, of in zip(linked, gold, strict=True):
        for pair in of:
            kinds = sorted((document.entities[n].type for n in pair), key=_chemicals_first(order))
            counts[kinds[0], kinds[-1]] += 1
    least = min(_LEAST_PAIRS, max(counts.values(), default=0))
    return sorted(pair for pair, count in counts.items() if count >= least)


def _chemicals_first(order: Sequence[EntityType]):  # type: ignore[no-untyped-def]
    """Subjects before objects: chemical, gene, variant, disease."""
    ranks = (EntityType.CHEMICAL, EntityType.VARIANT, EntityType.GENE)
    return lambda kind: ranks.index(kind) if kind in ranks else len(ranks) + order.index(kind)


def _marks(document: AnnotatedDocument) -> tuple[set[str], set[str]]:
    named = {id_ for mention in document.mentions for id_ in mention.ids}
    related = {end for r in document.relations for end in (r.subject, r.object)}
    return named, related


def _table(
    documents: Sequence[LinkedDocument],
    pairs: Sequence[Sequence[tuple[int, int]]],
    prior: PriorKnowledge | None,
    before: RelatedBefore,
    *,
    own: Iterable[tuple[set[str], set[str]]] | None,
) -> PairTable:
    rows: list[Float[Array, "n_features"]] = []
    pair_bags, first_bags, second_bags, groups = [], [], [], []
    marks = list(own) if own is not None else [None] * len(documents)
    for number, (document, asked, mark) in enumerate(zip(documents, pairs, marks, strict=True)):
        folded = folded_words(document) if asked else []
        named = sorted({n for pair in asked for n in pair})
        bags = {n: entity_bag(document, folded, n) for n in named}
        for (first, second), columns in zip(asked, pair_columns(document, asked), strict=True):
            one, other = document.entities[first], document.entities[second]
            known = prior.columns(one.id, other.id) if prior is not None else ()
            stats = before.columns(one.id, other.id, own=mark)
            # Which types stand there, since a corpus may ask about several.
            types = (float(_code(one.type)), float(_code(other.type)))
            rows.append(np.array([*columns, *types, *known, *stats], dtype=np.float32))
            pair_bags.append(pair_bag(document, folded, first, second))
            first_bags.append(bags[first])
            second_bags.append(bags[second])
            groups.append(number)
    return PairTable(
        columns=np.stack(rows) if rows else np.zeros((0, 1), dtype=np.float32),
        pair_bags=pair_bags,
        first_bags=first_bags,
        second_bags=second_bags,
        groups=np.array(groups, dtype=np.int64),
    )


def _code(kind: EntityType) -> int:
    return list(EntityType).index(kind)
