"""Gene–drug guidance: a genetic result of the patient bears on a treatment.

Decides when a result is the one that a statement speaks of: the reported text names the gene and
one of the forms (`HLA-B*57:01`, `CYP2C19 poor metabolizer`), spelling aside. A variant in the gene
whose meaning is not reported is a note, for the guidance may apply. Star alleles are not turned
into metaboliser status here: laboratories report both, and allele tables change.
"""

import re
from collections import defaultdict
from dataclasses import dataclass

from kg.snapshot import GraphSnapshot
from kg.vocabulary import Predicate
from reasoning.answer import Alert

from .contract import SEVERITIES, PatientContext
from .ingredients import ingredients_of
from .names import name_of

__all__ = ["GeneGuidance", "names_form"]

_ABSENT = re.compile(r"\b(negative|not detected|absent|no )\b|\bnon-?carrier\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Guidance:
    gene: int
    row: int
    forms: tuple[str, ...]
    severity: str
    note: str


class GeneGuidance:
    """Alerts from `affects_response_to` statements between a gene and a drug."""

    kind = "gene"

    def __init__(self, snapshot: GraphSnapshot) -> None:
        self._snapshot = snapshot
        self._ingredients = ingredients_of(snapshot)
        self._of: dict[int, list[_Guidance]] = defaultdict(list)
        edges = snapshot.edges(Predicate.AFFECTS_RESPONSE, negated=False)
        columns = (edges.head.tolist(), edges.tail.tolist(), edges.rows.tolist())
        for gene, drug, row in zip(*columns, strict=True):
            said = snapshot.statement(row)
            severity = said.qualifier("severity") or "note"
            self._of[drug].append(
                _Guidance(
                    gene=gene,
                    row=row,
                    forms=tuple((said.qualifier("genotype") or "").split("|")),
                    severity=severity if severity in SEVERITIES else "caution",
                    note=said.qualifier("description") or "",
                )
            )

    def alerts(self, treatment: int, patient: PatientContext) -> list[Alert]:
        """One alert for each statement that a result of the patient meets."""
        if not patient.genotypes and not patient.genes:
            return []
        found = []
        for part in self._ingredients.of(treatment):
            unclear: dict[int, Alert] = {}
            clear: set[int] = set()
            for said in self._of.get(part, ()):
                symbol = self._name(said.gene)
                told = [t for t in patient.genotypes if _plain(symbol) in _plain(t)]
                hit = next((t for t in told if names_form(t, symbol, said.forms)), None)
                if hit is not None:
                    clear.add(said.gene)
                    found.append(self._alert(said, said.severity, f"{hit}: {said.note}", part))
                elif not told and said.gene in patient.genes:
                    words = f"a variant in {symbol} is reported, its effect is not"
                    unclear.setdefault(said.gene, self._alert(said, "note", words, part))
            found += [alert for gene, alert in unclear.items() if gene not in clear]
        return found

    def _alert(self, said: _Guidance, severity: str, words: str, drug: int) -> Alert:
        return Alert(
            severity=severity,  # type: ignore[arg-type]
            kind=self.kind,
            reason=f"{self._name(said.gene)} and {self._name(drug)}: {words}",
            statements=(self._snapshot.statement_id(said.row),),
        )

    def covers(self, treatment: int) -> bool:
        """Whether the graph holds guidance about the treatment."""
        return any(part in self._of for part in self._ingredients.of(treatment))

    def unknown(self, patient: PatientContext) -> str | None:
        """Genetic results, when there are none."""
        return None if patient.genes or patient.genotypes else "genes"

    def _name(self, node: int) -> str:
        return name_of(self._snapshot, node)


def names_form(text: str, symbol: str, forms: tuple[str, ...]) -> bool:
    """Whether a reported result is one of the forms of a gene.

    >>> names_form("HLA-B*5701 positive", "HLA-B", ("*57:01",))
    True
    >>> names_form("HLA-B*57:01 negative", "HLA-B", ("*57:01",))
    False
    """
    told = _plain(text)
    if _plain(symbol) not in told or _ABSENT.search(text.casefold()):
        return False
    return any(form and _plain(form) in told for form in forms)


def _plain(text: str) -> str:
    """Letters, digits and stars alone, in one spelling of metabolizer."""
    lowered = text.casefold().replace("metaboliser", "metabolizer")
    return re.sub(r"[^a-z0-9*>-]", "", lowered).replace("-", "")
