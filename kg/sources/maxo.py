"""MAxO annotations: which medical actions treat or prevent which phenotype of a rare disease.

Decides the predicate of each relation: treats, prevents, contraindicated; an observed lack of
response or benefit is a negated treats; unknown and investigated relations say nothing and are
dropped. A row that names a substance gives the drug's statement as well. Diagnostic tests are read
by `maxo_diagnostics`.
"""

from collections.abc import Iterator

from kg.files import DataFiles
from kg.statements import Node, Statement
from kg.vocabulary import NodeType, Predicate

from .contract import DropReport, Record, SourceFacts
from .references import references
from .spelling import canonical
from .tables import rows

__all__ = ["Maxo"]

_FILE = "maxo/maxo-annotations.tsv"
_COLUMNS = (
    *("disease_id", "disease_name", "source_id", "maxo_id", "maxo_name", "hpo_id", "relation"),
    *("evidence", "extension_id", "extension_name", "comment"),
)
_RELATIONS = {
    "treats": (Predicate.TREATS, False),
    "prevents": (Predicate.PREVENTS, False),
    "contraindicated": (Predicate.CONTRAINDICATED_IN, False),
    "lack of observed response": (Predicate.TREATS, True),
    "no_observed_benefit": (Predicate.TREATS, True),
}


class Maxo:
    """Reads `maxo-annotations.tsv`."""

    facts = SourceFacts(
        name="maxo",
        title="Medical Action Ontology annotations",
        homepage="https://github.com/monarch-initiative/maxo-annotations",
        licence="CC-BY-4.0",
        licence_class="permissive",
        release="42edd966faac",
        gives="action (and drug) treats, prevents or is contraindicated in disease, with PMIDs",
        files=(_FILE,),
    )

    def read(self, files: DataFiles, report: DropReport) -> Iterator[Record]:
        """Stream actions, diseases (once each) and one or two statements per row."""
        seen: set[str] = set()
        for row in rows(files.open_path(_FILE), report, columns=_COLUMNS, ragged=True):
            disease = canonical(row["disease_id"], prefixes=frozenset({"MONDO", "OMIM", "ORPHA"}))
            action = canonical(row["maxo_id"], prefixes=frozenset({"MAXO"}))
            if disease is None or action is None:
                report.drop("id not understood", f"{row['disease_id']} {row['maxo_id']}")
                continue
            if row["relation"] not in _RELATIONS:
                report.drop("relation says neither yes nor no", row["relation"])
                continue
            substance = canonical(row["extension_id"]) if row["extension_id"] else None
            things = [
                (disease, NodeType.DISEASE, row["disease_name"]),
                (action, NodeType.ACTION, row["maxo_name"]),
            ]
            if substance is not None:
                things.append((substance, NodeType.DRUG, row["extension_name"]))
            elif row["extension_id"]:
                report.mend("substance id not understood, left out", row["extension_id"])
            for id_, kind, label in things:
                if id_ not in seen:
                    seen.add(id_)
                    yield Node(id=id_, type=kind, label=label)
            yield _statement(row, action, disease, report)
            if substance is not None:
                yield _statement(row, substance, disease, report)


def _statement(row: dict[str, str], treatment: str, disease: str, report: DropReport) -> Statement:
    predicate, negated = _RELATIONS[row["relation"]]
    qualifiers = []
    # A few rows target a disease (MONDO) in the place of a phenotype.
    if target := canonical(row["hpo_id"], prefixes=frozenset({"HP", "MONDO"})):
        qualifiers.append(("target_phenotype", target))
    if row["comment"]:
        qualifiers.append(("description", row["comment"]))
    if row["extension_name"]:
        qualifiers.append(("mechanism", f"{row['maxo_name']}: {row['extension_name']}"))
    return Statement(
        subject=treatment,
        predicate=predicate,
        object=disease,
        source="maxo",
        negated=negated,
        evidence=row["evidence"] or None,
        publications=references(row["source_id"], report),
        qualifiers=tuple(qualifiers),
    )
