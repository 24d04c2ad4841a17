"""What a paper is, and what people or programs marked in it: the contract of all literature code.

Decides offsets, sections and the types of mentions. How a file becomes documents is decided by the
readers in `kg.literature.readers`, what a miner makes of them in `kg.literature.miner`.

Offsets count characters (code points) of `Document.text`, as PubTator does: the title, one
separator, the abstract, and for full text one section behind the other.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

__all__ = ["AnnotatedDocument", "Document", "EntityType", "Mention", "Relation", "Section", "Span"]

_MAX_GAP = 64  # a section that begins further behind the last one is a mistake of its source


class EntityType(StrEnum):
    """What a mention speaks of."""

    DISEASE = "disease"
    CHEMICAL = "chemical"
    GENE = "gene"
    PHENOTYPE = "phenotype"
    VARIANT = "variant"
    SPECIES = "species"
    CELL_LINE = "cell line"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Characters `start` to `end` (exclusive) of a document's text.

    Raises:
        ValueError: It is empty or begins before the text.
    """

    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end:
            raise ValueError(f"span: {self.start}..{self.end} is empty or begins before the text")

    def contains(self, other: "Span") -> bool:
        """True when the other span lies inside this one."""
        return self.start <= other.start and other.end <= self.end

    def overlaps(self, other: "Span") -> bool:
        """True when the two share a character."""
        return self.start < other.end and other.start < self.end


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One passage of a document.

    Attributes:
        kind: title, abstract, introduction, methods, results, discussion, conclusion, case, table,
            figure or other.
        title: Its own heading; empty when it has none. Not part of the text.
        text: What stands there.
        offset: Place of the first character in the document's text.
    """

    kind: str
    text: str
    offset: int
    title: str = ""

    @property
    def end(self) -> int:
        """Place behind the last character."""
        return self.offset + len(self.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    r"""One paper or abstract.

    Attributes:
        id: Name of the document, unique in its corpus; the PMID where it has one.
        sections: Passages in the order of their offsets, without overlap.
        pmid: CURIE such as `PMID:6794356`, or None.
        pmcid: CURIE such as `PMCID:PMC13900`, or None.
        doi: CURIE such as `DOI:10.1000/1`, or None.
        licence: SPDX identifier or the source's words; empty when nothing is known, and then
            sentences are not passed on.
        source: Name of the corpus or file that it came from.
        year: Year of publication.
        publication_types: As PubMed names them: `Randomized Controlled Trial`, `Case Reports`.
        keywords: MeSH headings and authors' keywords.
        text: All sections at their offsets; what lies between two of them is line breaks.

    Raises:
        ValueError: Sections overlap, or leave a gap that no format leaves.

    Example:
        >>> paper = Document.of_abstract("1", title="Gout.", abstract="Treat it.", pmid="PMID:1")
        >>> paper.text, paper.sections[1].offset
        ('Gout.\nTreat it.', 6)
    """

    id: str
    sections: tuple[Section, ...]
    pmid: str | None = None
    pmcid: str | None = None
    doi: str | None = None
    licence: str = ""
    source: str = ""
    year: int | None = None
    publication_types: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    text: str = field(default="", init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.id:
            raise ValueError("id: a document needs a name")
        parts: list[str] = []
        place = 0
        for section in self.sections:
            gap = section.offset - place
            if not 0 <= gap <= _MAX_GAP:
                raise ValueError(
                    f"sections: {section.kind} at {section.offset}, the one before ends at {place}"
                )
            parts.extend(("\n" * gap, section.text))
            place = section.end
        object.__setattr__(self, "text", "".join(parts))

    @classmethod
    def of_abstract(
        cls, id: str, *, title: str, abstract: str = "", pmid: str | None = None, licence: str = ""
    ) -> "Document":
        """A document of a title and an abstract."""
        sections = [Section(kind="title", text=title, offset=0)]
        if abstract:
            sections.append(Section(kind="abstract", text=abstract, offset=len(title) + 1))
        return cls(id=id, sections=tuple(sections), pmid=pmid, licence=licence)

    @property
    def publication(self) -> str:
        """CURIE that a statement cites: PMID, else PMCID, else DOI; empty without any."""
        return self.pmid or self.pmcid or self.doi or ""

    def section_at(self, place: int) -> int:
        """Number of the section that a character stands in, or that last began before it."""
        found = 0
        for number, section in enumerate(self.sections):
            if section.offset > place:
                break
            found = number
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """A name in a text.

    Attributes:
        start: First character in `Document.text`.
        end: Behind the last one.
        text: The characters themselves.
        type: What it speaks of.
        ids: CURIEs, several for a composite mention ("breast and ovarian cancer"), none when it is
            not in the catalogue.
        section: Number of the section that it stands in.
        kind: The source's own word for the type (`CompositeMention`, `Modifier`); may be empty.
    """

    start: int
    end: int
    text: str
    type: EntityType
    ids: tuple[str, ...] = ()
    section: int = 0
    kind: str = ""

    @property
    def span(self) -> Span:
        """Where it stands."""
        return Span(start=self.start, end=self.end)


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """A relation that a corpus states for a whole document, in the corpus's own words.

    Attributes:
        kind: The corpus's name: `CID` (BC5CDR), `Positive_Correlation` (BioRED), `effect` (DDI).
        subject: CURIE of the first thing.
        object: CURIE of the second one.
        novel: Stated as a finding of the paper itself; None when the corpus does not say.
    """

    kind: str
    subject: str
    object: str
    novel: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnotatedDocument:
    """A document with what its file marks in it: gold of a corpus, or another program's output.

    Attributes:
        document: The paper.
        mentions: In the order of their places.
        relations: For the whole document.
    """

    document: Document
    mentions: tuple[Mention, ...] = ()
    relations: tuple[Relation, ...] = ()

    def mentions_of(self, *types: EntityType) -> Iterator[Mention]:
        """Mentions of the given types."""
        return (mention for mention in self.mentions if mention.type in types)
