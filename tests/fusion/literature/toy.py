"""A toy corpus: drugs that cause findings, others that treat them, in a few patterns."""

from pathlib import Path

from kg.snapshot import GraphSnapshot
from kg.statements import Node
from kg.vocabulary import NodeType

DRUGS = ("lithium", "naloxone", "clonidine", "haloperidol", "warfarin", "digoxin")
ILLS = ("tremor", "heart failure", "seizure", "skin rash", "gout", "bleeding")


def pubtator(n_documents: int, *, first: int = 0) -> str:
    """Documents in PubTator's form."""
    blocks = []
    for number in range(first, first + n_documents):
        drug, other = DRUGS[number % 6], DRUGS[(number * 5 + 1) % 6]
        ill, beside = ILLS[number % 5], ILLS[(number + 2) % 6]
        title = f"{drug.capitalize()}-induced {ill} in case {number}."
        abstract = (
            f"A patient with {beside} received {drug}. Severe {ill} developed after {drug}. "
            f"Treatment of {beside} with {other} was continued."
        )
        text = f"{title}\n{abstract}"
        lines = [f"{1000 + number}|t|{title}", f"{1000 + number}|a|{abstract}"]
        names = [(name, "Chemical", f"D00{DRUGS.index(name)}") for name in {drug, other}]
        names += [(name, "Disease", f"D10{ILLS.index(name)}") for name in {ill, beside}]
        marks = []
        for name, kind, id_ in names:
            at = text.lower().find(name)
            while at >= 0:
                marks.append((at, at + len(name), text[at : at + len(name)], kind, id_))
                at = text.lower().find(name, at + 1)
        lines += ["\t".join(map(str, (1000 + number, *mark))) for mark in sorted(marks)]
        ids = (f"D00{DRUGS.index(drug)}", f"D10{ILLS.index(ill)}")
        lines.append("\t".join((str(1000 + number), "CID", *ids)))
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks) + "\n"


def write_gold(path: Path, n_documents: int = 24, *, first: int = 0) -> Path:
    """A gold file."""
    path.write_text(pubtator(n_documents, first=first), encoding="utf-8")
    return path


def toy_graph() -> GraphSnapshot:
    """The drugs and findings as nodes, most under MESH ids."""
    nodes = [
        Node(id=f"MESH:D00{number}", type=NodeType.DRUG, label=name)
        for number, name in enumerate(DRUGS)
    ]
    nodes += [
        Node(id=f"MESH:D10{number}", type=NodeType.DISEASE, label=name)
        for number, name in enumerate(ILLS)
    ]
    nodes.append(
        Node(
            id="MONDO:9",
            type=NodeType.DISEASE,
            label="Anemia, sickle cell",
            definition="A disease of red blood cells that become stiff and short of life.",
        )
    )
    return GraphSnapshot.from_records(nodes=nodes, statements=[])
