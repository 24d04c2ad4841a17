"""What a source says: nodes, statements with provenance, and mappings between identifiers.

Decides the contract between sources and everything behind them. How statements become RDF is in
`kg.rdf`, how identifiers are merged in `kg.identity`.
"""

import hashlib
import math
import re
from dataclasses import dataclass, field

from .vocabulary import QUALIFIERS, NodeType, Predicate

__all__ = ["Mapping", "Node", "Statement"]

_QUALIFIER_NAMES = frozenset(QUALIFIERS)
_has_space = re.compile(r"\s").search


def _require_curie(name: str, value: str) -> None:
    if ":" not in value or _has_space(value):
        raise ValueError(f"{name}: {value!r} is not a CURIE (prefix:local)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A thing that a source knows, under the source's own identifier.

    Attributes:
        id: CURIE with a prefix of `kg.identifiers`.
        type: What kind of thing it is.
        label: Preferred name; empty when the source gives none.
        synonyms: Other names.
        definition: One text that says what it is; for drugs the description.
        structure: InChI of a substance; empty when none is known.
        deprecated: True when the source calls it obsolete.
    """

    id: str
    type: NodeType
    label: str = ""
    synonyms: tuple[str, ...] = ()
    definition: str = ""
    structure: str = ""
    deprecated: bool = False

    def __post_init__(self) -> None:
        _require_curie("id", self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapping:
    """A statement that two identifiers mean the same thing (SSSOM).

    Attributes:
        subject: CURIE.
        object: CURIE.
        predicate: `exactMatch` merges, `closeMatch`, `broadMatch` and `narrowMatch` never do.
        justification: SSSOM `mapping_justification`, such as `semapv:ManualMappingCuration`.
        confidence: In [0, 1], or None when the source states none.
        source: Name of the source that says so.
    """

    subject: str
    object: str
    source: str
    predicate: str = "exactMatch"
    justification: str = "semapv:UnspecifiedMatching"
    confidence: float | None = None

    def __post_init__(self) -> None:
        _require_curie("subject", self.subject)
        _require_curie("object", self.object)
        if self.predicate not in ("exactMatch", "closeMatch", "broadMatch", "narrowMatch"):
            raise ValueError(f"predicate: {self.predicate!r} is not an SSSOM match predicate")


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One relation that one source states, with all that qualifies it.

    Attributes:
        subject: CURIE of the head.
        predicate: Relation.
        object: CURIE of the tail.
        source: Name of the source; its licence and release are facts of the source.
        negated: The source says that the relation does not hold.
        frequency: Share of patients in [0, 1]; None when unknown. `frequency_text` has the wording.
        onset: HP CURIE of the age of onset.
        sex: `female` or `male` when it holds for one sex only.
        evidence: Evidence code of the source (IEA, PCS, TAS, ...).
        publications: CURIEs (PMID, PMCID, DOI), sorted, without repeats.
        confidence: In [0, 1], None when the source gives none.
        qualifiers: Sorted (name, value) pairs; the names are `kg.vocabulary.QUALIFIERS`.
    """

    subject: str
    predicate: Predicate
    object: str
    source: str
    negated: bool = False
    frequency: float | None = None
    onset: str | None = None
    sex: str | None = None
    evidence: str | None = None
    publications: tuple[str, ...] = ()
    confidence: float | None = None
    qualifiers: tuple[tuple[str, str], ...] = field(default=())
    _id: str = field(default="", init=False, repr=False, compare=False)  # worked out once

    def __post_init__(self) -> None:
        _require_curie("subject", self.subject)
        _require_curie("object", self.object)
        for name, value in (("frequency", self.frequency), ("confidence", self.confidence)):
            if value is not None and not (math.isfinite(value) and 0.0 <= value <= 1.0):
                raise ValueError(f"{name}: {value!r} is not in [0, 1]")
        if self.sex not in (None, "female", "male"):
            raise ValueError(f"sex: {self.sex!r} is not female or male")
        for name, _ in self.qualifiers:
            if name not in _QUALIFIER_NAMES:
                known = ", ".join(QUALIFIERS)
                raise ValueError(f"qualifiers: unknown name {name!r}; known: {known}")
        for name in ("publications", "qualifiers"):
            values = getattr(self, name)
            if len(values) > 1 or not isinstance(values, tuple):
                object.__setattr__(self, name, tuple(sorted(set(values))))

    def qualifier(self, name: str) -> str | None:
        """First value of a qualifier, or None when it is not stated."""
        return next((value for key, value in self.qualifiers if key == name), None)

    def placed(
        self,
        subject: str,
        object_: str,
        *,
        source: str = "",
        qualifiers: tuple[tuple[str, str], ...] = (),
    ) -> "Statement":
        """The same said between other names of its ends, which are kept as qualifiers.

        Args:
            subject: Name of the head in the graph.
            object_: Name of the tail in the graph.
            source: Who says it now; empty for the same source.
            qualifiers: More of them.
        """
        more = list(qualifiers)
        if subject != self.subject and self.qualifier("original_subject") is None:
            more.append(("original_subject", self.subject))
        if object_ != self.object and self.qualifier("original_object") is None:
            more.append(("original_object", self.object))
        return Statement(  # `dataclasses.replace` takes four times as long
            subject=subject,
            predicate=self.predicate,
            object=object_,
            source=source or self.source,
            negated=self.negated,
            frequency=self.frequency,
            onset=self.onset,
            sex=self.sex,
            evidence=self.evidence,
            publications=self.publications,
            confidence=self.confidence,
            qualifiers=(*self.qualifiers, *more),
        )

    @property
    def id(self) -> str:
        """CURIE of the association node: a digest of the whole content, the same on every machine.

        >>> Statement(subject="HP:2", predicate=Predicate.SUBCLASS_OF, object="HP:1", source="x").id
        'iatros:9...'
        """
        if self._id:
            return self._id
        parts = (
            self.subject,
            self.predicate.value,
            self.object,
            self.source,
            "1" if self.negated else "0",
            "" if self.frequency is None else f"{self.frequency:.6g}",
            self.onset or "",
            self.sex or "",
            self.evidence or "",
            "|".join(self.publications),
            "" if self.confidence is None else f"{self.confidence:.6g}",
            "|".join(f"{k}={v}" for k, v in self.qualifiers),
        )
        id_ = "iatros:" + hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:24]
        object.__setattr__(self, "_id", id_)
        return id_
