"""A small graph with real names, and a model trained on it for a moment, for the notebooks.

Decides nothing but what stands in it; no number that comes out of it means anything.
"""

from pathlib import Path

import numpy as np

from fusion import ModelConfig, TrainConfig, train
from kg.case import ClinicalCase, Observation
from kg.snapshot import GraphSnapshot
from kg.statements import Node, Statement
from kg.vocabulary import NodeType, Predicate

__all__ = ["build_world"]

_DISEASES = {  # disease: label, gene, findings, curated treatments
    "OMIM:249100": ("Familial Mediterranean fever", "MEFV", "Fever|Peritonitis|Amyloidosis",
                    ("DRUGBANK:DB01394",)),
    "OMIM:191900": ("Muckle-Wells syndrome", "NLRP3", "Fever|Urticaria|Hearing loss",
                    ("DRUGBANK:DB00026", "DRUGBANK:DB06168")),
    "OMIM:138900": ("Gout", "ABCG2", "Arthritis|Hyperuricemia|Tophi",
                    ("DRUGBANK:DB00437", "DRUGBANK:DB01394")),
    "OMIM:277900": ("Wilson disease", "ATP7B", "Tremor|Hepatic steatosis|Kayser-Fleischer ring",
                    ("DRUGBANK:DB00859", "DRUGBANK:DB06824")),
    "OMIM:230800": ("Gaucher disease type I", "GBA1", "Splenomegaly|Anemia|Bone pain",
                    ("DRUGBANK:DB00419",)),
    "OMIM:220100": ("Cystinuria", "SLC3A1", "Nephrolithiasis|Hematuria|Renal colic",
                    ("DRUGBANK:DB06823",)),
}  # fmt: skip
_DRUGS = {
    "DRUGBANK:DB01394": "Colchicine", "DRUGBANK:DB00026": "Anakinra",
    "DRUGBANK:DB06168": "Canakinumab", "DRUGBANK:DB00437": "Allopurinol",
    "DRUGBANK:DB00859": "Penicillamine", "DRUGBANK:DB06824": "Trientine",
    "DRUGBANK:DB00419": "Miglustat", "DRUGBANK:DB06823": "Tiopronin",
}  # fmt: skip
_ROOT = "HP:0000118"


def build_world(folder: Path) -> tuple[Path, Path]:
    """Writes the graph and the model below a folder, and gives back where they are."""
    nodes, statements, shown = _records()
    snapshot = GraphSnapshot.from_records(nodes, statements)
    graph, model = folder / "graph", folder / "model"
    snapshot.save(graph / "snapshot")
    cases = _cases(shown)
    (graph / "cases.jsonl").write_text("".join(case.to_json() + "\n" for case in cases))
    (graph / "graph.nq.gz").write_bytes(b"")
    config = TrainConfig(
        model=ModelConfig(
            d_model=16, n_heads=2, d_combiner=8, d_treatment=8, text_encoder="", dropout=0.0
        ),
        max_steps=4, batch_cases=8, batch_diseases=4, n_folds=2, decoys_per_fold=1,
        dev_share=0.2, evaluate_every=2, device="cpu",
    )  # fmt: skip
    text = np.random.default_rng(0).normal(size=(snapshot.n_nodes, 12)).astype(np.float32)
    train(snapshot, cases, config, model, node_text=text)
    return graph, model


def _records() -> tuple[list[Node], list[Statement], dict[str, list[str]]]:
    nodes = [Node(id=_ROOT, type=NodeType.PHENOTYPE, label="Phenotypic abnormality")]
    nodes += [Node(id=i, type=NodeType.DRUG, label=name) for i, name in _DRUGS.items()]
    statements, shown, terms = [], {}, {}

    def say(subject: str, predicate: Predicate, object_: str) -> None:
        statements.append(
            Statement(subject=subject, predicate=predicate, object=object_, source="curated")
        )

    for number, (id_, (label, gene, findings, drugs)) in enumerate(_DISEASES.items()):
        nodes.append(Node(id=id_, type=NodeType.DISEASE, label=label))
        nodes.append(Node(id=f"HGNC:{number + 1}", type=NodeType.GENE, label=gene))
        say(f"HGNC:{number + 1}", Predicate.CAUSES, id_)
        for finding in findings.split("|"):
            term = terms.get(finding)
            if term is None:
                term = terms[finding] = f"HP:9{len(terms):06d}"
                nodes.append(Node(id=term, type=NodeType.PHENOTYPE, label=finding))
                say(term, Predicate.SUBCLASS_OF, _ROOT)
            shown.setdefault(id_, []).append(term)
            say(id_, Predicate.HAS_PHENOTYPE, term)
        for drug in drugs:
            say(drug, Predicate.TREATS, id_)
    return nodes, statements, shown


def _cases(shown: dict[str, list[str]]) -> list[ClinicalCase]:
    return [
        ClinicalCase(
            case_id=f"{disease}-{number}",
            phenotypes=tuple(Observation(term=term) for term in terms[: 2 + number % 2]),
            diagnoses=(disease,),
            publications=(f"PMID:98{at}{number:03d}",),
        )
        for at, (disease, terms) in enumerate(shown.items())
        for number in range(5)
    ]
