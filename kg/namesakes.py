"""Billing codes that bear the very name of a disease.

Decides that a code which an ontology gives to a disease and to its subtypes alike, and which is
therefore close to all of them, is the disease of the same name: ICD-10-CM G20 "Parkinson's disease"
stands at Parkinson's disease and at its types 4, 19A and 23 in Disease Ontology.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from .sources.name_forms import plain
from .statements import Mapping, Node

__all__ = ["namesakes"]

_CODES = ("ICD10CM:", "ICD9CM:")
_ONTOLOGIES = ("MONDO:", "DOID:")
_CONFIDENCE = 0.65
"""Above the oldest cross-references, below those that need no name beside them."""


def namesakes(nodes: Iterable[tuple[str, Node]], mappings: Iterable[Mapping]) -> Iterator[Mapping]:
    """Exact mappings between codes and the one disease close to them that has their name.

    Args:
        nodes: Sources and their records.
        mappings: All mappings; the close ones of ontologies to codes are looked at.

    Example:
        >>> from kg.vocabulary import NodeType
        >>> named = {"ICD10CM:G20": "Parkinson's disease", "DOID:1": "Parkinson's disease",
        ...          "DOID:2": "late onset Parkinson's disease"}
        >>> nodes = [("a", Node(id=i, type=NodeType.DISEASE, label=n)) for i, n in named.items()]
        >>> close = [Mapping(subject=s, object="ICD10CM:G20", source="a", predicate="closeMatch")
        ...          for s in ("DOID:1", "DOID:2")]
        >>> [(m.subject, m.predicate) for m in namesakes(nodes, close)]
        [('DOID:1', 'exactMatch')]
    """
    close = [
        m
        for m in mappings
        if m.predicate == "closeMatch"
        and m.subject.startswith(_ONTOLOGIES)
        and m.object.startswith(_CODES)
    ]
    asked = {end for m in close for end in (m.subject, m.object)}
    names: defaultdict[str, set[str]] = defaultdict(set)
    for _, node in nodes:
        if node.id in asked and node.label:
            names[node.id].add(plain(node.label))
    found: defaultdict[str, dict[str, Mapping]] = defaultdict(dict)
    for m in close:
        if names[m.subject] & names[m.object]:
            found[m.object][m.subject] = m
    for code, by_disease in found.items():
        if len(by_disease) == 1:
            ((disease, m),) = by_disease.items()
            yield Mapping(
                subject=disease,
                object=code,
                source=m.source,
                predicate="exactMatch",
                justification="semapv:LexicalMatching",
                confidence=_CONFIDENCE,
            )
