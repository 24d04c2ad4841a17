"""MONDO from the tables of mondo-ingest: hierarchy, mappings, causal genes.

Decides which pairs of these tables are exact mappings and how far each is trusted: a pair that the
ontology's own synchronisation confirms (0.95), the disease of a gene row (0.9), Disease Ontology's
exact matches (0.85), GARD's exact matches (0.8), lexical matches as stated. Pairs that clash are
settled in `kg.identity`. The whole catalogue of OMIM and ORDO is read by `disease_catalogue`.
"""

from collections.abc import Iterator

from kg.files import DataFiles
from kg.statements import Mapping, Node, Statement
from kg.vocabulary import NodeType, Predicate

from .contract import DropReport, Record, SourceFacts
from .spelling import canonical
from .tables import rows

__all__ = ["Mondo"]

_FOLDER = "mondo_ingest/"
_HIERARCHY = ("sync-subClassOf.confirmed.tsv", "omim.subclass.confirmed.robot.tsv")
_GENES = "mondo-omim-genes.robot.tsv"
_MEDGEN = "mondo-medgen.robot.tsv"
_NEW = "slurp_omim.tsv"
_LEXICAL = (
    "mondo_exactmatch_icd10cm.tsv",
    "mondo_exactmatch_omim.tsv",
    "mondo_exactmatch_orphanet.tsv",
)
_SSSOM = (("doid.sssom.tsv", 0.85), ("gard.sssom.tsv", 0.8), ("mondo-nando.sssom.tsv", None))
_MATCHES = {
    f"skos:{kind}Match": f"{kind}Match" for kind in ("exact", "close", "broad", "narrow")
} | {"skos:relatedMatch": "closeMatch"}
_MAPPED = frozenset(
    {"MONDO", "OMIM", "OMIMPS", "ORPHA", "DOID", "MESH", "UMLS", "SNOMEDCT", "ICD10CM", "ICD9CM"}
    | {"MEDGEN", "GARD", "NCIT"}
)


class Mondo:
    """Reads the MONDO tables of mondo-ingest."""

    facts = SourceFacts(
        name="mondo",
        title="Mondo Disease Ontology (mondo-ingest)",
        homepage="https://mondo.monarchinitiative.org",
        licence="CC-BY-4.0",
        licence_class="permissive",
        release="mondo-ingest acbf38d",
        gives="disease hierarchy and labels, exact mappings, gene causes disease",
        files=tuple(
            _FOLDER + name
            for name in (*_HIERARCHY, _GENES, _MEDGEN, _NEW, *_LEXICAL, *(n for n, _ in _SSSOM))
        ),
    )

    def read(self, files: DataFiles, report: DropReport) -> Iterator[Record]:
        """Stream nodes, is-a statements, mappings and gene statements."""
        paths = {name: files.open_path(name) for name in self.facts.files}
        seen: set[tuple[str, ...]] = set()
        for name in _HIERARCHY:
            yield from self._hierarchy(
                rows(
                    paths[_FOLDER + name],
                    report,
                    skip=1,
                    columns=(
                        "subject_mondo_id",
                        "subject_mondo_label",
                        "object_mondo_id",
                        "subject_source_id",
                        "object_source_id",
                        "object_mondo_label",
                    ),
                ),
                report,
                seen,
            )
        for row in rows(
            paths[_FOLDER + _NEW],
            report,
            skip=1,
            columns=("mondo_id", "mondo_label", "xref"),
            ragged=True,
        ):
            yield from self._new_term(row, report, seen)
        for row in rows(
            paths[_FOLDER + _GENES],
            report,
            skip=1,
            columns=("mondo_id", "hgnc_id", "omim_disease_xref"),
        ):
            yield from self._gene(row, report, seen)
        for row in rows(paths[_FOLDER + _MEDGEN], report, skip=1, columns=("mondo_id", "xref_id")):
            yield from self._match(row["mondo_id"], row["xref_id"], 0.95, report, seen)
        for name in _LEXICAL:
            for row in rows(
                paths[_FOLDER + name],
                report,
                columns=("subject_id", "subject_label", "object_id", "confidence"),
            ):
                if row["subject_label"].startswith("obsolete "):
                    report.drop("mapping of an obsolete MONDO term", row["subject_id"])
                    continue
                confidence = _share(row["confidence"])
                yield from self._match(
                    row["subject_id"],
                    row["object_id"],
                    confidence,
                    report,
                    seen,
                    justification=row["mapping_justification"],
                )
        for name, trust in _SSSOM:
            yield from self._sssom(
                rows(
                    paths[_FOLDER + name],
                    report,
                    columns=("subject_id", "predicate_id", "object_id"),
                ),
                trust,
                report,
                seen,
            )

    def _hierarchy(
        self, table: Iterator[dict[str, str]], report: DropReport, seen: set[tuple[str, ...]]
    ) -> Iterator[Record]:
        for row in table:
            child, parent = row["subject_mondo_id"], row["object_mondo_id"]
            if not (_is_mondo(child) and _is_mondo(parent)):
                report.drop("hierarchy row without two MONDO ids", f"{child} {parent}")
                continue
            yield from self._node(child, row["subject_mondo_label"], seen)
            yield from self._node(parent, row["object_mondo_label"], seen)
            if child != parent and ("is_a", child, parent) not in seen:
                seen.add(("is_a", child, parent))
                yield Statement(
                    subject=child, predicate=Predicate.SUBCLASS_OF, object=parent, source="mondo"
                )
            yield from self._match(child, row["subject_source_id"], 0.95, report, seen)
            yield from self._match(parent, row["object_source_id"], 0.95, report, seen)

    def _new_term(
        self, row: dict[str, str], report: DropReport, seen: set[tuple[str, ...]]
    ) -> Iterator[Record]:
        if not _is_mondo(row["mondo_id"]):
            report.drop("new term without a MONDO id", row["mondo_id"])
            return
        yield from self._node(row["mondo_id"], row["mondo_label"], seen)
        yield from self._match(row["mondo_id"], row["xref"], 0.95, report, seen)
        for parent in row.get("parents", "").split("|"):
            if _is_mondo(parent) and ("is_a", row["mondo_id"], parent) not in seen:
                seen.add(("is_a", row["mondo_id"], parent))
                yield from self._node(parent, "", seen)
                yield Statement(
                    subject=row["mondo_id"],
                    predicate=Predicate.SUBCLASS_OF,
                    object=parent,
                    source="mondo",
                )

    def _gene(
        self, row: dict[str, str], report: DropReport, seen: set[tuple[str, ...]]
    ) -> Iterator[Record]:
        disease, gene = canonical(row["mondo_id"]), canonical(row["hgnc_id"])
        if not disease or not gene or not _is_mondo(disease) or not gene.startswith("HGNC:"):
            report.drop("gene row without MONDO and HGNC id", " ".join(row.values()))
            return
        yield from self._node(disease, "", seen)
        yield from self._match(disease, row["omim_disease_xref"], 0.9, report, seen)
        if ("node", gene) not in seen:
            seen.add(("node", gene))
            yield Node(id=gene, type=NodeType.GENE)
        if ("causes", gene, disease) not in seen:
            seen.add(("causes", gene, disease))
            yield Statement(
                subject=gene, predicate=Predicate.CAUSES, object=disease, source="mondo"
            )

    def _sssom(
        self,
        table: Iterator[dict[str, str]],
        trust: float | None,
        report: DropReport,
        seen: set[tuple[str, ...]],
    ) -> Iterator[Record]:
        for row in table:
            if row["predicate_id"] not in _MATCHES:
                report.drop("plain cross-reference, not a match", row["predicate_id"])
                continue
            subject = row["subject_id"].replace("obo:GARD_", "GARD:")
            match = _MATCHES[row["predicate_id"]]
            yield from self._match(subject, row["object_id"], trust, report, seen, match=match)

    def _node(self, curie: str, label: str, seen: set[tuple[str, ...]]) -> Iterator[Node]:
        # A label may come after a row without one, so both forms are given once.
        key = ("node", curie, "labelled" if label else "bare")
        if key not in seen and ("node", curie, "labelled") not in seen:
            seen.add(key)
            yield Node(id=curie, type=NodeType.DISEASE, label=label)

    def _match(
        self,
        subject: str,
        target: str,
        confidence: float | None,
        report: DropReport,
        seen: set[tuple[str, ...]],
        *,
        match: str = "exactMatch",
        justification: str = "semapv:ManualMappingCuration",
    ) -> Iterator[Mapping]:
        left = canonical(subject, prefixes=_MAPPED)
        right = canonical(target, prefixes=_MAPPED)
        if left is None or right is None:
            prefix = (target if left else subject).partition(":")[0]
            report.drop("mapping to a vocabulary not used here", prefix)
            return
        key = (match, left, right, f"{confidence}")
        if key not in seen:
            seen.add(key)
            yield Mapping(
                subject=left,
                object=right,
                source="mondo",
                predicate=match,
                justification=justification,
                confidence=confidence,
            )


def _is_mondo(curie: str) -> bool:
    return curie.startswith("MONDO:") and curie[6:].isdigit()


def _share(text: str) -> float:
    try:
        return min(1.0, max(0.0, float(text)))
    except ValueError:
        return 0.5
