"""A language model's answers: one JSON object a line, in the plainest form that can be asked for.

Decides the fields to ask a model for: pmid, subject, predicate and object (CURIEs and a predicate
of `kg.vocabulary`), and optionally confidence, negated, hedged, model.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from kg.identifiers import normalise
from kg.literature.miner import MinedStatement
from kg.literature.readers import DocumentError
from kg.literature.readers.lines import text_lines
from kg.vocabulary import Predicate

__all__ = ["LlmJson"]


class LlmJson:
    """Lines of JSON; a line that is no statement is told and passed over."""

    name, version = "llm", "1"

    def statements(self, path: Path) -> Iterator[MinedStatement | DocumentError]:
        """Statements of a file of JSON lines."""
        with path.open("rb") as stream:
            for item in text_lines(cast("BinaryIO", stream), str(path)):
                if isinstance(item, DocumentError):
                    yield item
                    continue
                number, line = item
                try:
                    row = json.loads(line)
                    pmid = int(str(row["pmid"]).upper().removeprefix("PMID:"))
                    yield MinedStatement(
                        subject=normalise(row["subject"]), object=normalise(row["object"]),
                        predicate=Predicate(row["predicate"]), document=str(pmid),
                        publication=f"PMID:{pmid}", section="", evidence=None,
                        subject_span=None, object_span=None, sentence_sha256="",
                        confidence=float(row.get("confidence", 0.3)),
                        negated=row.get("negated") is True, hedged=row.get("hedged") is True,
                        model=str(row.get("model") or self.name), version=self.version,
                    )  # fmt: skip
                except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
                    where, problem = f"{path}:{number}", f"{type(error).__name__}: {error}"[:120]
                    yield DocumentError(where=where, problem=problem, mend="mend the line")
