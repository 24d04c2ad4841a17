"""The picture of a build: types as nodes, what joins them as arrows, widths by count.

Decides what is drawn: one arrow for each pair of types with its largest relations beside it; pairs
that hold few edges are counted in the caption and stand in the report's table. A relation within
one type is written at its node.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["draw_metagraph"]

_N_ARROWS = 16
_N_RELATIONS = 2
_RADIUS = 0.09  # of a node, in units of the circle that the types stand on

Pair = tuple[str, str]


def draw_metagraph(
    nodes: Mapping[str, int], edges: Iterable[tuple[str, str, str, int]], path: Path
) -> None:
    """Draws the picture; the suffix of `path` says the format.

    Args:
        nodes: Number of nodes of each type.
        edges: Head type, relation, tail type and number of edges.
        path: File to write.
    """
    from matplotlib import rc_context  # a second to import, and only pictures need it
    from matplotlib.figure import Figure

    pairs: dict[Pair, list[tuple[int, str]]] = defaultdict(list)
    for head, relation, tail, count in edges:
        pairs[head, tail].append((count, relation.replace("_", " ")))
    totals = {pair: sum(count for count, _ in said) for pair, said in pairs.items()}
    between = sorted((p for p in pairs if p[0] != p[1]), key=lambda p: (-totals[p], p))
    shown, hidden = between[:_N_ARROWS], between[_N_ARROWS:]
    figure = Figure(figsize=(15, 11))
    axes = figure.subplots()
    axes.set_axis_off()
    axes.set_aspect("equal")
    place = _places(nodes, totals)
    for pair in shown:
        _draw_arrow(axes, place, pair, totals[pair], _words(pairs[pair]), pair[::-1] in shown)
    for kind, (x, y) in place.items():
        own = _words(pairs[kind, kind]) if (kind, kind) in pairs else ""
        _draw_node(axes, x, y, f"{kind}\n{nodes.get(kind, 0):,}", own)
    if hidden:
        n_hidden = sum(totals[pair] for pair in hidden)
        text = f"not drawn: {len(hidden)} further pairs of types with {n_hidden:,} edges"
        axes.text(0, -1.38, text, fontsize=9, ha="center", color="#2f4858")
    axes.set_xlim(-1.9, 1.9)
    axes.set_ylim(-1.42, 1.4)
    stamp = {"Date": None} if path.suffix == ".svg" else {}
    with rc_context({"svg.hashsalt": "iatros"}):  # the same ids in the file every time
        figure.savefig(path, bbox_inches="tight", metadata=stamp)


def _places(nodes: Mapping[str, int], totals: Mapping[Pair, int]) -> dict[str, tuple[float, float]]:
    """The type with most neighbours in the middle, the others around it."""
    kinds = sorted({*nodes, *(kind for pair in totals for kind in pair)})
    if not kinds:
        return {}

    def weight(kind: str, other: str) -> int:
        return totals.get((kind, other), 0) + totals.get((other, kind), 0)

    middle = max(kinds, key=lambda kind: (sum(weight(kind, o) for o in kinds if o != kind), kind))
    left = [kind for kind in kinds if kind != middle]
    heavy = sorted(left, key=lambda kind: (-sum(weight(kind, o) for o in kinds), kind))
    half = (len(heavy) + 1) // 2  # heavy and light ones in turn, so that labels have room
    around = [kind for two in zip_longest(heavy[:half], heavy[half:][::-1]) for kind in two if kind]
    turns = np.linspace(np.pi / 2, np.pi / 2 - 2 * np.pi, len(around), endpoint=False)
    ring = {
        k: (1.6 * float(np.cos(t)), 1.15 * float(np.sin(t)))
        for k, t in zip(around, turns, strict=True)
    }
    return {middle: (0.0, 0.0), **ring}


def _words(said: list[tuple[int, str]]) -> str:
    largest = sorted(said, key=lambda pair: (-pair[0], pair[1]))
    lines = [f"{relation} {count:,}" for count, relation in largest[:_N_RELATIONS]]
    rest = largest[_N_RELATIONS:]
    if rest:
        lines.append(f"+ {len(rest)} more {sum(count for count, _ in rest):,}")
    return "\n".join(lines)


def _draw_node(axes: Any, x: float, y: float, text: str, own: str) -> None:
    from matplotlib.patches import Ellipse

    axes.add_patch(
        Ellipse((x, y), 4 * _RADIUS, 1.7 * _RADIUS, fc="#dbe9f4", ec="#33658a", lw=1.2, zorder=3)
    )
    axes.text(x, y, text, fontsize=8.5, ha="center", va="center", zorder=4)
    if own:
        top = y + _RADIUS
        axes.text(
            x, top, f"↻ {own}", fontsize=7, ha="center", va="bottom", color="#7a4419", zorder=4
        )


def _draw_arrow(
    axes: Any,
    place: Mapping[str, tuple[float, float]],
    pair: Pair,
    count: int,
    text: str,
    has_opposite: bool,
) -> None:
    (x0, y0), (x1, y1) = place[pair[0]], place[pair[1]]
    bend = 0.16 if has_opposite else 0.06
    axes.annotate(
        "",
        xy=(x1, y1),
        xytext=(x0, y0),
        arrowprops={
            "arrowstyle": "-|>",
            "lw": 0.5 + 0.9 * np.log10(1 + count),
            "color": "#86bbd8",
            "alpha": 0.75,
            "shrinkA": 26,
            "shrinkB": 34,
            "connectionstyle": f"arc3,rad={bend}",
        },
        zorder=1,
    )
    share = 0.44  # nearer to the tail of the arrow, where opposite labels do not meet
    x = x0 + share * (x1 - x0) + bend * (y1 - y0) / 2
    y = y0 + share * (y1 - y0) - bend * (x1 - x0) / 2
    box = {"boxstyle": "round,pad=0.15", "fc": "white", "ec": "none", "alpha": 0.85}
    axes.text(x, y, text, fontsize=7, ha="center", va="center", color="#2f4858", bbox=box, zorder=2)
