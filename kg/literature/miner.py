"""The plug: what a miner is, and what it says of a paper.

Decides the contract that the project's own miners and everybody else's keep. A miner reads
documents and yields statements between nodes of the graph, each with the place it was read at. How
statements become RDF is decided in `kg.literature.statements`, how miners are found by name in
`kg.literature.registry`.
"""

import hashlib
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

from kg.identifiers import prefix_of
from kg.vocabulary import Predicate

from .document import Document, Span

__all__ = ["Direction", "MinedStatement", "Miner", "StudyType", "sentence_digest"]

Direction = Literal["increases", "decreases"]
"""Whether the subject raises or lowers the object (its amount, activity or risk)."""

StudyType = Literal[
    "meta-analysis",
    "randomised trial",
    "trial",
    "observational",
    "case report",
    "review",
    "animal",
    "in vitro",
]
"""Kind of study, from strong to weak; what the paper or PubMed says of it."""


def sentence_digest(sentence: str) -> str:
    """SHA-256 of a sentence, white space folded, so that it is found again in any edition.

    >>> sentence_digest("A  b.") == sentence_digest("A b. ")
    True
    """
    return hashlib.sha256(" ".join(sentence.split()).encode("utf-8", "replace")).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class MinedStatement:
    """One relation, read at one place of one paper.

    Attributes:
        subject: CURIE of the head, a node of the graph.
        predicate: Relation of `kg.vocabulary`.
        object: CURIE of the tail, a node of the graph.
        document: `Document.id`.
        publication: CURIE of the paper: PMID, else PMCID, DOI.
        section: `Section.kind`, such as `abstract`.
        evidence: Characters that say so: one sentence, or from the first mention's sentence to the
            last one's. None when another program's output has no offsets.
        subject_span: Where the subject is named, inside the evidence where it can be.
        object_span: Where the object is named.
        sentence_sha256: `sentence_digest` of the evidence.
        sentence: The evidence itself, only where the licence of the paper allows to pass it on.
        confidence: In [0, 1]: how sure the miner is that the paper says this.
        negated: The paper says that it does not hold ("was not associated with").
        hedged: The paper says it with caution ("may", "suggests").
        direction: Increases or decreases, when stated.
        species: NCBITAXON CURIE of who was studied; None when not stated.
        study_type: Kind of study; None when not known.
        model: Name of the miner.
        version: Version or digest of the miner and its weights.

    Raises:
        ValueError: A field breaks its rule; the message names the field, the value and the rule.
    """

    subject: str
    predicate: Predicate
    object: str
    document: str
    publication: str
    section: str
    evidence: Span | None
    subject_span: Span | None
    object_span: Span | None
    sentence_sha256: str
    confidence: float
    model: str
    version: str
    negated: bool = False
    hedged: bool = False
    direction: Direction | None = None
    species: str | None = None
    study_type: StudyType | None = None
    sentence: str | None = None

    def __post_init__(self) -> None:
        for name in ("subject", "object"):
            value = getattr(self, name)
            if ":" not in value or value != "".join(value.split()):
                raise ValueError(f"{name}: {value!r} is not a CURIE (prefix:local)")
        if prefix_of(self.publication) not in ("PMID", "PMCID", "DOI"):
            raise ValueError(f"publication: {self.publication!r} is not a PMID, PMCID or DOI")
        if not (math.isfinite(self.confidence) and 0.0 <= self.confidence <= 1.0):
            raise ValueError(f"confidence: {self.confidence!r} is not in [0, 1]")
        if len(self.sentence_sha256) not in (0, 64):
            raise ValueError(f"sentence_sha256: {self.sentence_sha256!r} has not 64 digits")
        if (self.evidence is None) != (not self.sentence_sha256):
            raise ValueError("sentence_sha256: goes with evidence; give both or none")
        for name in ("document", "model", "version"):
            if not getattr(self, name):
                raise ValueError(f"{name}: is empty")


@runtime_checkable
class Miner(Protocol):
    """Reads papers and says what they say; the whole plug.

    A miner is deterministic: the same document gives the same statements in the same order,
    whatever stood before it, so that work can be split over files and processes.
    """

    @property
    def name(self) -> str:
        """Short name; it becomes `MinedStatement.model`."""
        ...

    @property
    def version(self) -> str:
        """Version or digest of code and weights."""
        ...

    def mine(self, documents: Iterable[Document]) -> Iterator[MinedStatement]:
        """Statements of documents, in the order of the documents."""
        ...
