"""Mined statements as statements of the graph, and back, unchanged.

Decides how what a miner says is kept: an ordinary statement whose source is the mining run, so that
each run is a named graph of its own and can be taken out again. What the paper is, where it says so
and who read it are qualifiers. How statements become quads is decided in `kg.rdf`.
"""

from dataclasses import dataclass
from typing import cast

from kg.columns import SourceRecord
from kg.statements import Statement

from .document import Document, Span
from .miner import Direction, MinedStatement, StudyType, sentence_digest

__all__ = ["MiningRun", "from_statement", "is_mined", "resolves", "to_statement"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MiningRun:
    """One run of a miner; its statements stand in one named graph.

    Attributes:
        name: Name of the run and of its graph; letters, digits, dots and dashes.
        model: Miner.
        version: Version of the miner.
        graph: Digest of the graph whose names were looked for.
        licence: Of the statements, which are facts. A quoted sentence keeps its paper's licence.
    """

    name: str
    model: str
    version: str
    graph: str = ""
    licence: str = "CC0-1.0"

    @property
    def facts(self) -> SourceRecord:
        """The run as a source of the graph."""
        return SourceRecord(
            name=self.name,
            title=f"Mined from literature by {self.model}",
            licence=self.licence,
            licence_class="permissive" if self.licence.startswith("CC0") else "unstated",
            release=f"{self.model} {self.version}" + (f" {self.graph[:12]}" if self.graph else ""),
        )


def to_statement(mined: MinedStatement, run: str) -> Statement:
    """The statement that a run's named graph holds."""
    given = {
        "document": mined.document,
        "section": mined.section,
        "offsets": _text(mined.evidence),
        "subject_offsets": _text(mined.subject_span),
        "object_offsets": _text(mined.object_span),
        "sentence_sha256": mined.sentence_sha256,
        "sentence": mined.sentence,
        "hedged": "true" if mined.hedged else None,
        "direction": mined.direction,
        "species": mined.species,
        "study_type": mined.study_type,
        "model": mined.model,
        "model_version": mined.version,
    }
    return Statement(
        subject=mined.subject,
        predicate=mined.predicate,
        object=mined.object,
        source=run,
        negated=mined.negated,
        publications=(mined.publication,),
        confidence=mined.confidence,
        qualifiers=tuple((name, value) for name, value in given.items() if value),
    )


def is_mined(statement: Statement) -> bool:
    """True for a statement that was read in a paper by a miner."""
    return statement.qualifier("model") is not None and len(statement.publications) == 1


def from_statement(statement: Statement) -> MinedStatement:
    """What the miner said.

    Raises:
        ValueError: The statement was not mined.
    """
    if not is_mined(statement):
        raise ValueError(
            f"{statement.id}: is no mined statement; it has no model or no publication"
        )
    value = statement.qualifier
    return MinedStatement(
        subject=statement.subject,
        predicate=statement.predicate,
        object=statement.object,
        document=value("document") or "",
        publication=statement.publications[0],
        section=value("section") or "",
        evidence=_span(value("offsets")),
        subject_span=_span(value("subject_offsets")),
        object_span=_span(value("object_offsets")),
        sentence_sha256=value("sentence_sha256") or "",
        sentence=value("sentence"),
        confidence=statement.confidence or 0.0,
        negated=statement.negated,
        hedged=value("hedged") == "true",
        direction=cast("Direction | None", value("direction")),
        species=value("species"),
        study_type=cast("StudyType | None", value("study_type")),
        model=value("model") or "",
        version=value("model_version") or "",
    )


def resolves(mined: MinedStatement, document: Document) -> bool:
    """True when a document has, at the places that a statement names, what it names."""
    evidence = mined.evidence
    if mined.document != document.id or evidence is None or evidence.end > len(document.text):
        return False
    text = document.text[evidence.start : evidence.end]
    if sentence_digest(text) != mined.sentence_sha256:
        return False
    if mined.sentence is not None and mined.sentence != text:
        return False
    spans = (mined.subject_span, mined.object_span)
    return all(span is not None and evidence.contains(span) for span in spans)


def _text(span: Span | None) -> str | None:
    return None if span is None else f"{span.start}-{span.end}"


def _span(text: str | None) -> Span | None:
    if not text:
        return None
    start, _, end = text.partition("-")
    return Span(start=int(start), end=int(end))
