#!/usr/bin/env python3
"""Rank treatments for patients with a trained model, from Python.

Run:  python scripts/rank_treatments.py models/demo patient.json [more cases ...]
"""

import sys
from pathlib import Path

from kg.case import ClinicalCase
from kg.cases import read_cases
from reasoning.errors import InputError
from reasoning.render import describe_path
from reasoning.treat import TreatmentRanker


def main() -> None:
    """Print the best treatments of each patient with their first evidence path and alerts."""
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    ranker = TreatmentRanker.load(Path(sys.argv[1]))
    for case in read_cases([Path(p) for p in sys.argv[2:]]):
        if not isinstance(case, ClinicalCase):
            print(case, file=sys.stderr)
            continue
        (answer,) = ranker.answer_cases([case], top=5)
        print(f"\n{answer.case_id}: {answer.diagnoses[0].disease.label}?")
        for treatment in answer.treatments:
            print(f"{treatment.rank:3d}. {treatment.treatment.label} [{treatment.status}]")
            for path in treatment.paths[:1]:
                print(f"     {describe_path(path)}")
            for alert in treatment.alerts:
                print(f"     {alert.severity.upper()}: {alert.reason}")


if __name__ == "__main__":
    try:
        main()
    except InputError as error:  # one line instead of a traceback
        sys.exit(f"{error}")
