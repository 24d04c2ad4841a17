"""The snapshot as GraphML, written as a stream.

Decides which attributes a graph viewer sees. Other formats are listed in `kg.export`.
"""

import re
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr  # writing only

from .snapshot import GraphSnapshot

__all__ = ["write_graphml"]

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NODE_KEYS = tuple((name, "string") for name in ("type", "label", "definition", "structure"))
_EDGE_KEYS = (
    ("predicate", "string"),
    ("source", "string"),
    ("negated", "boolean"),
    ("frequency", "double"),
    ("confidence", "double"),
    ("onset", "string"),
    ("sex", "string"),
    ("evidence", "string"),
    ("publications", "string"),
    ("qualifiers", "string"),
)


def _data(key: str, value: object) -> str:
    if value is None or value == "":
        return ""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f'<data key="{key}">{escape(_NOT_XML.sub(" ", text))}</data>'


def write_graphml(snapshot: GraphSnapshot, path: Path) -> None:
    """Writes a directed GraphML file with parallel edges; lists are joined by a bar."""
    with path.open("w", encoding="utf-8", newline="\n") as sink:
        sink.write(
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">\n'
        )
        for owner, keys in (("node", _NODE_KEYS), ("edge", _EDGE_KEYS)):
            for name, kind in keys:
                sink.write(
                    f'<key id="{owner}_{name}" for="{owner}" attr.name="{name}"'
                    f' attr.type="{kind}"/>\n'
                )
        sink.write('<graph edgedefault="directed">\n')
        for node in snapshot.nodes():
            facts = (node.type.value, node.label, node.definition, node.structure)
            data = [_data(f"node_{n}", v) for (n, _), v in zip(_NODE_KEYS, facts, strict=True)]
            sink.write(f"<node id={quoteattr(node.id)}>{''.join(data)}</node>\n")
        for s in snapshot.statements():
            values = (
                s.predicate.value,
                s.source,
                s.negated,
                s.frequency,
                s.confidence,
                s.onset,
                s.sex,
                s.evidence,
                "|".join(s.publications),
                "|".join(f"{name}={value}" for name, value in s.qualifiers),
            )
            data = [_data(f"edge_{n}", v) for (n, _), v in zip(_EDGE_KEYS, values, strict=True)]
            sink.write(
                f"<edge id={quoteattr(s.id)} source={quoteattr(s.subject)}"
                f" target={quoteattr(s.object)}>{''.join(data)}</edge>\n"
            )
        sink.write("</graph>\n</graphml>\n")
