"""Age: the graph says that a treatment must not be given below or above an age.

Decides that a bound is compared with the age in years; statements without a bound count for
children under 18 and for people of 65 and more.
"""

from kg.groups import CHILDREN, OLDER_PEOPLE, Threshold
from kg.snapshot import GraphSnapshot
from reasoning.answer import Alert

from .contract import PatientContext
from .group_statements import GroupStatements

__all__ = ["Age"]

_DEFAULT = {
    CHILDREN: Threshold(quantity="age_years", relation="<", value=18.0),
    OLDER_PEOPLE: Threshold(quantity="age_years", relation=">=", value=65.0),
}
_WORDS = {"<": "under", "<=": "up to", ">": "over", ">=": "from"}


class Age:
    """Stops and cautions from statements about children and older people."""

    kind = "age"

    def __init__(self, snapshot: GraphSnapshot) -> None:
        self._said = {group: GroupStatements(snapshot, (group,)) for group in _DEFAULT}

    def alerts(self, treatment: int, patient: PatientContext) -> list[Alert]:
        """One alert for each group: of the statements whose bound holds, the worst."""
        if patient.age_years is None:
            return []
        found = []
        for group, statements in self._said.items():
            for said in statements.about(treatment):
                bound = said.threshold or _DEFAULT[group]
                if bound.quantity == "age_years" and bound.holds(patient.age_years):
                    words = f"{_WORDS[bound.relation]} the age of {_age(bound.value)}"
                    found.append(statements.alert(self.kind, said, words))
        return found

    def covers(self, treatment: int) -> bool:
        """Whether the graph bounds the age of those who may get the treatment."""
        return any(said.covers(treatment) for said in self._said.values())

    def unknown(self, patient: PatientContext) -> str | None:
        """The age, when it is not known."""
        return "age" if patient.age_years is None else None


def _age(years: float) -> str:
    """An age in words.

    >>> _age(12.0), _age(0.5), _age(0.0767)
    ('12 years', '6 months', '28 days')
    """
    if years >= 1.0:
        return f"{years:g} years"
    if years >= 1 / 12 - 1e-3:
        return f"{round(years * 12)} months"
    return f"{round(years * 365.25)} days"
