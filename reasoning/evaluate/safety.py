"""The safety rules over thousands of made-up patients, against an oracle in SPARQL.

Decides what is counted: treatments shown although a statement of the graph forbids them and no
alert says so (must be none), alerts that cite a statement which is not there (must be none), and
how many alerts a reader meets. Ranking is by popularity with noise, so that the drugs shown are
common ones and change from patient to patient; no model is needed.
"""

import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median

import numpy as np
import numpy.typing as npt

from fusion.symbolic.treatments import TREATING
from kg.snapshot import GraphSnapshot
from kg.store import TripleStore
from kg.vocabulary import NodeType, Predicate
from reasoning.answer import Alert
from reasoning.safety import PatientContext, SafetyCheck, is_stopped, select

from .safety_oracle import Facts, SafetyOracle
from .safety_patients import MadeUpPatients

__all__ = ["SafetyResult", "evaluate_safety"]

_CHECKED = ("contraindication", "interaction", "allergy", "pregnancy", "lactation", "age")
_NOISE = 1.5
_EXAMPLES = 5
_SHARED = frozenset(_CHECKED)

Shown = list[tuple[int, tuple[Alert, ...]]]


@dataclass(slots=True, kw_only=True)
class SafetyResult:
    """What was counted.

    Attributes:
        patients: Patients made up.
        shown: Treatments shown to all of them together.
        stopped: Shown treatments with a stop.
        forbidden: Shown treatments that the oracle forbids.
        unflagged: Of these, those without a stop. Must be 0.
        unfounded: Shown treatments stopped for a reason that the oracle does not know. Must be 0.
        misplaced: Patients with a stopped treatment above one that is not. Must be 0.
        missing_statements: Alerts that cite a statement which is not there. Must be 0.
        without_statement: Alerts that cite none. Must be 0.
        median_alerts: Median stops and cautions of a shown treatment.
        median_alerts_not_stopped: The same among treatments that are not stopped.
        alerts: Alerts by kind and level.
        seconds: Time for all.
        examples: The first disagreements, in words.
    """

    patients: int = 0
    shown: int = 0
    stopped: int = 0
    forbidden: int = 0
    unflagged: int = 0
    unfounded: int = 0
    misplaced: int = 0
    missing_statements: int = 0
    without_statement: int = 0
    median_alerts: float = 0.0
    median_alerts_not_stopped: float = 0.0
    alerts: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    examples: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether nothing that must be none was found."""
        return not (
            self.unflagged
            or self.unfounded
            or self.misplaced
            or self.missing_statements
            or self.without_statement
        )

    def write(self, folder: Path) -> None:
        """Writes `safety.json` and `safety.md`."""
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(asdict(self), indent=1)
        (folder / "safety.json").write_text(text + "\n", encoding="utf-8")
        (folder / "safety.md").write_text(self.to_markdown(), encoding="utf-8")

    def to_markdown(self) -> str:
        """Two tables: what was counted, and the alerts by rule and level."""
        hidden = ("examples", "alerts")
        rows = [(name, value) for name, value in asdict(self).items() if name not in hidden]
        lines = ["| what | number |", "|---|---|", *(f"| {n} | {v} |" for n, v in rows)]
        lines += ["", "| alert | number |", "|---|---|"]
        lines += [f"| {kind} | {n} |" for kind, n in self.alerts.items()]
        return "\n".join(lines) + "\n"


def evaluate_safety(
    snapshot: GraphSnapshot,
    store: TripleStore,
    *,
    patients: int = 10_000,
    top: int = 10,
    seed: int = 0,
    progress: Callable[[str], None] = lambda _: None,
) -> SafetyResult:
    """Checks the rules on made-up patients.

    Args:
        snapshot: The graph that the rules read.
        store: The RDF of the same graph, for the oracle.
        patients: How many.
        top: Treatments shown to each that are not stopped.
        seed: Of the patients and of the noise in the ranking.
        progress: Told how far it is.
    """
    start = time.perf_counter()
    rng = np.random.default_rng(seed)
    check, oracle = SafetyCheck(snapshot), SafetyOracle(store)
    drugs, popularity = _popular(snapshot)
    result = SafetyResult()
    kinds: Counter[str] = Counter()
    loads: list[int] = []
    loads_not_stopped: list[int] = []
    for number, patient in enumerate(MadeUpPatients(snapshot, rng=rng).draw(patients), start=1):
        order = np.argsort(-(popularity + rng.gumbel(scale=_NOISE, size=len(drugs))))
        shown = select(map(int, drugs[order]), check, patient, top=top)
        result.patients = number
        _count(result, oracle, snapshot, patient, shown)
        for _, alerts in shown:
            kinds.update(f"{alert.kind}: {alert.severity}" for alert in alerts)
            load = sum(alert.severity != "note" for alert in alerts)
            loads.append(load)
            if not is_stopped(alerts):
                loads_not_stopped.append(load)
        if number % 500 == 0:
            progress(f"{number} patients, {result.unflagged} unflagged")
    result.median_alerts = float(median(loads)) if loads else 0.0
    result.median_alerts_not_stopped = float(median(loads_not_stopped or [0]))
    result.alerts = dict(sorted(kinds.items()))
    result.seconds = round(time.perf_counter() - start, 1)
    return result


def _count(
    result: SafetyResult,
    oracle: SafetyOracle,
    snapshot: GraphSnapshot,
    patient: PatientContext,
    shown: Shown,
) -> None:
    """Compares what is shown to one patient with the oracle."""
    facts = _facts(snapshot, patient)
    stops = [is_stopped(alerts) for _, alerts in shown]
    result.misplaced += stops != sorted(stops)
    for treatment, alerts in shown:
        drug = snapshot.node_ids[treatment]
        told = {a.kind for a in alerts if a.severity == "stop"}
        must = oracle.forbidden(drug, facts).kinds
        cited = [s for alert in alerts for s in alert.statements]
        result.shown += 1
        result.stopped += bool(told)
        result.forbidden += bool(must)
        result.without_statement += sum(not alert.statements for alert in alerts)
        result.missing_statements += bool(cited) and not oracle.exist(cited)
        if must and not told:
            result.unflagged += 1
        if must - told or (told & _SHARED) - must:
            result.unfounded += bool((told & _SHARED) - must)
            result.unflagged += bool(told and must - told)
            if len(result.examples) < _EXAMPLES:
                result.examples.append(
                    f"{drug}: rules {sorted(told)}, oracle {sorted(must)}; {facts}"
                )


def _facts(snapshot: GraphSnapshot, patient: PatientContext) -> Facts:
    def ids(nodes: tuple[int, ...]) -> tuple[str, ...]:
        return tuple(snapshot.node_ids[node] for node in nodes)

    return Facts(
        conditions=ids((*patient.conditions, *patient.phenotypes)),
        excluded=ids(patient.excluded),
        medicines=ids(patient.medicines),
        allergies=ids(patient.allergies),
        pregnant=bool(patient.pregnant),
        breastfeeding=bool(patient.breastfeeding),
        age_years=patient.age_years,
        egfr=patient.egfr,
    )


def _popular(snapshot: GraphSnapshot) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Drugs that treat anything, and the logarithm of how much; more for those with warnings."""
    counts = np.zeros(snapshot.n_nodes)
    for predicate in TREATING:
        edges = snapshot.edges(predicate, negated=False)
        np.add.at(counts, edges.head, 1.0)
    drugs = snapshot.nodes_of(NodeType.DRUG).astype(np.int64)
    drugs = drugs[counts[drugs] > 0]
    warned = np.zeros(snapshot.n_nodes, dtype=bool)
    for predicate in (Predicate.CONTRAINDICATED_IN, Predicate.INTERACTS_WITH):
        edges = snapshot.edges(predicate, negated=False)
        warned[edges.head] = warned[edges.tail] = True
    return drugs, np.log(counts[drugs]) + warned[drugs]
