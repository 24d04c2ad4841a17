"""Time of `treat` for one patient, all treatments ranked, with paths and all safety rules.

Usage: `python benchmarks/treat_speed.py MODEL CASES [--patients 100] [--top 10] [--paths 3]`

The model is loaded once and asked once before the clock runs. Prints the median and the 95th
percentile of the whole answer, by the clock and of processor time (which a busy machine does not
change), and of the safety rules alone over the treatments that were shown. CASES are what `iatros
treat` takes.
"""

import argparse
import itertools
import time
from pathlib import Path

import numpy as np

from kg.case import ClinicalCase
from kg.cases import read_cases
from reasoning.coded import lookup_of
from reasoning.safety import SafetyCheck, patient_context
from reasoning.treat import TreatmentRanker

__all__ = ["main"]


def main() -> None:
    """Runs the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("cases", type=Path, nargs="+")
    parser.add_argument("--patients", type=int, default=100)
    parser.add_argument("--top", type=int, default=10)
    parser.add_argument("--paths", type=int, default=3)
    asked = parser.parse_args()
    ranker = TreatmentRanker.load(asked.model)
    found = (case for case in read_cases(asked.cases) if isinstance(case, ClinicalCase))
    cases = list(itertools.islice(found, asked.patients + 1))
    snapshot = ranker.predictor.graph
    check, lookup = SafetyCheck(snapshot), lookup_of(snapshot)
    whole, processor, safety = [], [], []
    for number, case in enumerate(cases):
        start, used = time.perf_counter(), time.process_time()
        (answer,) = ranker.answer_cases([case], top=asked.top, paths=asked.paths)
        took, used = time.perf_counter() - start, time.process_time() - used
        start_safety = time.process_time()
        patient = patient_context(snapshot, lookup, case).patient
        for treatment in answer.treatments:
            node = snapshot.index(treatment.treatment.id)
            if node is not None:
                check.alerts(node, patient)
        if number:  # the first one fills caches
            whole.append(took)
            processor.append(used)
            safety.append(time.process_time() - start_safety)
    named = {
        "whole answer, clock": whole,
        "whole answer, processor": processor,
        "patient and safety rules, processor": safety,
    }
    for name, times in named.items():
        middle, high = np.percentile(np.asarray(times) * 1000, [50, 95])
        print(f"{name}: median {middle:.1f} ms, 95th percentile {high:.1f} ms, n = {len(times)}")


if __name__ == "__main__":
    main()
