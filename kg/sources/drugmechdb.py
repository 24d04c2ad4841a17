"""DrugMechDB: curated paths drug → protein → process → disease.

Decides that each step of a path is a statement with the upstream verb as `mechanism` and the path
as `pathway`, and that the path as a whole says that the drug treats the disease. The same step in
several paths is one statement. Papers of a path are publications of its steps. Since a path leads
from a drug to a disease, a control that holds out treatments of a disease must leave out the steps
of its paths too: the treatment statement and the steps share the value of `pathway`.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from kg.files import DataFiles
from kg.statements import Node, Statement
from kg.vocabulary import NodeType, Predicate

from .contract import DropReport, Record, SourceFacts
from .ids import curie
from .references import references
from .tables import lines

__all__ = ["FILE", "DrugMechDB", "named_drugs"]

FILE = "drugmechdb/indication_paths.yaml"
# In this order: an id that plays several parts (a drug that is also a chemical) gets the first.
_TYPES = {
    "Drug": NodeType.DRUG,
    "Disease": NodeType.DISEASE,
    "PhenotypicFeature": NodeType.PHENOTYPE,
    "Protein": NodeType.PROTEIN,
    "GeneFamily": NodeType.PROTEIN,
    "MacromolecularComplex": NodeType.PROTEIN,
    "ChemicalSubstance": NodeType.CHEMICAL,
    "BiologicalProcess": NodeType.PROCESS,
    "MolecularActivity": NodeType.PROCESS,
    "Pathway": NodeType.PROCESS,
    "CellularComponent": NodeType.ANATOMY,
    "GrossAnatomicalStructure": NodeType.ANATOMY,
    "Cell": NodeType.ANATOMY,
    "OrganismTaxon": NodeType.TAXON,
}
_RANK = {kind: position for position, kind in enumerate(dict.fromkeys(_TYPES.values()))}
_PAPERS = ("PMID:", "PMCID:", "DOI:")

Step = tuple[str, str, str]


@dataclass(slots=True)
class _Mentioned:
    """What the paths say of an id: its first kind and name, and how often a header names it."""

    kind: NodeType
    name: str
    as_drug: int = 0
    as_disease: int = 0

    @property
    def type(self) -> NodeType:
        """Kind of the node; where a path labels its disease `Drug`, its header knows better."""
        mislabelled = self.kind is NodeType.DRUG and self.as_disease > self.as_drug
        return NodeType.DISEASE if mislabelled else self.kind


class DrugMechDB:
    """Reads `indication_paths.yaml`, of which each line is `- ` and one JSON object."""

    facts = SourceFacts(
        name="drugmechdb",
        title="DrugMechDB",
        homepage="https://github.com/SuLab/DrugMechDB",
        licence="CC0-1.0",
        licence_class="permissive",
        release="b83cc5ddb680",
        gives="mechanism paths from drug to disease; drug treats disease",
        files=(FILE,),
        profiles=frozenset({"full"}),
    )

    def read(self, files: DataFiles, report: DropReport) -> Iterator[Record]:
        """Stream nodes, steps (merged over paths) and treatments."""
        nodes: dict[str, _Mentioned] = {}
        steps: dict[Step, tuple[set[str], set[str]]] = defaultdict(lambda: (set(), set()))
        treatments: dict[tuple[str, str], tuple[set[str], set[str]]]
        treatments = defaultdict(lambda: (set(), set()))
        for path in _paths(files, report):
            ids = _nodes(path, nodes, report)
            name = str(path["graph"].get("_id", ""))
            papers = _papers(path, report)
            for link in path["links"]:
                ends = ids.get(str(link.get("source"))), ids.get(str(link.get("target")))
                verb = str(link.get("key", "")).strip()
                if ends[0] is None or ends[1] is None or not verb:
                    report.drop("step without verb or with an unknown end", name)
                    continue
                publications, pathways = steps[ends[0], verb, ends[1]]
                publications.update(papers)
                pathways.add(name)
            drug, disease = _ends(path, ids, nodes)
            if drug is None or disease is None:
                report.drop("path that does not begin at a drug and end at a disease", name)
                continue
            publications, pathways = treatments[drug, disease]
            publications.update(papers)
            pathways.add(name)
        for id_, node in nodes.items():
            yield Node(id=id_, type=node.type, label=node.name)
        for (head, verb, tail), (publications, pathways) in steps.items():
            yield self._statement(
                head, Predicate.RELATED_TO, tail, ("mechanism", verb), publications, pathways
            )
        for (drug, disease), (publications, pathways) in treatments.items():
            yield self._statement(
                drug, Predicate.TREATS, disease, ("kind", "mechanism"), publications, pathways
            )

    def _statement(
        self,
        subject: str,
        predicate: Predicate,
        object_: str,
        qualifier: tuple[str, str],
        publications: set[str],
        pathways: set[str],
    ) -> Statement:
        return Statement(
            subject=subject,
            predicate=predicate,
            object=object_,
            source=self.facts.name,
            publications=tuple(publications),
            qualifiers=(qualifier, *(("pathway", name) for name in pathways)),
        )


def _paths(files: DataFiles, report: DropReport) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(lines(files.open_path(FILE), report), start=1):
        if not line.strip():
            continue
        try:
            path = json.loads(line.removeprefix("- "))
        except (json.JSONDecodeError, RecursionError) as error:
            report.drop("path that is not JSON", f"line {number}: {error}")
            continue
        if not (
            isinstance(path, dict)
            and isinstance(path.get("graph"), dict)
            and all(
                isinstance(path.get(part), list) and all(isinstance(x, dict) for x in path[part])
                for part in ("nodes", "links")
            )
        ):
            report.drop("path without graph, nodes and links", f"line {number}")
            continue
        yield path


def _nodes(
    path: dict[str, Any], nodes: dict[str, _Mentioned], report: DropReport
) -> dict[str, str]:
    """Canonical id of each node id of the path; new nodes are put into `nodes`."""
    drugs, disease = _header(path)
    ids: dict[str, str] = {}
    for node in path["nodes"]:
        kind = _TYPES.get(str(node.get("label")))
        raw = node.get("id")
        if kind is None or not isinstance(raw, str):
            report.drop("node of a kind not known", f"{raw} {node.get('label')}")
            continue
        id_ = curie(raw, report, what="mechanism node")
        if id_ is None:
            continue
        ids[raw] = id_
        known = nodes.get(id_)
        if known is None:
            known = nodes[id_] = _Mentioned(kind, str(node.get("name", "")).strip())
        elif _RANK[kind] < _RANK[known.kind]:
            known.kind, known.name = kind, str(node.get("name", "")).strip()
        known.as_drug += raw in drugs
        known.as_disease += raw == disease
        if kind is NodeType.DRUG and raw == disease:
            report.mend("disease of a path that is labelled as its drug", f"{raw} {known.name}")
    return ids


def _papers(path: dict[str, Any], report: DropReport) -> tuple[str, ...]:
    cells = path.get("references") or []
    texts = [str(cell) for cell in cells] if isinstance(cells, list) else [str(cells)]
    elsewhere = DropReport()
    found = [
        ref for text in texts for ref in references(text, elsewhere) if ref.startswith(_PAPERS)
    ]
    if texts and not found:
        report.mend("references that are no papers (encyclopaedia, database), left out", texts[0])
    return tuple(found)


def named_drugs(files: DataFiles) -> dict[str, str]:
    """Names of the drugs in the paths by CURIE; bad lines are counted where the paths are read."""
    nodes: dict[str, _Mentioned] = {}
    elsewhere = DropReport()
    for path in _paths(files, elsewhere):
        _nodes(path, nodes, elsewhere)
    return {id_: node.name for id_, node in nodes.items() if node.type is NodeType.DRUG}


def _header(path: dict[str, Any]) -> tuple[tuple[str, str], str]:
    """Raw ids of the drug (two vocabularies) and of the disease, as the header has them."""
    graph = path["graph"]
    drugs = (str(graph.get("drug_mesh")), str(graph.get("drugbank")))
    return drugs, str(graph.get("disease_mesh"))


def _ends(
    path: dict[str, Any], ids: dict[str, str], nodes: dict[str, _Mentioned]
) -> tuple[str | None, str | None]:
    """Drug and disease that the path is about, by its header, else by its first and last node."""
    drugs, about = _header(path)
    drug = next((ids[text] for text in drugs if text in ids), None)
    disease = ids.get(about)
    in_order = [ids[raw] for node in path["nodes"] if (raw := str(node.get("id"))) in ids]
    if drug is None:
        drug = next((id_ for id_ in in_order if nodes[id_].type is NodeType.DRUG), None)
    if disease is None:
        kinds = (NodeType.DISEASE, NodeType.PHENOTYPE)
        disease = next((id_ for id_ in reversed(in_order) if nodes[id_].type in kinds), None)
    return drug, disease
