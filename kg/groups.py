"""Groups of patients that a statement can forbid a drug to: pregnancy, age, kidney function.

Decides under which identifiers they stand in the graph, and how a bound is written (`threshold`:
`age_years<12`, `egfr<30`). Which drug is forbidden to whom is said by sources, whether a patient
belongs to a group is decided in `reasoning.safety`.
"""

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass

from .statements import Node
from .vocabulary import NodeType

__all__ = [
    "BREASTFEEDING",
    "CHILDREN",
    "GROUPS",
    "LOW_FILTRATION",
    "OLDER_PEOPLE",
    "PREGNANCY",
    "Threshold",
    "group_node",
]

PREGNANCY = "MESH:D011247"
BREASTFEEDING = "MESH:D001942"
CHILDREN = "MESH:D002648"
OLDER_PEOPLE = "MESH:D000368"
LOW_FILTRATION = "HP:0012213"

GROUPS = {
    PREGNANCY: "Pregnancy",
    BREASTFEEDING: "Breast feeding",
    CHILDREN: "Child",
    OLDER_PEOPLE: "Aged",
    LOW_FILTRATION: "Decreased glomerular filtration rate",
}
"""Identifier and name of each group."""

_THRESHOLD = re.compile(r"(age_years|egfr)(<=|>=|<|>)(\d+(?:\.\d+)?)")
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """A bound of one number of the patient.

    Attributes:
        quantity: `age_years`, or `egfr` in mL/min/1.73 m².
        relation: `<`, `<=`, `>` or `>=`.
        value: The bound.
    """

    quantity: str
    relation: str
    value: float

    @classmethod
    def parse(cls, text: str) -> "Threshold | None":
        """The bound that a qualifier states; None when it is written in another way.

        >>> Threshold.parse("egfr<30")
        Threshold(quantity='egfr', relation='<', value=30.0)
        """
        found = _THRESHOLD.fullmatch(text)
        if found is None:
            return None
        return cls(quantity=found[1], relation=found[2], value=float(found[3]))

    def holds(self, number: float) -> bool:
        """Whether a number lies on the forbidden side."""
        return _COMPARE[self.relation](number, self.value)

    def __str__(self) -> str:
        return f"{self.quantity}{self.relation}{self.value:g}"


def group_node(group: str) -> Node:
    """Node of a group; a phenotype where HPO names it."""
    kind = NodeType.PHENOTYPE if group.startswith("HP:") else NodeType.ADVERSE_EVENT
    return Node(id=group, type=kind, label=GROUPS[group])
