"""Mutated FHIR bundles through reading, code look-up and safety: no crash, a clear line.

Usage: `python -m benchmarks.fuzz_bundles GRAPH BUNDLES [--bundles 5000] [--seed 0] [--model DIR]`

Half of the bundles have one to six values deleted, doubled or replaced by what does not belong, a
quarter have resources shuffled, doubled or swapped between patients, a quarter are damaged bytes.
Every bundle must give cases or errors of one printable line each; every case must become a patient
whose treatments can be checked (and with --model ranked). Bundles are cut to the resources that a
case is made of. Prints the counts; exit status 1 with the first offence.
"""

import argparse
import copy
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.mutated_json import broken, damaged
from kg.case import ClinicalCase, CodedItem
from kg.cases import CaseError
from kg.cases.document import cases_of_bytes
from kg.lookup import CodeLookup
from kg.snapshot import GraphSnapshot
from kg.vocabulary import NodeType
from reasoning.loading import open_graph
from reasoning.safety import SafetyCheck, patient_context
from reasoning.treat import TreatmentRanker

SLOW_SECONDS = 10.0
RESOURCES = frozenset({
    "AllergyIntolerance", "Condition", "DiagnosticReport", "Medication", "MedicationRequest",
    "MedicationStatement", "Observation", "Patient",
})  # fmt: skip
MOST_ENTRIES = 60
WRONG: tuple[Any, ...] = (
    None, 0, -1, 1e308, 10**400, True, "", " ", "\ud800", "HP:1", "x" * 3000, "\x00", "P-5Y", [],
    [[]], {}, {"id": 3}, [None], ["a"], [{}], {"coding": [{}]}, "2020-02-30", "9999-12-31",
    "http://snomed.info/sct", "77386006", {"reference": "Patient/other"}, {"value": "high"},
    {"value": -1e12, "unit": "mg/dL"}, "\u202e",
    {"coding": [{"system": "http://loinc.org", "code": "2160-0"}]},
    "entered-in-error", "urn:uuid:0",
)  # fmt: skip


def bundles(folder: Path, rng: random.Random) -> list[dict[str, Any]]:
    """The bundles of a folder, cut to what a case is made of."""
    found = []
    for path in sorted(folder.rglob("*.json")):
        document = json.loads(path.read_bytes())
        entries = [e for e in document.get("entry", ()) if kind_of(e) in RESOURCES]
        patients = [e for e in entries if kind_of(e) == "Patient"]
        others = [e for e in entries if kind_of(e) != "Patient"]
        for entry in others:  # reports of many pages are the same bytes again and again
            entry["resource"].pop("presentedForm", None)
        chosen = rng.sample(others, min(len(others), MOST_ENTRIES))
        found.append({**document, "entry": patients + chosen})
    return found


def kind_of(entry: dict[str, Any]) -> str:
    """Type of the resource of an entry."""
    return str(entry.get("resource", {}).get("resourceType", ""))


def odd(document: dict[str, Any], other: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    """Resources shuffled, doubled, or mixed with those of another patient."""
    entries = copy.deepcopy(document["entry"])
    action = rng.random()
    if action < 0.3:
        entries += copy.deepcopy(entries)
    elif action < 0.6:
        entries += copy.deepcopy(other["entry"])
    elif action < 0.8:
        entries = [e for e in entries if kind_of(e) != "Patient"]
    rng.shuffle(entries)
    return {**document, "entry": entries}


def mutants(documents: list[dict[str, Any]], count: int, rng: random.Random) -> Iterator[bytes]:
    """Bytes of each mutated bundle."""
    for _ in range(count):
        document = rng.choice(documents)
        action = rng.random()
        if action < 0.5:
            yield json.dumps(broken(document, rng, wrong=WRONG, most=6)).encode()
        elif action < 0.75:
            yield json.dumps(odd(document, rng.choice(documents), rng)).encode()
        else:
            yield damaged(document, rng)


class Route:
    """What every bundle goes through.

    Args:
        snapshot: The graph.
        ranker: Ranks treatments too; None without a model.
    """

    def __init__(self, snapshot: GraphSnapshot, ranker: TreatmentRanker | None) -> None:
        self._snapshot = snapshot
        self._lookup = CodeLookup(snapshot)
        self._check = SafetyCheck(snapshot)
        self._ranker = ranker
        unknown = CodedItem(id="nothing:0", label="a name that nothing bears")
        for look in (self._lookup.condition, self._lookup.medicine):
            look(unknown)  # makes the index of names, once
        self._drugs = snapshot.nodes_of(NodeType.DRUG).tolist()

    def go(self, data: bytes, rng: random.Random) -> Counter[str]:
        """Counts of cases, warnings and errors; raises `AssertionError` on an offence."""
        counts: Counter[str] = Counter()
        found = list(cases_of_bytes(data, where="bundle.json", fallback_id="b"))
        assert found, "nothing came back"
        for item in found:
            if isinstance(item, CaseError):
                line = str(item)
                assert line.startswith("bundle.json"), line
                assert line.isprintable(), line
                line.encode()
                counts[item.severity] += 1
                continue
            assert isinstance(item, ClinicalCase)
            assert ClinicalCase.from_json(item.to_json()) == item
            counts["case"] += 1
            patient = patient_context(self._snapshot, self._lookup, item).patient
            for drug in rng.sample(self._drugs, min(20, len(self._drugs))):
                counts["alert"] += len(self._check.alerts(drug, patient))
            if self._ranker is not None and item.has_input():
                (answer,) = self._ranker.answer_cases([item], top=3, paths=1)
                counts["answer"] += 1
                counts["unresolved"] += len(answer.unresolved_inputs)
        return counts


def main() -> int:
    """Runs the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("graph", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--bundles", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--model", type=Path)
    asked = parser.parse_args()
    rng = random.Random(asked.seed)  # noqa: S311
    documents = bundles(asked.folder, rng)
    ranker = None if asked.model is None else TreatmentRanker.load(asked.model)
    snapshot = open_graph(asked.graph) if ranker is None else ranker.predictor.graph
    way = Route(snapshot, ranker)
    counts: Counter[str] = Counter()
    slowest = 0.0
    for number, data in enumerate(mutants(documents, asked.bundles, rng), start=1):
        start = time.process_time()
        try:
            counts += way.go(data, rng)
        except Exception as error:
            kept = Path("offence.json")
            kept.write_bytes(data)
            print(f"bundle {number}: {type(error).__name__}: {error}; kept as {kept}")
            return 1
        slowest = max(slowest, time.process_time() - start)
        if slowest > SLOW_SECONDS:
            print(f"bundle {number} took {slowest:.1f} s of CPU")
            return 1
    print(f"{asked.bundles} bundles, no crash; slowest {slowest:.2f} s of CPU; {dict(counts)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
