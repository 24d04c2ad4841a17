"""Codes and names of clinical records to nodes of the graph.

Decides in which order a coded item is looked up: by its codes (the same thing, then a narrower
one), by its exact name, by codes that are close. A billing code that no mapping knows is looked up
by the shorter code it extends; a product by the names of its ingredients. A name that several
things bear alike finds nothing: a guess would be worse than a gap. What a code leads to is decided
in `kg.links`, what a drug name says in `kg.sources.name_forms`.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from .case import CodedItem
from .columns import NODE_TYPE_CODE
from .links import Relation
from .snapshot import GraphSnapshot
from .sources.name_forms import ingredient_name, parts, plain
from .vocabulary import NodeType, Predicate

__all__ = ["CodeLookup", "Found"]

How = Literal["exact", "narrower", "name", "ingredient", "close"]

_CONDITIONS = (NodeType.DISEASE, NodeType.PHENOTYPE, NodeType.ADVERSE_EVENT)
_DRUGS = (NodeType.DRUG, NodeType.CHEMICAL)
_MEDICINES = (*_DRUGS, NodeType.DRUG_CLASS)
_BILLING = ("ICD10CM:", "ICD9CM:", "ICD10:")
_FIRST = ("MONDO:", "OMIM:", "ORPHA:", "HP:", "DRUGBANK:", "CHEBI:", "ATC:")
_CATEGORY_LENGTH = 3
_MEANING = re.compile(r"\s*\((disorder|finding|situation|event|morphologic abnormality)\)$", re.I)
_ALLERGY = re.compile(r"^allerg(?:y|ic) (?:to|reaction to)\b|\ballergy$|\(.*\)", re.I)
_UNSPECIFIED = re.compile(r",? \(?unspecified\)?( type| site)?$", re.I)
_UNIT = r"(?:HR|ACTUAT|ML|L|MG|MCG|UG|G|UNT|UNITS?|MEQ|MMOL|%|HOUR)"
_AMOUNT = re.compile(
    rf"\b(?:NDA\d+|\d[\d.,]*(?:-\d[\d.,]*)?\s*{_UNIT}(?:/(?:\d[\d.]*\s*)?{_UNIT})?)(?![A-Za-z])",
    re.I,
)
_ASIDE = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|\*[A-Z]+\*")
_FORM = re.compile(
    r"\b(?:metered dose|dry powder|mucosal spray|auto-injector|neb(?:ulizer)?|soln?|ophth|flush|"
    r"replacement|patch|liquid|viscous|desensitization|oral disintegrating tab|delayed release|"
    r"enteric coated|immediate release|suppository|syrup|elixir|tabs?|caps?|inj|susp|drip|mdi|"
    r"diskus|hfa|infusion|lozenge|nasal|sublingual|kit|packet|gum|rinse|replacement|"
    r"e[cr]|s[rl]|x[lr]|ir|cr|la|iv|po|odt|dr|w/minerals)\b\.?",
    re.I,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a coded item of a record is in the graph.

    Attributes:
        nodes: Node indices, the nearest first; a product has one for each ingredient, a billing
            code its own node and then the disease above it.
        how: `exact` (a code is an id of the node), `narrower` (a code is narrower than the node:
            a product, package, salt or subtype), `name` (the item's name is exactly the node's),
            `ingredient` (the name without strength and form is that of a drug), or `close`.
        via: The code or name that led there.
    """

    nodes: tuple[int, ...]
    how: How
    via: str


class CodeLookup:
    """Looks up the coded items of one graph; answers are the same in any order of asking.

    Example:
        >>> from kg.statements import Node
        >>> graph = GraphSnapshot.from_records(
        ...     [Node(id="DRUGBANK:DB00999", type=NodeType.DRUG, label="Hydrochlorothiazide")], [])
        >>> item = CodedItem(id="RXNORM:316049", label="Hydrochlorothiazide 25 MG")
        >>> CodeLookup(graph).medicine(item)
        Found(nodes=(0,), how='ingredient', via='Hydrochlorothiazide 25 MG')
    """

    def __init__(self, snapshot: GraphSnapshot) -> None:
        self._snapshot = snapshot
        self._names: dict[tuple[NodeType, ...], dict[str, int | None]] = {}

    def condition(self, item: CodedItem) -> Found | None:
        """The disease or phenotype of an item; None when nothing in the graph is it."""
        found = self._coded(item, _CONDITIONS, ("exact", "narrower"))
        if found is None and item.label:
            found = self._named(_MEANING.sub("", item.label), _CONDITIONS)
        return found or self._coded(item, _CONDITIONS, ("close",)) or self._extended(item)

    def medicine(self, item: CodedItem) -> Found | None:
        """The drugs of an item (the ingredients of a product); None when the graph holds none.

        A class of drugs is the last resort: package tables know no more of some packages.
        """
        label = item.label or ""
        return (
            self._coded(item, _DRUGS, ("exact",))
            or self._named(label, _DRUGS)
            or self._coded(item, _DRUGS, ("narrower",))
            or self._ingredients(label)
            or self._coded(item, _MEDICINES, ("exact", "narrower"))
            or self._named(label, _MEDICINES)
            or self._coded(item, _MEDICINES, ("close",))
        )

    def allergy(self, item: CodedItem) -> Found | None:
        """The substance of an allergy, else the allergy itself as a condition."""
        label = _ALLERGY.sub("", item.label or "").strip()
        return (
            self.medicine(item)
            or (self.medicine(item.model_copy(update={"label": label})) if label else None)
            or self.condition(item)
        )

    # ------------------------------------------------------------------ codes

    def _coded(
        self, item: CodedItem, kinds: tuple[NodeType, ...], relations: tuple[Relation, ...]
    ) -> Found | None:
        """What the codes lead to, by the first relation under which any of them does."""
        wanted = {NODE_TYPE_CODE[kind] for kind in kinds}
        for relation in relations:
            for code in (item.id, *item.same_as):
                nodes = tuple(
                    m.node
                    for m in self._snapshot.matches(code)
                    if m.relation == relation and self._snapshot.node_types[m.node] in wanted
                )
                if nodes:
                    return Found(nodes=self._with_diseases(nodes), how=relation, via=code)
        return None

    def _with_diseases(self, nodes: tuple[int, ...]) -> tuple[int, ...]:
        """Nodes, and for billing codes what they are close to, or the nearest diseases above.

        One that has neither is what bears exactly its name.
        """
        found = dict.fromkeys(nodes)
        for node in nodes:
            level = {node}
            while level and all(self._is_billing(n) for n in level):
                ids = [self._snapshot.node_ids[n] for n in sorted(level)]
                close = [m.node for id_ in ids for m in self._snapshot.matches(id_)]
                if any(not self._is_billing(n) for n in close):
                    level = set(close)
                    break
                level = {parent for n in level for parent in self._parents.get(n, ())}
            above = [n for n in sorted(level) if not self._is_billing(n)]
            if not above and self._is_billing(node):
                named = self._named(
                    _UNSPECIFIED.sub("", self._snapshot.labels[node]), _CONDITIONS[:2]
                )
                above = [] if named is None else list(named.nodes)
            found |= dict.fromkeys(above)
        return tuple(found)

    def _is_billing(self, node: int) -> bool:
        return self._snapshot.node_ids[node].startswith(_BILLING)

    @cached_property
    def _parents(self) -> dict[int, list[int]]:
        parents: defaultdict[int, list[int]] = defaultdict(list)
        edges = self._snapshot.edges(Predicate.SUBCLASS_OF)
        for child, parent in zip(edges.head.tolist(), edges.tail.tolist(), strict=True):
            if self._is_billing(child):
                parents[child].append(parent)
        return parents

    def _extended(self, item: CodedItem) -> Found | None:
        """What the codes that a billing code extends lead to."""
        for code in (item.id, *item.same_as):
            for shorter in _shorter(code):
                found = self._coded(
                    CodedItem(id=shorter), _CONDITIONS, ("exact", "narrower", "close")
                )
                if found is not None:
                    how: How = "close" if found.how == "close" else "narrower"
                    return Found(nodes=found.nodes, how=how, via=shorter)
        return None

    # ------------------------------------------------------------------ names

    def _named(self, name: str, kinds: tuple[NodeType, ...]) -> Found | None:
        node = self._bearers(kinds).get(plain(name))
        return None if node is None else Found(nodes=(node,), how="name", via=name)

    def _ingredients(self, label: str) -> Found | None:
        """All ingredients of a product by name; none when one of them is not known."""
        names = self._bearers((NodeType.DRUG,))
        words = _FORM.sub(" ", _AMOUNT.sub(" ", _ASIDE.sub(" ", label))).strip(" /-,.")
        nodes = [_first(names, (plain(p), ingredient_name(p))) for p in parts(words) or (words,)]
        if nodes == [None] and "-" in words:  # Oxycodone-Acetaminophen
            nodes = [_first(names, (plain(p), ingredient_name(p))) for p in words.split("-")]
        known = tuple(dict.fromkeys(node for node in nodes if node is not None))
        if not known or len(known) < len(set(nodes)):
            return None
        return Found(nodes=known, how="ingredient", via=label)

    def _bearers(self, kinds: tuple[NodeType, ...]) -> dict[str, int | None]:
        """Names to nodes of some kinds, earlier kinds first; None where two bear one name.

        The name of an ontology's node counts before that of a bare concept, and that before the
        name of a billing code; then a label counts before a synonym.
        """
        if kinds not in self._names:
            ranked: dict[str, tuple[tuple[int, int, int], set[int]]] = {}
            for name, rank, node in self._ranked(kinds):
                best = ranked.get(name)
                if best is None or rank < best[0]:
                    ranked[name] = (rank, {node})
                elif rank == best[0]:
                    best[1].add(node)
            self._names[kinds] = {
                name: next(iter(nodes)) if len(nodes) == 1 else None
                for name, (_, nodes) in ranked.items()
            }
        return self._names[kinds]

    def _ranked(
        self, kinds: tuple[NodeType, ...]
    ) -> Iterator[tuple[str, tuple[int, int, int], int]]:
        """(name, rank, node) of every name; the smallest rank is the best."""
        for node, view in enumerate(self._snapshot.nodes()):
            if view.deprecated or view.type not in kinds:
                continue
            trust = 2 if view.id.startswith(_BILLING) else int(not view.id.startswith(_FIRST))
            for number, name in enumerate((view.label, *view.synonyms)):
                if key := plain(name):
                    yield key, (trust, int(number > 0), kinds.index(view.type)), node


def _first(names: Mapping[str, int | None], spellings: Iterable[str]) -> int | None:
    return next((node for name in spellings if (node := names.get(name)) is not None), None)


def _shorter(code: str) -> Iterable[str]:
    """The codes that a billing code extends, the longest first.

    >>> list(_shorter("ICD10CM:E11.65"))
    ['ICD10CM:E11.6', 'ICD10CM:E11']
    """
    prefix, _, local = code.partition(":")
    if not code.startswith(_BILLING):
        return
    bare = local.replace(".", "")
    head = _CATEGORY_LENGTH + int(prefix == "ICD9CM" and local.startswith("E"))
    for length in range(len(bare) - 1, head - 1, -1):
        short = bare[:length]
        yield f"{prefix}:{short[:head]}.{short[head:]}" if length > head else f"{prefix}:{short}"
