"""Disease Ontology: names, synonyms, definitions, and bridges to MESH, UMLS, SNOMED and OMIM.

Decides which of its cross-references are exact: one that no other term uses and, for OMIM, ORPHA,
GARD, MESH and the ICDs, that is also the only one of its vocabulary on the term; the rest are
close matches, which never merge. Reads the current rare slim and cross-reference report, and the
2015 tables of Hetionet for names and bridges of common diseases.
"""

from collections import Counter
from collections.abc import Iterator, Set

from kg.files import DataFiles
from kg.statements import Mapping, Node, Statement
from kg.vocabulary import NodeType, Predicate

from .contract import DropReport, Record, SourceFacts
from .obo import terms
from .spelling import canonical
from .tables import rows

__all__ = ["DiseaseOntology"]

_SLIM = "human_do/DO_rare_slim.obo"
_XREFS = "human_do/allXREFinDO.tsv"
_OLD_NAMES = "disease_ontology/term-names.tsv"
_OLD_TEXTS = "disease_ontology/description.tsv"
_OLD_XREFS = "disease_ontology/xrefs.tsv"
_ONE_TO_ONE = frozenset({"OMIM", "OMIMPS", "ORPHA", "GARD", "MESH", "ICD10CM", "ICD9CM"})
_WANTED = _ONE_TO_ONE | {"UMLS", "SNOMEDCT", "NCIT"}


class DiseaseOntology:
    """Reads the Disease Ontology tables."""

    facts = SourceFacts(
        name="disease_ontology",
        title="Human Disease Ontology",
        homepage="https://disease-ontology.org",
        licence="CC0-1.0",
        licence_class="permissive",
        release="rare slim 2026-07-31; Hetionet tables 2015",
        gives="disease names, definitions, rare-disease hierarchy, MESH/UMLS/SNOMED/OMIM bridges",
        files=(_SLIM, _XREFS, _OLD_NAMES, _OLD_TEXTS, _OLD_XREFS),
    )

    def read(self, files: DataFiles, report: DropReport) -> Iterator[Record]:
        """Stream nodes, is-a statements and mappings, current release first."""
        for term in terms(files.open_path(_SLIM), report, prefix="DOID"):
            if term.obsolete:
                report.drop("obsolete term", term.id)
                continue
            yield Node(
                id=term.id,
                type=NodeType.DISEASE,
                label=term.name,
                synonyms=tuple(dict.fromkeys(t for t, scope in term.synonyms if scope == "EXACT")),
                definition=term.definition,
            )
            for parent in term.parents:
                yield Statement(
                    subject=term.id,
                    predicate=Predicate.SUBCLASS_OF,
                    object=parent,
                    source="disease_ontology",
                )
            for old in term.alternative_ids:
                yield Mapping(
                    subject=old,
                    object=term.id,
                    source="disease_ontology",
                    justification="semapv:ManualMappingCuration",
                    confidence=1.0,
                )
        pairs: dict[tuple[str, str], float] = {}
        table = rows(files.open_path(_XREFS), report, columns=("id", "label", "xref"), quoted=True)
        named: set[str] = set()
        for row in table:
            if _is_doid(row["id"], report):
                if row["id"] not in named:
                    named.add(row["id"])
                    yield Node(id=row["id"], type=NodeType.DISEASE, label=row["label"])
                _add_pair(pairs, row["id"], row["xref"], 0.7, report)
        # The old table only fills what the current release says nothing about.
        current = {(disease, other.partition(":")[0]) for disease, other in pairs}
        old_columns = ("doid_code", "resource", "resource_id")
        for row in rows(files.open_path(_OLD_XREFS), report, columns=old_columns):
            if _is_doid(row["doid_code"], report):
                xref = f"{row['resource']}:{row['resource_id']}"
                _add_pair(pairs, row["doid_code"], xref, 0.6, report, skip=current)
        yield from _bridges(pairs, report)
        yield from self._old_names(files, report)

    def _old_names(self, files: DataFiles, report: DropReport) -> Iterator[Node]:
        texts = {
            row["disease_id"]: row["description"]
            for row in rows(
                files.open_path(_OLD_TEXTS), report, columns=("disease_id", "description")
            )
        }
        names: dict[str, str] = {}
        synonyms: dict[str, list[str]] = {}
        columns = ("doid", "name", "type")
        for row in rows(files.open_path(_OLD_NAMES), report, columns=columns):
            if not _is_doid(row["doid"], report):
                continue
            if row["type"] == "name":
                names[row["doid"]] = row["name"]
            elif row["type"] == "exact-synonym":
                synonyms.setdefault(row["doid"], []).append(row["name"])
        for disease, name in names.items():
            yield Node(
                id=disease,
                type=NodeType.DISEASE,
                label=name,
                synonyms=tuple(dict.fromkeys(synonyms.get(disease, []))),
                definition=texts.get(disease, ""),
            )


def _is_doid(text: str, report: DropReport) -> bool:
    good = text.startswith("DOID:") and text[5:].isdigit()
    if not good:
        report.drop("id that is not DOID:digits", text)
    return good


def _add_pair(
    pairs: dict[tuple[str, str], float],
    disease: str,
    xref: str,
    trust: float,
    report: DropReport,
    *,
    skip: Set[tuple[str, str]] = frozenset(),
) -> None:
    prefix, _, local = xref.partition(":")
    # SNOMED prefixes carry the edition: SNOMEDCT_US_2025_09_01.
    other = canonical(f"SNOMEDCT:{local}" if prefix.startswith("SNOMEDCT") else xref)
    if other is None or other.partition(":")[0] not in _WANTED:
        report.drop("cross-reference to a vocabulary not used here", prefix)
    elif (disease, other.partition(":")[0]) not in skip:
        pairs.setdefault((disease, other), trust)


def _bridges(pairs: dict[tuple[str, str], float], report: DropReport) -> Iterator[Mapping]:
    uses = Counter(other for _, other in pairs)
    per_term = Counter((disease, other.partition(":")[0]) for disease, other in pairs)
    for (disease, other), trust in pairs.items():
        prefix = other.partition(":")[0]
        alone = per_term[disease, prefix] == 1 or prefix not in _ONE_TO_ONE
        exact = uses[other] == 1 and alone
        if not exact:
            report.mend("ambiguous cross-reference kept as a close match", f"{disease} {other}")
        yield Mapping(
            subject=disease,
            object=other,
            source="disease_ontology",
            predicate="exactMatch" if exact else "closeMatch",
            justification="semapv:UnspecifiedMatching",
            confidence=trust if exact else None,
        )
