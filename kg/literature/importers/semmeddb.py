"""SemMedDB: rows of PREDICATION as CSV (10.1093/bioinformatics/bts591).

Decides what SemRep's predicates mean. Columns: PREDICATION_ID, SENTENCE_ID, PMID, PREDICATE,
SUBJECT_CUI, SUBJECT_NAME, SUBJECT_SEMTYPE, SUBJECT_NOVELTY, OBJECT_CUI, ...
"""

from collections.abc import Iterator
from pathlib import Path

from kg.literature.miner import MinedStatement
from kg.literature.readers import DocumentError
from kg.literature.readers.rows import text_rows
from kg.vocabulary import Predicate

__all__ = ["SemMedDb"]

_MEANS = {
    "TREATS": Predicate.TREATS, "PREVENTS": Predicate.PREVENTS,
    "CAUSES": Predicate.HAS_ADVERSE_EVENT,
    "ASSOCIATED_WITH": Predicate.GENE_ASSOCIATED_WITH, "INTERACTS_WITH": Predicate.INTERACTS_WITH,
    "INHIBITS": Predicate.AFFECTS, "STIMULATES": Predicate.AFFECTS,
}  # fmt: skip
_GENES = frozenset({"gngm", "aapp"})


class SemMedDb:
    """Rows with a CUI on both sides and a predicate that the graph has; `NEG_` is negation."""

    name, version = "semmeddb", "43"

    def statements(self, path: Path) -> Iterator[MinedStatement | DocumentError]:
        """Statements of a file without a header, plain or gzip."""
        for where, row in text_rows(path, columns=12):
            if row is None:
                yield DocumentError(where=where, problem="not 12 columns", mend="mend the row")
                continue
            word = row[3].upper().removeprefix("NEG_")
            if word not in _MEANS or ((word == "ASSOCIATED_WITH") > (row[6] in _GENES)):
                continue
            try:
                yield MinedStatement(
                    subject=f"UMLS:{row[4]}", predicate=_MEANS[word], object=f"UMLS:{row[8]}",
                    document=row[2], publication=f"PMID:{int(row[2])}", section="",
                    evidence=None, subject_span=None, object_span=None, sentence_sha256="",
                    confidence=0.5, negated=row[3].upper().startswith("NEG_"),
                    model=self.name, version=self.version,
                )  # fmt: skip
            except ValueError as error:
                yield DocumentError(where=where, problem=str(error)[:120], mend="mend the row")
