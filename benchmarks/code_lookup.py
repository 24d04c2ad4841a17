"""Share of the codes of clinical records that a graph knows: FHIR bundles and MIMIC-IV patients.

Counts distinct codes, and items of patients, before (`GraphSnapshot.index`: a code is an id of a
node) and after (`kg.lookup.CodeLookup`), by how each was found. Run:
`python benchmarks/code_lookup.py GRAPH/snapshot MIRROR/fhir_synthea MIRROR/mimic_iv_demo`.
"""

import argparse
import json
from collections import Counter, defaultdict
from pathlib import Path

from kg.case import ClinicalCase, CodedItem
from kg.cases import read_cases
from kg.lookup import CodeLookup
from kg.snapshot import GraphSnapshot

__all__ = ["main", "measure"]


def measure(snapshot: GraphSnapshot, folder: Path) -> dict[str, dict[str, object]]:
    """Counts for conditions, medicines and allergies of the cases of one folder."""
    lookup = CodeLookup(snapshot)
    distinct: dict[str, dict[str, CodedItem]] = defaultdict(dict)
    uses: dict[str, Counter[str]] = defaultdict(Counter)
    for case in read_cases([folder]):
        if not isinstance(case, ClinicalCase):
            continue
        kinds = {
            "condition": (*case.conditions, *case.past_conditions),
            "medicine": case.medicines,
            "allergy": case.allergies,
        }
        for kind, listed in kinds.items():
            for item in listed:
                distinct[kind].setdefault(item.id, item)
                uses[kind][item.id] += 1
    found: dict[str, dict[str, object]] = {}
    for kind, items in distinct.items():
        before = {code for code in items if snapshot.index(code) is not None}
        after = {code: getattr(lookup, kind)(item) for code, item in items.items()}
        hows = Counter(f.how for f in after.values() if f is not None)
        resolved = {code for code, f in after.items() if f is not None}
        n_uses = uses[kind].total()
        found[kind] = {
            "codes": len(items),
            "uses": n_uses,
            "before": round(len(before) / len(items), 3),
            "after": round(len(resolved) / len(items), 3),
            "uses_before": round(sum(uses[kind][c] for c in before) / n_uses, 3),
            "uses_after": round(sum(uses[kind][c] for c in resolved) / n_uses, 3),
            "how": dict(hows.most_common()),
            "lost": [
                f"{code} {items[code].label or ''}".strip()
                for code, _ in uses[kind].most_common()
                if code not in resolved
            ],
        }
    return found


def main() -> None:
    """Print the counts as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("snapshot", type=Path)
    parser.add_argument("cases", type=Path, nargs="+")
    arguments = parser.parse_args()
    snapshot = GraphSnapshot.load(arguments.snapshot)
    result = {path.name: measure(snapshot, path) for path in arguments.cases}
    print(json.dumps(result, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
