"""One node per thing: which identifiers mean the same, and which of them names the node.

Decides how exact mappings are joined. Mappings are taken from the most to the least trusted; one
whose union would put two ids of a vocabulary into a group that may hold one (two MONDO terms, two
OMIM entries, two DrugBank drugs) is cut, kept as a conflict and never merged. Kinds of things do
not mix: a UMLS concept may stand for a phenotype and for a disease, and the two stay two nodes.
What a source says is decided in `kg.sources`.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .statements import Mapping
from .vocabulary import NodeType

__all__ = ["IdentityConflict", "IdentityMap", "IdentityReport"]

_UNSTATED_CONFIDENCE = 0.7


@dataclass(frozen=True, slots=True, kw_only=True)
class _Space:
    """Vocabularies of one kind of thing, the best name for it first.

    `shared` prefixes also name things of other kinds; `single` ones give a thing one id at most.
    """

    type: NodeType
    prefixes: tuple[str, ...]
    shared: tuple[str, ...] = ()
    single: tuple[str, ...] = ()


_SPACES = (
    _Space(
        type=NodeType.DISEASE,
        prefixes=(
            *("MONDO", "OMIM", "OMIMPS", "ORPHA", "DECIPHER", "DOID", "GARD", "MEDGEN"),
            *("ICD10CM", "ICD9CM", "ICD10", "ICD11", "ICDO"),
        ),
        shared=("MESH", "UMLS", "SNOMEDCT", "NCIT", "EFO", "MEDDRA"),
        single=("MONDO", "OMIM", "OMIMPS", "ORPHA", "DECIPHER", "DOID"),
    ),
    _Space(
        type=NodeType.DRUG,
        prefixes=(
            *("DRUGBANK", "CHEBI", "RXNORM", "CHEMBL", "PUBCHEM", "UNII", "DRUGCENTRAL"),
            *("ATC", "INCHIKEY", "CAS", "STITCH", "SIDER", "NDC", "GSN"),
        ),
        shared=("MESH", "UMLS", "SNOMEDCT", "NCIT", "MEDDRA"),
        single=("DRUGBANK", "RXNORM"),
    ),
    _Space(
        type=NodeType.PHENOTYPE,
        prefixes=("HP",),
        shared=("MESH", "UMLS", "SNOMEDCT", "NCIT", "MEDDRA", "EFO"),
        single=("HP",),
    ),
    _Space(
        type=NodeType.GENE,
        prefixes=("HGNC", "NCBIGENE", "ENSEMBL", "SYMBOL", "UNIPROT", "PR"),
        shared=("MESH", "UMLS", "NCIT"),
        single=("HGNC", "NCBIGENE"),
    ),
    _Space(type=NodeType.ACTION, prefixes=("MAXO",), shared=("MESH", "UMLS", "SNOMEDCT", "NCIT")),
    _Space(type=NodeType.PROCESS, prefixes=("GO", "REACTOME"), shared=("MESH", "UMLS")),
    _Space(type=NodeType.ANATOMY, prefixes=("UBERON", "CL"), shared=("MESH", "UMLS")),
    _Space(type=NodeType.TAXON, prefixes=("NCBITAXON",), shared=("MESH", "UMLS")),
)
_HOME = {prefix: space.type for space in _SPACES for prefix in space.prefixes}
_SINGLE = {space.type: frozenset(space.single) for space in _SPACES}
_RANK = {
    space.type: {prefix: rank for rank, prefix in enumerate((*space.prefixes, *space.shared))}
    for space in _SPACES
}
# Where an id is looked up when its prefix or the type of its node leaves a choice.
_LOOK_IN: dict[NodeType, tuple[NodeType, ...]] = {
    NodeType.ADVERSE_EVENT: (NodeType.PHENOTYPE, NodeType.DISEASE),
    NodeType.CHEMICAL: (NodeType.DRUG,),
    NodeType.PROTEIN: (NodeType.GENE,),
    NodeType.DRUG_CLASS: (NodeType.DRUG,),
} | {space.type: (space.type,) for space in _SPACES}
_EVERYWHERE = tuple(space.type for space in _SPACES)


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityConflict:
    """A mapping that was not followed.

    Attributes:
        kind: `two ids of one vocabulary`, `kinds differ`, `kind unknown`, `replaced twice` or
            `replacement cycle`.
        mapping: The mapping that was cut.
        clash: The ids that would have met in one group.
    """

    kind: str
    mapping: Mapping
    clash: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityReport:
    """What became of the mappings, in numbers.

    Attributes:
        n_mappings: Exact mappings read, repeats included.
        n_groups: Groups of more than one id.
        n_members: Ids in these groups.
        n_replaced: Retired ids.
        largest: The ten largest groups, canonical id first.
        conflicts: Number of conflicts by kind.
    """

    n_mappings: int
    n_groups: int
    n_members: int
    n_replaced: int
    largest: tuple[tuple[str, ...], ...]
    conflicts: dict[str, int]


_Key = tuple[NodeType, str]


def _is_replacement(mapping: Mapping) -> bool:
    prefix = mapping.subject.partition(":")[0]
    home = _HOME.get(prefix)
    single = home is not None and prefix in _SINGLE[home]
    return single and mapping.object.startswith(prefix + ":")


class IdentityMap:
    """Groups of identifiers that mean the same thing.

    Example:
        >>> same = IdentityMap.from_mappings([
        ...     Mapping(subject="MONDO:1", object="OMIM:5", source="a", confidence=0.9),
        ...     Mapping(subject="MONDO:1", object="OMIM:6", source="b", confidence=0.5),
        ... ])
        >>> same.canonical("OMIM:5"), same.canonical("OMIM:6"), len(same.conflicts)
        ('MONDO:1', 'OMIM:6', 1)
    """

    def __init__(self) -> None:
        self._replaced: dict[str, str] = {}
        self._parent: dict[_Key, _Key] = {}
        self._singles: dict[_Key, dict[str, str]] = {}
        self._groups: dict[_Key, tuple[str, ...]] = {}
        self._bridges: dict[_Key, Mapping] = {}
        self._conflicts: list[IdentityConflict] = []
        self._n_mappings = 0

    @classmethod
    def from_mappings(
        cls, mappings: Iterable[Mapping], *, trust: Sequence[str] = ()
    ) -> "IdentityMap":
        """Joins exact mappings; the result does not depend on their order.

        Args:
            mappings: Any mappings; those that are not `exactMatch` are ignored. An exact match
                between two ids of one vocabulary that names things once (HP, MONDO, OMIM, ...)
                says that the subject is retired in favour of the object.
            trust: Names of sources, the most trusted first; decides between equal confidences.
        """
        identity = cls()
        exact = [m for m in mappings if m.predicate == "exactMatch" and m.subject != m.object]
        identity._n_mappings = len(exact)
        support: dict[tuple[str, ...], set[str]] = defaultdict(set)
        best: dict[tuple[str, ...], Mapping] = {}
        rank = {name: number for number, name in enumerate(trust)}

        def order(m: Mapping) -> tuple[float, int, str, str, str]:
            confidence = _UNSTATED_CONFIDENCE if m.confidence is None else m.confidence
            return (-confidence, rank.get(m.source, len(rank)), m.source, m.subject, m.object)

        for mapping in exact:
            pair = (mapping.subject, mapping.object)
            if not _is_replacement(mapping):  # only a replacement has a direction
                pair = (min(pair), max(pair))
            support[pair].add(mapping.source)
            if pair not in best or order(mapping) < order(best[pair]):
                best[pair] = mapping
        ranked = sorted(
            best.items(),
            key=lambda item: (order(item[1])[0], -len(support[item[0]]), order(item[1])),
        )
        joining = [m for _, m in ranked if not identity._retire(m)]
        for mapping in joining:
            identity._join(mapping)
        identity._close()
        return identity

    def canonical(self, curie: str, node_type: NodeType | None = None) -> str:
        """Id that names the node of an identifier; the identifier itself when nothing maps it.

        Args:
            curie: Any identifier.
            node_type: Kind of thing that is meant; needed only for vocabularies that name several
                kinds (UMLS, MESH, SNOMEDCT, NCIT, MEDDRA), where a disease is tried first.
        """
        key = self._find_key(curie, node_type)
        return self._groups[key][0] if key is not None else self._current(curie)

    def members(self, curie: str, node_type: NodeType | None = None) -> tuple[str, ...]:
        """All identifiers of the node, its canonical id first, retired ids last."""
        key = self._find_key(curie, node_type)
        return self._groups[key] if key is not None else (self._current(curie),)

    @property
    def conflicts(self) -> tuple[IdentityConflict, ...]:
        """Mappings that were cut, the most trusted first."""
        return tuple(self._conflicts)

    def demoted(self) -> tuple[tuple[str, str, Mapping], ...]:
        """(child, parent, mapping) for ids cut off a MONDO term that no other MONDO term took.

        Such an id stays a node of its own, below the term that a source held for the same.
        """
        found = []
        for conflict in self._conflicts:
            m = conflict.mapping
            if conflict.kind != "two ids of one vocabulary":
                continue
            term, other = sorted((m.subject, m.object), key=lambda c: not c.startswith("MONDO:"))
            if not term.startswith("MONDO:") or other.startswith("MONDO:"):
                continue
            child, parent = self.canonical(other, NodeType.DISEASE), self.canonical(term)
            if not child.startswith("MONDO:") and child != parent:
                found.append((child, parent, m))
        return tuple(found)

    def links(self) -> Iterable[Mapping]:
        """One exact mapping from each canonical id to each other id of its group.

        Each carries source, justification and confidence of the mapping that brought the id in;
        an id that names things of several kinds is linked to one of them, a disease first.
        """
        taken: set[str] = set()
        named: dict[NodeType, list[tuple[str, ...]]] = {space: [] for space in _EVERYWHERE}
        for (space, curie), group in self._groups.items():
            if curie == group[0]:
                named[space].append(group)
        for space, groups in named.items():
            for group in sorted(groups):
                for member in group[1:]:
                    bridge = self._bridges.get((space, member))
                    if member in taken or bridge is None:
                        continue
                    taken.add(member)
                    yield Mapping(
                        subject=group[0],
                        object=member,
                        source=bridge.source,
                        justification=bridge.justification,
                        confidence=bridge.confidence,
                    )

    def report(self) -> IdentityReport:
        """Numbers for the build report."""
        groups = {id(group): group for group in self._groups.values() if len(group) > 1}
        kinds: dict[str, int] = defaultdict(int)
        for conflict in self._conflicts:
            kinds[conflict.kind] += 1
        largest = sorted(groups.values(), key=lambda group: (-len(group), group))[:10]
        return IdentityReport(
            n_mappings=self._n_mappings,
            n_groups=len(groups),
            n_members=sum(map(len, groups.values())),
            n_replaced=len(self._replaced),
            largest=tuple(largest),
            conflicts=dict(kinds),
        )

    # ------------------------------------------------------------------ joining

    def _current(self, curie: str) -> str:
        while curie in self._replaced:
            curie = self._replaced[curie]
        return curie

    def _retire(self, mapping: Mapping) -> bool:
        """Whether the mapping is a replacement (followed or refused)."""
        if not _is_replacement(mapping):
            return False
        home = _HOME[mapping.subject.partition(":")[0]]
        clash = (mapping.subject, mapping.object)
        if mapping.subject in self._replaced:
            self._conflicts.append(
                IdentityConflict(kind="replaced twice", mapping=mapping, clash=clash)
            )
        elif self._current(mapping.object) == mapping.subject:
            self._conflicts.append(
                IdentityConflict(kind="replacement cycle", mapping=mapping, clash=clash)
            )
        else:
            self._replaced[mapping.subject] = mapping.object
            self._bridges[home, mapping.subject] = mapping
        return True

    def _root(self, key: _Key) -> _Key:
        parent = self._parent
        while (up := parent.setdefault(key, key)) != key:
            parent[key] = key = parent[up]
        return key

    def _join(self, mapping: Mapping) -> None:
        ends = [self._current(mapping.subject), self._current(mapping.object)]
        homes = {_HOME[p] for end in ends if (p := end.partition(":")[0]) in _HOME}
        if len(homes) != 1:
            kind = "kinds differ" if homes else "kind unknown"
            self._conflicts.append(IdentityConflict(kind=kind, mapping=mapping, clash=tuple(ends)))
            return
        space = homes.pop()
        left, right = (self._root((space, end)) for end in ends)
        if left == right:
            return
        ours, theirs = (self._singles_of(root) for root in (left, right))
        if shared := ours.keys() & theirs.keys():
            clash = tuple(sorted({ours[p] for p in shared} | {theirs[p] for p in shared}))
            self._conflicts.append(
                IdentityConflict(kind="two ids of one vocabulary", mapping=mapping, clash=clash)
            )
            return
        ours.update(theirs)
        self._parent[right] = left
        for end in ends:
            self._bridges.setdefault((space, end), mapping)

    def _singles_of(self, root: _Key) -> dict[str, str]:
        if root not in self._singles:
            prefix = root[1].partition(":")[0]
            self._singles[root] = {prefix: root[1]} if prefix in _SINGLE[root[0]] else {}
        return self._singles[root]

    def _close(self) -> None:
        gathered: dict[_Key, set[str]] = defaultdict(set)
        for key in list(self._parent):
            gathered[self._root(key)].add(key[1])
        retired: dict[_Key, list[str]] = defaultdict(list)
        for old in sorted(self._replaced):
            new = self._current(old)
            space = _HOME[new.partition(":")[0]]
            root = self._root((space, new))
            gathered[root].add(new)
            retired[root].append(old)
        for root, ids in gathered.items():
            rank = _RANK[root[0]]
            named = sorted(ids, key=lambda c: (rank.get(c.partition(":")[0], len(rank)), c))
            group = (*named, *retired[root]) if root in retired else tuple(named)
            for curie in group:
                self._groups[root[0], curie] = group

    def _find_key(self, curie: str, node_type: NodeType | None) -> _Key | None:
        home = _HOME.get(curie.partition(":")[0])
        if home is not None:
            spaces: tuple[NodeType, ...] = (home,)
        elif node_type is not None:
            spaces = _LOOK_IN.get(node_type, ())
        else:
            spaces = _EVERYWHERE
        return next(((s, curie) for s in spaces if (s, curie) in self._groups), None)
