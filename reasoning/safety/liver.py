"""Liver: the graph says that a treatment must not be given when the liver is impaired.

Decides that laboratory signs, and a known cirrhosis or liver failure, are cautions about all that
is contraindicated in liver disease: how impaired the liver is (Child-Pugh class) is not in the
data. A condition that the statement itself names is left to the rule of contraindications.
"""

from collections import defaultdict
from collections.abc import Iterable

from kg.case import Measurement
from kg.snapshot import GraphSnapshot
from kg.vocabulary import Predicate
from reasoning.answer import Alert

from .contract import PatientContext
from .hierarchy import hierarchy_of
from .ingredients import ingredients_of
from .names import name_of

__all__ = ["IMPAIRED_LIVER", "Liver", "liver_signs"]

IMPAIRED_LIVER = (
    *("MONDO:0005154", "MONDO:0100192", "HP:0001410", "HP:0002910", "UMLS:C0948807"),
    *("UMLS:C4725020", "UMLS:C5707743", "UMLS:C1394798", "UMLS:C0151763", "UMLS:C0341439"),
)
"""Liver disorder and failure, decreased function, raised transaminases, impairment, damage."""

_SEVERE = ("MONDO:0005155", "MONDO:0100192", "UMLS:C1619727")
_TRANSAMINASES = {"LOINC:1742-6": "ALT", "LOINC:1920-8": "AST"}
_UPPER_LIMIT_U_L = 40.0
_TIMES = 3.0
_BILIRUBIN = {"LOINC:1975-2": 1.0, "LOINC:14631-6": 1 / 17.1}
_BILIRUBIN_MG_DL = 3.0  # the worst class of the Child-Pugh score


def liver_signs(measurements: Iterable[Measurement]) -> tuple[str, ...] | None:
    """Signs of liver damage among measurements; None when no liver test is there.

    >>> liver_signs([Measurement(code="LOINC:1742-6", value=300.0, unit="U/L")])
    ('ALT 300 U/L, over three times 40',)
    """
    signs: list[str] = []
    tested = False
    for measured in measurements:
        name, factor = _TRANSAMINASES.get(measured.code), _BILIRUBIN.get(measured.code)
        tested = tested or name is not None or factor is not None
        if name is not None and measured.value > _TIMES * _UPPER_LIMIT_U_L:
            limit = f"over three times {_UPPER_LIMIT_U_L:g}"
            signs.append(f"{name} {measured.value:g} U/L, {limit}")
        if factor is not None and measured.value * factor > _BILIRUBIN_MG_DL:
            signs.append(f"bilirubin {measured.value * factor:.1f} mg/dL")
    return tuple(signs) if tested else None


class Liver:
    """Cautions from signs of an impaired liver."""

    kind = "liver"

    def __init__(self, snapshot: GraphSnapshot) -> None:
        self._snapshot = snapshot
        self._ingredients = ingredients_of(snapshot)
        self._hierarchy = hierarchy_of(snapshot)
        self._severe = {snapshot.index(curie) for curie in _SEVERE} - {None}
        wanted = {snapshot.index(curie) for curie in IMPAIRED_LIVER} - {None}
        self._rows: dict[int, list[tuple[int, int]]] = defaultdict(list)
        edges = snapshot.edges(Predicate.CONTRAINDICATED_IN, negated=False)
        columns = (edges.head.tolist(), edges.tail.tolist(), edges.rows.tolist())
        for drug, disease, row in zip(*columns, strict=True):
            if disease in wanted:
                self._rows[drug].append((disease, row))

    def alerts(self, treatment: int, patient: PatientContext) -> list[Alert]:
        """Cautions of what is contraindicated in liver disease."""
        rows = [
            (part, disease, row)
            for part in self._ingredients.of(treatment)
            for disease, row in self._rows.get(part, ())
        ]
        if not rows:
            return []
        known = {a for c in patient.conditions for a in self._hierarchy.ancestors(c)}
        severe = sorted(n for n in known & self._severe if n is not None)
        signs = [name_of(self._snapshot, node) for node in severe[:1]]
        signs += list(patient.liver_signs or ())
        if not signs:
            return []
        return [
            Alert(
                severity="caution",
                kind=self.kind,
                reason=f"{name_of(self._snapshot, part)} is contraindicated in "
                f"{name_of(self._snapshot, disease)} ({'; '.join(signs)})",
                statements=(self._snapshot.statement_id(row),),
            )
            for part, disease, row in rows
            if disease not in known
        ]

    def covers(self, treatment: int) -> bool:
        """Whether the graph says anything of the treatment and the liver."""
        return any(part in self._rows for part in self._ingredients.of(treatment))

    def unknown(self, patient: PatientContext) -> str | None:
        """Liver tests, when there are none."""
        return "liver function" if patient.liver_signs is None else None
