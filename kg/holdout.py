"""What a graph is built without: publications, decoys, treatments of held-out diseases.

Decides which statements fall. A statement falls when *any* of its publications is excluded, since
its frequency mixes them. A held-out disease takes its family with it: all mapped ids, parents,
children, siblings, and diseases of nearly the same name. What is measured on such a graph is
decided by the evaluation.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from difflib import SequenceMatcher

import numpy as np

from .statements import Node, Statement
from .vocabulary import NodeType, Predicate

__all__ = [
    "TREATMENT_PREDICATES",
    "HeldOutTreatments",
    "choose_decoys",
    "normalised_name",
    "treatment_family",
    "without_publications",
    "without_treatments",
]

TREATMENT_PREDICATES = frozenset(
    {
        Predicate.TREATS,
        Predicate.AMELIORATES,
        Predicate.PREVENTS,
        Predicate.CONTRAINDICATED_IN,
    }
)
_TREATED = (NodeType.DISEASE, NodeType.PHENOTYPE)
_NEARLY_SAME = 0.9
_NOT_A_WORD = re.compile(r"[^a-z0-9]+")
_ROMAN = {"i": "1", "ii": "2", "iii": "3", "iv": "4", "v": "5", "vi": "6", "vii": "7", "viii": "8"}
_FILLERS = frozenset({"type", "the", "of", "disease", "syndrome", "disorder", "due", "to", "and"})


def without_publications(
    statements: Iterable[Statement], publications: Set[str]
) -> tuple[list[Statement], int]:
    """Statements of which no publication is excluded, and the number of those that fell."""
    kept, fallen = [], 0
    for statement in statements:
        if publications.isdisjoint(statement.publications):
            kept.append(statement)
        else:
            fallen += 1
    return kept, fallen


def choose_decoys(
    statements: Iterable[Statement], excluded: Set[str], *, count: int, rng: np.random.Generator
) -> tuple[tuple[str, ...], frozenset[str]]:
    """Random diseases that an exclusion leaves alone, and the papers their phenotypes rest on.

    Excluding publications empties the diseases that rest on them, and a ranker learns to love
    emptiness; decoys are emptied the same way without being an answer.

    Args:
        statements: All statements, before the exclusion.
        excluded: Excluded publications.
        count: Number of decoys wanted; fewer when there are not as many.
        rng: Source of randomness.

    Returns:
        Ids of the decoys, sorted, and the PMIDs to exclude as well.
    """
    papers: dict[str, set[str]] = defaultdict(set)
    touched: set[str] = set()
    for s in statements:
        if s.predicate is not Predicate.HAS_PHENOTYPE:
            continue
        if not excluded.isdisjoint(s.publications):
            touched.add(s.subject)
        papers[s.subject].update(p for p in s.publications if p.startswith("PMID:"))
    candidates = sorted(d for d, pmids in papers.items() if pmids and d not in touched)
    chosen = rng.permutation(len(candidates))[:count]
    decoys = tuple(sorted(candidates[i] for i in chosen))
    return decoys, frozenset(pmid for decoy in decoys for pmid in papers[decoy])


def normalised_name(name: str) -> str:
    """Name without case, punctuation, filler words, word order and Roman numerals.

    >>> normalised_name("Gaucher Disease, Type III") == normalised_name("type 3 gaucher disease")
    True
    """
    words = (_ROMAN.get(w, w) for w in _NOT_A_WORD.split(name.casefold()) if w)
    return " ".join(sorted(w for w in words if w not in _FILLERS))


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOutTreatments:
    """Diseases that lose their treatments, by the reason why.

    Attributes:
        asked: Canonical ids of the diseases asked for.
        relatives: Parents, children and siblings.
        namesakes: Diseases of nearly the same name.
        unknown: Ids asked for that name no node.
    """

    asked: frozenset[str]
    relatives: frozenset[str]
    namesakes: frozenset[str]
    unknown: tuple[str, ...] = ()

    @property
    def all(self) -> frozenset[str]:
        """Every disease that loses its treatments."""
        return self.asked | self.relatives | self.namesakes


def treatment_family(
    asked: Mapping[str, str], nodes: Sequence[Node], statements: Iterable[Statement]
) -> HeldOutTreatments:
    """The whole family of held-out diseases, and of phenotypes that labels name as diseases.

    Args:
        asked: Id asked for to its canonical id.
        nodes: Merged nodes.
        statements: Statements between canonical ids.
    """
    diseases = {node.id: node for node in nodes if node.type in _TREATED}
    known = frozenset(c for c in asked.values() if c in diseases)
    parents: dict[str, set[str]] = defaultdict(set)
    children: dict[str, set[str]] = defaultdict(set)
    for s in statements:
        if s.predicate is Predicate.SUBCLASS_OF and s.subject in diseases and s.object in diseases:
            parents[s.subject].add(s.object)
            children[s.object].add(s.subject)
    family: set[str] = set()
    for disease in known:
        family |= parents[disease] | children[disease]
        for parent in parents[disease]:
            family |= children[parent]
    return HeldOutTreatments(
        asked=known,
        relatives=frozenset(family - known),
        namesakes=frozenset(_namesakes(known, diseases)),
        unknown=tuple(sorted(a for a, c in asked.items() if c not in diseases)),
    )


def _names(node: Node) -> set[str]:
    return {name for text in (node.label, *node.synonyms) if (name := normalised_name(text))}


def _namesakes(known: Set[str], diseases: Mapping[str, Node]) -> set[str]:
    wanted = {name for disease in known for name in _names(diseases[disease])}
    by_first_letters: dict[str, set[str]] = defaultdict(set)
    for name in wanted:
        for word in name.split():
            by_first_letters[word[:4]].add(name)
    found: set[str] = set()
    for disease, node in diseases.items():
        if disease in known:
            continue
        for name in _names(node):
            rivals = {r for word in name.split() for r in by_first_letters.get(word[:4], ())}
            if name in wanted or any(_nearly_same(name, rival) for rival in rivals):
                found.add(disease)
                break
    return found


def _nearly_same(left: str, right: str) -> bool:
    if abs(len(left) - len(right)) > 0.2 * max(len(left), len(right)):
        return False
    matcher = SequenceMatcher(None, left, right, autojunk=False)
    return matcher.quick_ratio() >= _NEARLY_SAME and matcher.ratio() >= _NEARLY_SAME


def without_treatments(
    statements: Iterable[Statement], diseases: Set[str]
) -> tuple[list[Statement], int]:
    """Statements without the treatments of the diseases, and the number of those that fell.

    Positive and negated treatment statements fall, and with them the steps of every mechanism path
    (`pathway` qualifier) that leads to such a disease, since a path gives its drug away.
    """
    statements = list(statements)
    pathways = {
        pathway
        for s in statements
        if s.qualifiers and not diseases.isdisjoint((s.subject, s.object))
        for pathway in _pathways(s)
    }
    kept = []
    for s in statements:
        treats = s.predicate in TREATMENT_PREDICATES
        if treats and not diseases.isdisjoint((s.subject, s.object)):
            continue
        if s.qualifiers and pathways and not pathways.isdisjoint(_pathways(s)):
            continue
        kept.append(s)
    return kept, len(statements) - len(kept)


def _pathways(statement: Statement) -> list[str]:
    """A step that several paths share names each of them."""
    return [value for name, value in statement.qualifiers if name == "pathway"]
