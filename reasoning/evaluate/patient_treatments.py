"""Do patients get their treatments: from the findings alone, and with the diagnosis given.

Decides who is asked (cases whose diagnosis has a treatment in the graph of the answers, which may
be larger than the graph of the model) and what is counted: the share of those treatments among the
first ten. Beside it runs a popularity null, the same ten most used treatments for everybody. The
headline averages over diseases; intervals resample publications.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kg.case import ClinicalCase
from kg.cases.split import publication_components
from kg.snapshot import GraphSnapshot
from kg.vocabulary import NodeType
from reasoning.answer import Answer
from reasoning.treat import TreatmentRanker, known_indications

from .metrics import Interval

__all__ = ["PatientTreatmentResult", "evaluate_patient_treatments"]

FloatArray = npt.NDArray[np.float64]

FINDINGS, GIVEN, POPULARITY = "the findings alone", "the diagnosis given", "popularity alone"

_BATCH = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientTreatmentResult:
    """What was found.

    Attributes:
        n_cases: Cases asked.
        n_diseases: Their diagnoses.
        n_publications: Groups of publications, the unit of the intervals.
        top: How many treatments of a list count.
        recall: For each way of asking the macro recall with its 95% interval.
        micro: The same with every case alike.
        drugs_only: Macro recall of the drugs among the treatments, where there is one.
    """

    n_cases: int
    n_diseases: int
    n_publications: int
    top: int
    recall: dict[str, Interval]
    micro: dict[str, Interval]
    drugs_only: dict[str, Interval]

    def table(self) -> str:
        """Markdown."""
        lines = [
            f"{self.n_cases} cases of {self.n_diseases} diseases from {self.n_publications} groups "
            f"of publications; Recall@{self.top}, 95% intervals over publications.",
            "",
            "| asked | macro over diseases | every case alike | drugs only, macro |",
            "|---|---|---|---|",
        ]
        for name in self.recall:
            cells = (
                f"{found.value:.3f} ({found.low:.3f} to {found.high:.3f})"
                for found in (self.recall[name], self.micro[name], self.drugs_only[name])
            )
            lines.append(f"| {name} | " + " | ".join(cells) + " |")
        return "\n".join([*lines, ""])


class _Truth:
    """What treats a diagnosis by one graph, as treatments of another."""

    def __init__(self, truth: GraphSnapshot, graph: GraphSnapshot) -> None:
        self._truth, self._graph = truth, graph
        self._known = known_indications(truth)

    def of(self, case: ClinicalCase) -> dict[str, bool]:
        """Ids of the right treatments and whether each is a drug."""
        nodes = {self._truth.index(diagnosis) for diagnosis in case.diagnoses} - {None}
        found = {t for node in nodes if node is not None for t in self._known.get(node, ())}
        return {self._id(t): self._truth.node(t).type is NodeType.DRUG for t in sorted(found)}

    def _id(self, treatment: int) -> str:
        """Its name in the other graph, where it is there."""
        view = self._truth.node(treatment)
        for name in (view.id, *view.xrefs):
            node = self._graph.index(name)
            if node is not None:
                return self._graph.node_ids[node]
        return view.id


def evaluate_patient_treatments(
    ranker: TreatmentRanker,
    cases: Sequence[ClinicalCase],
    out: Path,
    *,
    truth: GraphSnapshot | None = None,
    top: int = 10,
    n_samples: int = 1000,
) -> PatientTreatmentResult:
    """Asks for every case twice and writes `patient_treatments.json` and `.md`.

    Args:
        ranker: A model that has seen none of the cases' publications.
        cases: Cases with diagnoses; those without a treatment of the diagnosis are left out.
        out: Folder of the results; made when missing.
        truth: Graph that says what treats what; None takes the model's own.
        top: How many treatments of each list count.
        n_samples: Bootstrap samples.

    Raises:
        ValueError: No case has a diagnosis with a treatment.
    """
    graph = ranker.predictor.graph
    right_of = _Truth(truth or graph, graph)
    asked = [(case, right) for case in cases if (right := right_of.of(case))]
    if not asked:
        raise ValueError("no case has a diagnosis that the graph knows a treatment of")
    popular = _most_used(graph, top)
    rows: dict[str, list[tuple[float, float]]] = {}
    for start in range(0, len(asked), _BATCH):
        block = asked[start : start + _BATCH]
        alone = ranker.answer_cases([case for case, _ in block], top=top, paths=0)
        for (case, right), answer in zip(block, alone, strict=True):
            given = [d for d in case.diagnoses if graph.index(d) is not None]
            told = ranker.answer_cases([case], top=top, paths=0, given=given) if given else []
            lists = {
                FINDINGS: _listed(answer),
                GIVEN: _listed(told[0]) if told else [],
                POPULARITY: popular,
            }
            for name, listed in lists.items():
                rows.setdefault(name, []).append(_recalls(listed[:top], right))
    result = _result([case for case, _ in asked], rows, top, n_samples)
    out.mkdir(parents=True, exist_ok=True)
    text = json.dumps(asdict(result), indent=1, sort_keys=True)
    (out / "patient_treatments.json").write_text(text + "\n", encoding="utf-8")
    (out / "patient_treatments.md").write_text(result.table(), encoding="utf-8")
    return result


def _listed(answer: Answer) -> list[str]:
    return [ranked.treatment.id for ranked in answer.treatments]


def _most_used(graph: GraphSnapshot, top: int) -> list[str]:
    """The treatments that the graph gives for most diseases."""
    used: Counter[int] = Counter()
    for treatments in known_indications(graph).values():
        used.update(treatments)
    best = sorted(used, key=lambda treatment: (-used[treatment], treatment))[:top]
    return [graph.node_ids[treatment] for treatment in best]


def _recalls(listed: Sequence[str], right: dict[str, bool]) -> tuple[float, float]:
    """Share of the right treatments in the list, and of the drugs among them (NaN without)."""
    drugs = [name for name, is_drug in right.items() if is_drug]
    found = sum(name in listed for name in right) / len(right)
    return found, sum(name in listed for name in drugs) / len(drugs) if drugs else np.nan


def _result(
    cases: Sequence[ClinicalCase],
    rows: dict[str, list[tuple[float, float]]],
    top: int,
    n_samples: int,
) -> PatientTreatmentResult:
    disease = np.unique([case.diagnoses[0] for case in cases], return_inverse=True)[1]
    group = publication_components(cases)

    def over(column: int, *, macro: bool) -> dict[str, Interval]:
        values = {name: np.asarray(pairs, float)[:, column] for name, pairs in rows.items()}
        return {
            name: _mean(value, disease if macro else np.arange(len(value)), group, n_samples)
            for name, value in values.items()
        }

    return PatientTreatmentResult(
        n_cases=len(cases),
        n_diseases=len(np.unique(disease)),
        n_publications=len(np.unique(group)),
        top=top,
        recall=over(0, macro=True),
        micro=over(0, macro=False),
        drugs_only=over(1, macro=True),
    )


def _mean(
    values: FloatArray, unit: npt.NDArray[np.integer], group: npt.NDArray[np.integer], n: int
) -> Interval:
    """Mean over units of the mean in each, NaN left out; the interval resamples groups."""
    kept = ~np.isnan(values)
    if not kept.any():
        return Interval(value=np.nan, low=np.nan, high=np.nan)
    values, unit, group = values[kept], unit[kept], group[kept]
    units, own = np.unique(unit, return_inverse=True)
    groups, member = np.unique(group, return_inverse=True)

    def mean(weight: FloatArray) -> float:
        mass = np.bincount(own, weights=weight, minlength=len(units))
        total = np.bincount(own, weights=weight * values, minlength=len(units))
        return float((total[mass > 0] / mass[mass > 0]).mean())

    rng = np.random.default_rng(0)
    drawn = rng.multinomial(len(groups), np.full(len(groups), 1.0 / len(groups)), size=n)
    low, high = np.percentile([mean(row[member].astype(np.float64)) for row in drawn], [2.5, 97.5])
    return Interval(value=mean(np.ones(len(values))), low=float(low), high=float(high))
