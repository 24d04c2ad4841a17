"""Made-up patients to whom safety alerts really happen.

Decides how they are drawn: conditions, medicines and allergies mostly from what the graph's own
warnings are about (and their kinds), so that a random drug meets them; some from everything else.
The patients are no sample of real ones, and rates of alerts among them are no rates of a clinic.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kg.groups import GROUPS
from kg.snapshot import GraphSnapshot
from kg.vocabulary import NodeType, Predicate
from reasoning.safety import PatientContext

__all__ = ["MadeUpPatients"]

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pools:
    forbidden: IntArray  # conditions that some drug is contraindicated in, and kinds of them
    conditions: IntArray
    phenotypes: IntArray
    interacting: IntArray
    drugs: IntArray
    classes: IntArray
    genes: IntArray


class MadeUpPatients:
    """Draws patients from a graph.

    Args:
        snapshot: The graph.
        rng: Source of randomness.
    """

    def __init__(self, snapshot: GraphSnapshot, *, rng: np.random.Generator) -> None:
        self._rng = rng
        self._forms = _genotypes(snapshot)
        groups = {snapshot.index(curie) for curie in GROUPS}
        contra = snapshot.edges(Predicate.CONTRAINDICATED_IN, negated=False)
        # Each statement counts, so that what forbids many drugs is drawn more often.
        targets = contra.tail[~np.isin(contra.tail, [g for g in groups if g is not None])]
        isa = snapshot.edges(Predicate.SUBCLASS_OF, negated=False)
        kinds = isa.head[np.isin(isa.tail, targets)]
        kinds = np.concatenate([kinds, isa.head[np.isin(isa.tail, kinds)]])
        acts = snapshot.edges(Predicate.INTERACTS_WITH, negated=False)
        roles = snapshot.edges(Predicate.HAS_ROLE, negated=False)
        genes = snapshot.edges(Predicate.AFFECTS_RESPONSE, negated=False)
        treated = snapshot.edges(Predicate.TREATS, negated=False)
        self._pools = _Pools(
            forbidden=np.concatenate([targets, targets, np.unique(kinds)]).astype(np.int64),
            conditions=np.unique(treated.tail).astype(np.int64),
            phenotypes=snapshot.nodes_of(NodeType.PHENOTYPE).astype(np.int64),
            interacting=np.concatenate([acts.head, acts.tail]).astype(np.int64),
            drugs=np.unique(np.concatenate([treated.head, contra.head])).astype(np.int64),
            classes=np.unique(roles.tail).astype(np.int64),
            genes=np.unique(genes.head).astype(np.int64),
        )

    def draw(self, count: int) -> Iterator[PatientContext]:
        """Some patients, each drawn on its own."""
        for _ in range(count):
            yield self._one()

    def _one(self) -> PatientContext:
        rng, pools = self._rng, self._pools
        female = bool(rng.random() < 0.5)
        age = float(
            round(rng.choice([rng.uniform(0, 18), rng.uniform(18, 65), rng.uniform(65, 95)]), 3)
        )
        fertile = female and 12 <= age <= 50
        rate = float(
            round(rng.choice([rng.uniform(3, 30), rng.uniform(30, 60), rng.uniform(60, 120)]), 1)
        )
        known_rate = rng.random() < 0.6
        return PatientContext(
            conditions=(*self._take(pools.forbidden, 3), *self._take(pools.conditions, 1)),
            medicines=(*self._take(pools.interacting, 2), *self._take(pools.drugs, 2)),
            allergies=(*self._take(pools.drugs, 1), *self._take(pools.classes, 1, 0.3)),
            phenotypes=self._take(pools.phenotypes, 3),
            excluded=self._take(pools.phenotypes, 2),
            age_years=age if rng.random() < 0.9 else None,
            can_be_pregnant=fertile,
            pregnant=bool(rng.random() < 0.4) if fertile else None,
            breastfeeding=bool(rng.random() < 0.2) if fertile else None,
            egfr=rate if known_rate else None,
            egfr_from=f"eGFR {rate:g}" if known_rate else "",
            liver_signs=self._liver(),
            genes=self._take(pools.genes, 1, 0.3),
            genotypes=self._genotype(),
        )

    def _take(self, pool: IntArray, most: int, chance: float = 1.0) -> tuple[int, ...]:
        if not len(pool) or self._rng.random() > chance:
            return ()
        count = int(self._rng.integers(0, most + 1))
        return tuple(dict.fromkeys(self._rng.choice(pool, count).tolist()))

    def _liver(self) -> tuple[str, ...] | None:
        drawn = self._rng.random()
        if drawn < 0.4:
            return None
        return () if drawn < 0.8 else ("ALT 300 U/L, over three times 40",)

    def _genotype(self) -> tuple[str, ...]:
        if not self._forms or self._rng.random() > 0.3:
            return ()
        return (self._forms[int(self._rng.integers(len(self._forms)))],)


def _genotypes(snapshot: GraphSnapshot) -> list[str]:
    """Results that some guidance speaks of, such as `HLA-B *57:01`."""
    found: dict[str, None] = {}
    edges = snapshot.edges(Predicate.AFFECTS_RESPONSE, negated=False)
    for row, gene in zip(edges.rows.tolist(), edges.head.tolist(), strict=True):
        forms = snapshot.statement(row).qualifier("genotype") or ""
        for form in filter(None, forms.split("|")):
            found[f"{snapshot.labels[gene]} {form}"] = None
    return list(found)
