"""What a product contains: a rule about an ingredient holds for every product with it.

Decides the closure over `has_part`. A product is read through its ingredients; a substance also
through its salts and esters (`kind` is `form`), since labels are written for these. Which rules use
it is their own business.
"""

from collections import defaultdict
from functools import lru_cache

from kg.snapshot import GraphSnapshot
from kg.vocabulary import Predicate

__all__ = ["Ingredients", "ingredients_of"]


class Ingredients:
    """Combination products, their ingredients, and the salts of substances."""

    def __init__(self, snapshot: GraphSnapshot) -> None:
        parts: dict[int, dict[int, int]] = defaultdict(dict)
        forms: dict[int, dict[int, int]] = defaultdict(dict)
        edges = snapshot.edges(Predicate.HAS_PART, negated=False)
        kinds = snapshot.qualifier_column("kind", edges.rows)
        columns = (edges.head.tolist(), edges.tail.tolist(), edges.rows.tolist(), kinds)
        for whole, part, row, kind in zip(*columns, strict=True):
            parts[whole].setdefault(part, row)
            if kind == "form":
                forms[part].setdefault(whole, row)
        self._parts, self._forms = dict(parts), dict(forms)
        self._known: dict[int, tuple[int, ...]] = {}

    def of(self, treatment: int) -> tuple[int, ...]:
        """The treatment itself, first, its ingredients, and the salts and esters of all these."""
        known = self._known.get(treatment)
        if known is None:
            whole = (treatment, *sorted(self._parts.get(treatment, ())))
            salts = (form for part in whole for form in sorted(self._forms.get(part, ())))
            known = self._known[treatment] = tuple(dict.fromkeys((*whole, *salts)))
        return known

    def row(self, whole: int, part: int) -> int | None:
        """Edge row that says that one contains the other, either way round."""
        row = self._parts.get(whole, {}).get(part)
        return row if row is not None else self._parts.get(part, {}).get(whole)


@lru_cache(maxsize=2)
def ingredients_of(snapshot: GraphSnapshot) -> Ingredients:
    """The ingredients of a graph's products, made once for all rules."""
    return Ingredients(snapshot)
