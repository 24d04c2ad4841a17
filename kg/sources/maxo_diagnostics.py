"""MAxO diagnostic annotations: through which examination a phenotype is observed.

Decides that an action which makes a phenotype observable diagnoses it; observation before birth is
kept in the qualifier `kind`. Treatments are read by `maxo`.
"""

from collections.abc import Iterator

from kg.files import DataFiles
from kg.statements import Node, Statement
from kg.vocabulary import NodeType, Predicate

from .contract import DropReport, Record, SourceFacts
from .spelling import canonical
from .tables import rows

__all__ = ["MaxoDiagnostics"]

_FILE = "maxo/maxo_diagnostic_annotations.tsv"
_COLUMNS = ("hpo_id", "hpo_label", "predicate_id", "maxo_id", "maxo_label")
_KINDS = {"is_observable_through": "", "is_prenatally_observable_through": "prenatal"}


class MaxoDiagnostics:
    """Reads `maxo_diagnostic_annotations.tsv`."""

    facts = SourceFacts(
        name="maxo_diagnostics",
        title="MAxO diagnostic observability of HPO terms",
        homepage="https://github.com/monarch-initiative/maxo-annotations",
        licence="CC-BY-4.0",
        licence_class="permissive",
        release="2025-05-31",
        gives="examination diagnoses phenotype",
        files=(_FILE,),
    )

    def read(self, files: DataFiles, report: DropReport) -> Iterator[Record]:
        """Stream actions (once each) and one statement per row."""
        seen: set[str] = set()
        for row in rows(files.open_path(_FILE), report, columns=_COLUMNS, ragged=True):
            term = canonical(row["hpo_id"], prefixes=frozenset({"HP"}))
            action = canonical(row["maxo_id"], prefixes=frozenset({"MAXO"}))
            if term is None or action is None:
                report.drop("id not understood", f"{row['hpo_id']} {row['maxo_id']}")
                continue
            kind = _KINDS.get(row["predicate_id"])
            if kind is None:
                report.drop("unknown relation", row["predicate_id"])
                continue
            if action not in seen:
                seen.add(action)
                yield Node(id=action, type=NodeType.ACTION, label=row["maxo_label"])
            yield Statement(
                subject=action,
                predicate=Predicate.DIAGNOSES,
                object=term,
                source="maxo_diagnostics",
                qualifiers=(("kind", kind),) if kind else (),
            )
