"""The project's own table of treatment facts for the diseases of its demo cohort.

Decides how a row of `kg/data/demo_treatments.tsv` becomes a statement. The facts themselves, each
with a PubMed id or the name of a regulator's label, stand in that table.
"""

from collections.abc import Iterator

from kg.files import DataFiles
from kg.statements import Node, Statement
from kg.vocabulary import NodeType, Predicate

from .contract import DropReport, Record, SourceFacts
from .references import references
from .spelling import canonical
from .tables import rows

__all__ = ["DemoTreatments"]

_FILE = "iatros/demo_treatments.tsv"
_COLUMNS = (
    *("treatment_id", "treatment_label", "kind", "disease_id", "disease_label", "relation"),
    *("target_phenotype", "evidence", "source_id", "note"),
)
_RELATIONS = {
    "treats": Predicate.TREATS,
    "ameliorates": Predicate.AMELIORATES,
    "prevents": Predicate.PREVENTS,
    "contraindicated": Predicate.CONTRAINDICATED_IN,
}
_KINDS = {"drug": NodeType.DRUG, "action": NodeType.ACTION}


class DemoTreatments:
    """Reads the table that the project ships."""

    facts = SourceFacts(
        name="demo_treatments",
        title="iatros treatment facts for the demo cohort",
        homepage="https://w3id.org/iatros/",
        licence="Apache-2.0",
        licence_class="permissive",
        release="0.1.0",
        gives="drugs and actions that treat, ameliorate, prevent or are contraindicated",
        files=(_FILE,),
    )

    def read(self, files: DataFiles, report: DropReport) -> Iterator[Record]:
        """Stream treatments, diseases (once each) and one statement per row."""
        seen: set[str] = set()
        for row in rows(files.open_path(_FILE), report, columns=_COLUMNS, ragged=True):
            treatment, disease = canonical(row["treatment_id"]), canonical(row["disease_id"])
            if treatment is None or disease is None:
                report.drop("id not understood", f"{row['treatment_id']} {row['disease_id']}")
                continue
            if row["relation"] not in _RELATIONS or row["kind"] not in _KINDS:
                report.drop("unknown relation or kind", f"{row['relation']} {row['kind']}")
                continue
            for id_, kind, label in (
                (treatment, _KINDS[row["kind"]], row["treatment_label"]),
                (disease, NodeType.DISEASE, row["disease_label"]),
            ):
                if id_ not in seen:
                    seen.add(id_)
                    yield Node(id=id_, type=kind, label=label)
            yield _statement(row, treatment, disease, report)


def _statement(row: dict[str, str], treatment: str, disease: str, report: DropReport) -> Statement:
    qualifiers = []
    label = row["source_id"].removeprefix("LABEL:")
    if label != row["source_id"]:
        qualifiers.append(("label_text", f"label {label}"))
    target = canonical(row["target_phenotype"]) if row["target_phenotype"] else None
    if target is not None:
        qualifiers.append(("target_phenotype", target))
    elif row["target_phenotype"]:
        report.mend("target phenotype not understood, left out", row["target_phenotype"])
    if row["note"]:
        qualifiers.append(("description", row["note"]))
    papers = "" if label != row["source_id"] else row["source_id"]
    return Statement(
        subject=treatment,
        predicate=_RELATIONS[row["relation"]],
        object=disease,
        source="demo_treatments",
        evidence=row["evidence"] or None,
        publications=references(papers, report),
        qualifiers=tuple(qualifiers),
    )
