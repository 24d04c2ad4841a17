"""How well a miner reads papers: names, ids and relations against gold.

Decides the measures (exact spans; ids per document; relations per document, with gold entities and
from the text alone), the controls (documents that the miner has seen do not count; ids are compared
in the namespaces of the gold) and the baselines of the same run: the graph's names as a dictionary,
and "named in the same sentence". Intervals are bootstraps over documents.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusion.literature import TrainedMiner, document_keys, gold_linked
from kg.identifiers import prefix_of
from kg.literature import AnnotatedDocument, EntityType
from kg.literature.dictionary import Dictionary
from kg.literature.recognition import Recogniser

from .reliability import Reliability, reliability_of, reliability_table

__all__ = ["LiteratureResult", "Measure", "evaluate_miner", "literature_table", "write_result"]

_DISEASES = (EntityType.DISEASE, EntityType.PHENOTYPE)
Found = Sequence[set[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """Precision, recall and F of one question, in [0, 1].

    Attributes:
        task: What was asked: `entities`, `linking`, `relations, gold entities` …
        part: Type of entity, kind of relation, or `all`.
        system: `miner` or the baseline's name.
        precision: Share of the answers that are right.
        recall: Share of the gold that is found.
        f: Harmonic mean of both.
        low: Lower end of the 95% interval of F.
        high: Upper end.
        n_gold: Size of the gold.
    """

    task: str
    part: str
    system: str
    precision: float
    recall: float
    f: float
    low: float
    high: float
    n_gold: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LiteratureResult:
    """One evaluation.

    Attributes:
        miner: Version of the miner.
        n_documents: Documents that count.
        n_seen: Documents that the miner was trained on and that do not count.
        measures: All numbers.
        reliability: Whether beliefs in relations come true; None without relations.
    """

    miner: str
    n_documents: int
    n_seen: int
    measures: tuple[Measure, ...]
    reliability: Reliability | None = None


def evaluate_miner(
    miner: TrainedMiner,
    gold: Sequence[AnnotatedDocument],
    *,
    trained_on: frozenset[str],
    namespaces: Mapping[EntityType, tuple[str, ...]],
    heads: Sequence[tuple[EntityType, ...]] = (),
    dictionary: Dictionary | None = None,
    n_samples: int = 1000,
    seed: int = 0,
    progress: Callable[[str], None] = lambda _line: None,
) -> LiteratureResult:
    """Measure a miner.

    Args:
        miner: The miner.
        gold: Annotated documents.
        trained_on: Keys of the documents that the miner has seen.
        namespaces: Prefixes of ids that gold and answers are compared in, by type.
        heads: Types of the miner's corpora; the one with the gold's types follows its guidelines.
        dictionary: Names of the graph for the baseline; None leaves it out.
        n_samples: Bootstrap samples.
        seed: Of the bootstrap.
        progress: Told what is being done.

    Raises:
        ValueError: No document is left.
    """
    kept = [document for document in gold if not document_keys(document) & trained_on]
    if not kept:
        raise ValueError("the miner was trained on every document of this gold")
    kinds = {m.type for d in kept for m in d.mentions}
    head = next((n for n, types in enumerate(heads) if set(types) == kinds), None)
    progress(f"reading {len(kept):,} documents")
    texts = [document.document for document in kept]
    found = list(miner.read(texts, namespaces=namespaces, head=head))
    read = [one.annotated() for one in found]
    score = _Scorer(len(kept), n_samples=n_samples, seed=seed)
    systems: dict[str, list[AnnotatedDocument]] = {"miner": read}
    if dictionary is not None:
        progress("reading them with the dictionary")
        systems["dictionary"] = _by_dictionary(kept, dictionary, kinds)
    measures: list[Measure] = []
    for system, answers in systems.items():
        for part, types in _parts(kinds).items():
            measures.append(
                score.measure("entities", part, system, _spans(kept, types), _spans(answers, types))
            )
    measures += _linking(miner, kept, read, kinds, namespaces, score, head)
    if any(document.relations for document in kept):
        progress("relations")
        measures += _relations(miner, kept, read, score)
    return LiteratureResult(
        miner=miner.version,
        n_documents=len(kept),
        n_seen=len(gold) - len(kept),
        measures=tuple(measures),
        reliability=reliability_of(miner, found, kept),
    )


def literature_table(result: LiteratureResult) -> str:
    """The measures as a Markdown table."""
    lines = [
        "| task | of | system | precision | recall | F | 95% interval | gold |",
        "|---|---|---|---|---|---|---|---|",
    ]
    lines.extend(
        f"| {m.task} | {m.part} | {m.system} | {m.precision:.3f} | {m.recall:.3f} | {m.f:.3f} | "
        f"{m.low:.3f}–{m.high:.3f} | {m.n_gold:,} |"
        for m in result.measures
    )
    return "\n".join(lines)


def write_result(result: LiteratureResult, folder: Path) -> None:
    """Write `literature.json` and `literature.md`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "literature.json").write_text(json.dumps(asdict(result), indent=1), encoding="utf-8")
    said = (
        f"Miner {result.miner}; {result.n_documents:,} documents; {result.n_seen:,} more were in "
        "its training and do not count."
    )
    tables = [said, literature_table(result)]
    if result.reliability is not None:
        tables.append(reliability_table(result.reliability))
    (folder / "literature.md").write_text("\n\n".join(tables) + "\n", encoding="utf-8")


class _Scorer:
    """Counts per document and what follows from them."""

    def __init__(self, n_documents: int, *, n_samples: int, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.weights = rng.multinomial(
            n_documents, np.full(n_documents, 1 / n_documents), size=n_samples
        )

    def measure(self, task: str, part: str, system: str, gold: Found, answers: Found) -> Measure:
        counts = np.array(
            [(len(g & a), len(a), len(g)) for g, a in zip(gold, answers, strict=True)],
            dtype=np.float64,
        )
        right, answered, asked = counts.sum(axis=0)
        sampled = _f(self.weights @ counts)
        low, high = np.quantile(sampled, [0.025, 0.975])
        return Measure(
            task=task,
            part=part,
            system=system,
            precision=float(right / max(answered, 1)),
            recall=float(right / max(asked, 1)),
            f=float(_f(counts.sum(axis=0)[None])[0]),
            low=float(low),
            high=float(high),
            n_gold=int(asked),
        )


def _f(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    return 2 * counts[:, 0] / np.maximum(counts[:, 1] + counts[:, 2], 1)


def _parts(kinds: set[EntityType]) -> dict[str, set[EntityType]]:
    parts = {kind.value: {kind} for kind in EntityType if kind in kinds}
    return {**parts, "all": kinds} if len(parts) > 1 else parts


def _spans(documents: Sequence[AnnotatedDocument], types: set[EntityType]) -> Found:
    return [{(m.start, m.end, m.type) for m in d.mentions if m.type in types} for d in documents]


def _ids(
    documents: Sequence[AnnotatedDocument],
    types: set[EntityType],
    namespaces: Mapping[EntityType, tuple[str, ...]],
) -> Found:
    return [
        {
            (m.type, id_)
            for m in d.mentions
            if m.type in types
            for id_ in m.ids
            if prefix_of(id_) in namespaces.get(m.type, ())
        }
        for d in documents
    ]


def _linking(
    miner: TrainedMiner,
    gold: Sequence[AnnotatedDocument],
    read: Sequence[AnnotatedDocument],
    kinds: set[EntityType],
    namespaces: Mapping[EntityType, tuple[str, ...]],
    score: _Scorer,
    head: int | None,
) -> list[Measure]:
    """Ids per document, for the names found and for the gold names."""
    known = {kind for kind in kinds if kind in namespaces}
    linked = list(miner.link_gold(gold, namespaces=namespaces, head=head))
    measures = []
    for task, answers in (("linking", read), ("linking, gold spans", linked)):
        for part, types in _parts(known).items():
            wanted = _ids(gold, types, namespaces)
            measures.append(
                score.measure(task, part, "miner", wanted, _ids(answers, types, namespaces))
            )
    return measures


def _related(
    documents: Sequence[AnnotatedDocument], kinds: set[str] | None = None, *, named: bool
) -> Found:
    """Pairs without order, with or without the name of the relation."""
    return [
        {
            (frozenset((r.subject, r.object)), r.kind if named else "")
            for r in d.relations
            if kinds is None or r.kind in kinds
        }
        for d in documents
    ]


def _relations(
    miner: TrainedMiner,
    gold: Sequence[AnnotatedDocument],
    read: Sequence[AnnotatedDocument],
    score: _Scorer,
) -> list[Measure]:
    """Relations with gold entities, from the text alone, and of all pairs in a sentence."""
    kinds = {r.kind for d in gold for r in d.relations}
    asked = [reader for reader in miner.readers if set(reader.kinds) & kinds]
    if not asked:
        return []
    linked = [gold_linked(document) for document in gold]
    from_gold: list[set[Any]] = [set() for _ in gold]
    together: list[set[Any]] = [set() for _ in gold]
    for reader in asked[:1]:
        for place, (document, found) in enumerate(zip(linked, reader.read(linked), strict=True)):
            for one in found:
                a, b = document.entities[one.first], document.entities[one.second]
                pair = frozenset((a.id, b.id))
                if one.is_stated:
                    from_gold[place].add((pair, one.kind))
                if {p.sentence for p in a.places} & {p.sentence for p in b.places}:
                    together[place].add((pair, ""))
    stated = _related(read, set(asked[0].kinds), named=True)
    pairs = _related(gold, named=False)
    measures = []
    both = (("relations, gold entities", from_gold), ("relations, end to end", stated))
    for task, answers in both:
        wanted = _related(gold, named=True)
        measures.append(score.measure(task, "all", "miner", wanted, answers))
        if len(kinds) > 1:
            unnamed = [{(pair, "") for pair, _ in of} for of in answers]
            measures.append(score.measure(task, "any kind", "miner", pairs, unnamed))
            for kind in sorted(kinds):
                own: Found = [{x for x in of if x[1] == kind} for of in answers]
                gold_own = _related(gold, {kind}, named=True)
                measures.append(score.measure(task, kind, "miner", gold_own, own))
    measures.append(
        score.measure("relations, gold entities", "any kind", "same sentence", pairs, together)
    )
    return measures


def _by_dictionary(
    gold: Sequence[AnnotatedDocument], dictionary: Dictionary, kinds: set[EntityType]
) -> list[AnnotatedDocument]:
    """What the graph's names alone find; findings count as diseases where gold knows no others."""
    recogniser = Recogniser(dictionary)
    merged = EntityType.PHENOTYPE not in kinds
    found = []
    for document in gold:
        mentions = []
        for mention in recogniser.mentions(document.document):
            kind = EntityType.DISEASE if merged and mention.type in _DISEASES else mention.type
            mentions.append((mention, kind))
        found.append(
            AnnotatedDocument(
                document=document.document,
                mentions=tuple(
                    replace(mention, type=kind) for mention, kind in mentions if kind in kinds
                ),
            )
        )
    return found
