r"""Which few of all paths are shown: likely mechanisms first, each through another protein.

Decides how paths are weighed. The chance that a path runs through the protein by which the
treatment acts is a logistic model of its *template* (types and predicates in their order) and of a
few numbers: its first score, how much of all connections run through the same protein, what is said
of the link to that protein (role, action, how many sources), how many targets the drug and how many
drugs the protein has. The weights were learnt from the training part of DrugMechDB
(`reasoning.evaluate.mechanisms`) and lie in `data/path_templates.json`. A statement that says
itself that the treatment is for the disease stands first. Of paths through no protein those come
first that start with another disease whose treatments the ranker looked at, the most looked at
before the others: they show what the score rests on.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from fusion.symbolic.treatments import TREATING
from kg.columns import NODE_TYPE_CODE, NODE_TYPES, PREDICATE_CODE, PREDICATES
from kg.snapshot import GraphSnapshot
from kg.vocabulary import NodeType, Predicate

from .path_search import MOST_HOPS, Chains

__all__ = ["PATH_NUMBERS", "PathSigns", "PathTemplates", "ProteinLinks", "choose"]

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

PATH_NUMBERS: tuple[str, ...] = (
    "log first score",
    "log share of the protein",
    "target",
    "enzyme, no target",
    "transporter or carrier, no target",
    "action stated",
    "further sources",
    "mechanism stated",
    "log targets of the drug",
    "log drugs of the protein",
)
"""Numbers of a path beside its template; all but the first are 0 without a protein."""

_WEIGHTS = Path(__file__).parent / "data" / "path_templates.json"
_ACTS_ON = (NodeType.GENE, NodeType.PROTEIN)
_TREATED = (NodeType.DISEASE, NodeType.PHENOTYPE)
_TRANSPORT = ("transporter", "carrier")
_PER_TEMPLATE = 2  # of paths through no protein
_TOGETHER = 2  # paths through proteins before one through none
_BITS_TYPE, _BITS_STEP = 4, 10
_TREATS = [
    (((PREDICATE_CODE[predicate] + 1) * 2 + 1) << _BITS_TYPE) | NODE_TYPE_CODE[kind]
    for predicate in TREATING
    for kind in _TREATED
]
"""First steps by which a treatment is for a disease."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PathTemplates:
    """Weights of the logistic model.

    Attributes:
        intercept: Log-odds of a path of an unknown template when all numbers are 0.
        numbers: Weight of each of `PATH_NUMBERS`.
        templates: Weight of each template by its name, see `PathSigns.name`.
    """

    intercept: float
    numbers: Mapping[str, float]
    templates: Mapping[str, float]

    def score(self, signs: "PathSigns") -> FloatArray:
        """Log-odds of each path."""
        codes, at = np.unique(signs.template, return_inverse=True)
        by_code = [self.templates.get(signs.name(int(code)), 0.0) for code in codes]
        weights = np.asarray([self.numbers.get(name, 0.0) for name in PATH_NUMBERS])
        total = self.intercept + signs.numbers @ weights + np.asarray(by_code, dtype=float)[at]
        score: FloatArray = total
        return score

    def save(self, path: Path) -> None:
        """Writes the weights, rounded, as JSON."""
        content = {
            "intercept": round(self.intercept, 4),
            "numbers": {name: round(value, 4) for name, value in self.numbers.items()},
            "templates": {name: round(value, 4) for name, value in self.templates.items()},
        }
        path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path = _WEIGHTS) -> Self:
        """Reads what `save` wrote; by default the weights that ship."""
        return cls(**json.loads(path.read_text(encoding="utf-8")))

    @classmethod
    @cache
    def shipped(cls) -> "PathTemplates":
        """The weights that ship, read once."""
        return cls.load()


class ProteinLinks:
    """What the graph says of each link between a treatment and a protein or gene.

    Args:
        snapshot: The graph.
    """

    def __init__(self, snapshot: GraphSnapshot) -> None:
        self.acts_on = np.isin(snapshot.node_types, [NODE_TYPE_CODE[kind] for kind in _ACTS_ON])
        self.treated = np.isin(snapshot.node_types, [NODE_TYPE_CODE[kind] for kind in _TREATED])
        self.types = np.asarray(snapshot.node_types, dtype=np.int64)
        self.is_drug = is_drug = self.types == NODE_TYPE_CODE[NodeType.DRUG]
        parts = snapshot.edges(Predicate.HAS_PART, negated=False).rows
        kinds = np.asarray(snapshot.qualifier_column("kind", parts), dtype=object)
        self.is_form = np.zeros(snapshot.n_edges, dtype=bool)
        self.is_form[parts[kinds == "form"]] = True
        affects = snapshot.edges(Predicate.AFFECTS, negated=False)
        steps = snapshot.edges(Predicate.RELATED_TO, negated=False)
        stated = is_drug[steps.head] & self.acts_on[steps.tail]
        rows = np.concatenate([affects.rows, steps.rows[stated]]).astype(np.int64)
        head = np.concatenate([affects.head, steps.head[stated]]).astype(np.int64)
        tail = np.concatenate([affects.tail, steps.tail[stated]]).astype(np.int64)
        source = np.concatenate([affects.source, steps.source[stated]]).astype(np.int64)
        links, link = np.unique(head * snapshot.n_nodes + tail, return_inverse=True)
        self._link_of = np.full(snapshot.n_edges, -1, dtype=np.int64)
        self._link_of[rows] = link
        said = np.zeros((len(links), 6))
        n_affects = len(affects.rows)
        roles = np.asarray(snapshot.qualifier_column("role", affects.rows), dtype=object)
        actions = snapshot.qualifier_column("action", affects.rows)
        own = link[:n_affects]
        said[own[roles == "target"], 0] = 1.0
        said[own[roles == "enzyme"], 1] = 1.0
        said[own[np.isin(roles, _TRANSPORT)], 2] = 1.0
        said[own[np.asarray([action is not None for action in actions], dtype=bool)], 3] = 1.0
        told = np.unique(np.stack([link, source]), axis=1)[0]
        said[:, 4] = np.log(np.maximum(np.bincount(told, minlength=len(links)), 1))
        said[link[n_affects:], 5] = 1.0
        said[:, 1:3] *= 1.0 - said[:, :1]
        first, last = links // snapshot.n_nodes, links % snapshot.n_nodes
        targets = np.bincount(first, minlength=snapshot.n_nodes)
        drugs = np.bincount(last, minlength=snapshot.n_nodes)
        counts = np.log(np.stack([targets[first], drugs[last]], axis=1).reshape(-1, 2))
        self._said = np.concatenate([said, counts], axis=1)

    def of(self, rows: IntArray) -> FloatArray:
        """`PATH_NUMBERS` from the third on, for edge rows; 0 for those that are no such link."""
        link = np.where(rows >= 0, self._link_of[rows], -1)
        out = np.zeros((len(rows), self._said.shape[1]))
        known = link >= 0
        out[known] = self._said[link[known]]
        return out


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PathSigns:
    """What the model reads of some paths.

    Attributes:
        template: Code of the template of each.
        protein: First gene or protein on each, before any disease or other drug; -1 without.
        numbers: `[n_paths, len(PATH_NUMBERS)]`.
        n_hops: Length of each.
    """

    template: IntArray
    protein: IntArray
    numbers: FloatArray
    n_hops: IntArray

    @classmethod
    def of(cls, chains: Chains, links: ProteinLinks, predicate: npt.NDArray[np.integer]) -> Self:
        """Reads them off.

        Args:
            chains: All paths of one treatment and one disease: shares are among them.
            links: What is said of links to proteins.
            predicate: Code of the predicate of each edge row.
        """
        n = len(chains)
        inner = np.arange(1, MOST_HOPS)[None, :] < chains.n_hops[:, None]
        nodes = chains.node[:, 1:MOST_HOPS]
        # A gene behind another disease, or behind another drug of the same class or product, is not
        # what the treatment acts on; one behind its ingredient, its salt or what it becomes is.
        stays = chains.forward[:, :-1] | links.is_form[chains.row[:, :-1]]
        foreign = links.is_drug[nodes] & ~stays
        before = ~np.logical_or.accumulate(links.treated[nodes] | foreign, axis=1)
        is_protein = inner & before & links.acts_on[nodes]
        has, place = is_protein.any(axis=1), is_protein.argmax(axis=1)
        every = np.arange(n)
        protein = np.where(has, chains.node[every, place + 1], -1)
        numbers = np.zeros((n, len(PATH_NUMBERS)))
        numbers[:, 0] = np.log(np.maximum(chains.score, 1e-12))
        if has.any():
            own = np.unique(protein[has], return_inverse=True)[1]
            support = np.bincount(own, weights=chains.score[has])
            numbers[has, 1] = np.log(support[own] / support.sum())
            numbers[has, 2:] = links.of(chains.row[every, place][has])
        return cls(
            template=_templates(chains, links.types, predicate),
            protein=protein,
            numbers=numbers,
            n_hops=chains.n_hops,
        )

    @staticmethod
    @cache
    def name(code: int) -> str:
        """A template in words: `affects> Gene <affects Drug treats> Disease`."""
        words = []
        while code:
            step = code & ((1 << _BITS_STEP) - 1)
            kind, said = step & ((1 << _BITS_TYPE) - 1), step >> _BITS_TYPE
            name = PREDICATES[(said >> 1) - 1].value
            words.append(f"{name}>" if said & 1 else f"<{name}")
            words.append(NODE_TYPES[kind].value)
            code >>= _BITS_STEP
        return " ".join(words)


def _templates(chains: Chains, types: IntArray, predicate: npt.NDArray[np.integer]) -> IntArray:
    code = np.zeros(len(chains), dtype=np.int64)
    for hop in range(MOST_HOPS):
        there = hop < chains.n_hops
        said = (predicate[chains.row[:, hop]].astype(np.int64) + 1) * 2 + chains.forward[:, hop]
        step = (said << _BITS_TYPE) | types[chains.node[:, hop + 1]]
        code |= np.where(there, step, 0) << (_BITS_STEP * hop)
    return code


def choose(
    chains: Chains,
    signs: PathSigns,
    score: FloatArray,
    read: npt.NDArray[np.floating] | None = None,
) -> Iterator[tuple[int, float]]:
    """Positions of the paths to show, in the order to show them.

    What says itself that the treatment is for the disease stands first. Then come the best paths
    through two proteins, the best one through none (a relative of the disease, a drug of the same
    class), through two further proteins, and so on; at last what runs through a protein already
    shown. Of paths through no protein at most two of a template stand before that. Of statements
    that say the same, that of the lowest row is taken.

    Args:
        chains: All paths of one treatment and one disease.
        signs: What is read off them.
        score: Log-odds of each.
        read: How much the ranker's score of the disease rests on the treatments of each node; None
            where that is not known.

    Yields:
        Position and chance; the first score for a path through no protein.
    """
    acting = _one_a_protein(chains, signs, score)
    told = {_said(chains, signs, at) for at in acting}
    first = np.exp(signs.numbers[:, 0])
    looked_at = _looked_at(chains, signs, read)
    others = _through_none(chains, signs, np.where(looked_at > 0, 1.0 + looked_at, first))
    following = next(others, None)
    shown = list(acting)
    while acting or following is not None:
        direct = following is not None and signs.n_hops[following] == 1
        if not direct:
            yield from ((at, float(expit(score[at]))) for at in acting[:_TOGETHER])
            acting = acting[_TOGETHER:]
        if following is not None:
            told.add(_said(chains, signs, following))
            shown.append(following)
            yield following, float(first[following])
            following = next(others, None)
    chance = np.where(signs.protein >= 0, expit(score), first)
    chance[shown] = -1.0
    for at in _in_order(chains, chance):
        said = _said(chains, signs, at)
        if said not in told:
            told.add(said)
            yield at, float(chance[at])


def _one_a_protein(chains: Chains, signs: PathSigns, score: FloatArray) -> list[int]:
    """The best path through each protein, best first."""
    order = _in_order(chains, score)
    order = order[signs.protein[order] >= 0]
    best = np.sort(np.unique(signs.protein[order], return_index=True)[1])
    found: list[int] = order[best].tolist()
    return found


def _looked_at(
    chains: Chains, signs: PathSigns, read: npt.NDArray[np.floating] | None
) -> FloatArray:
    """Weight of the disease that each path starts with, 0 where it starts with anything else."""
    if read is None or not len(chains):
        return np.zeros(len(chains))
    begins = np.isin(signs.template & ((1 << _BITS_STEP) - 1), _TREATS)
    weight: FloatArray = np.where(begins, read[chains.node[:, 1]], 0.0)
    return weight


def _through_none(chains: Chains, signs: PathSigns, first: FloatArray) -> Iterator[int]:
    """Paths through no protein, direct ones first, at most so many of a template."""
    order = _in_order(chains, np.where(signs.n_hops == 1, np.inf, first))
    told: set[tuple[int, ...]] = set()
    used: dict[int, int] = {}
    for at in order[signs.protein[order] < 0].tolist():
        said = _said(chains, signs, at)
        template = said[0]
        if said not in told and used.get(template, 0) < _PER_TEMPLATE:
            told.add(said)
            used[template] = used.get(template, 0) + 1
            yield at


def _in_order(chains: Chains, score: FloatArray) -> IntArray:
    rows = [chains.row[:, hop] for hop in reversed(range(MOST_HOPS))]
    order: IntArray = np.lexsort([*rows, -np.round(score, 9)])
    return order


def _said(chains: Chains, signs: PathSigns, at: int) -> tuple[int, ...]:
    """Nodes and predicates, whoever states them."""
    return (int(signs.template[at]), *chains.node[at].tolist())
