"""Mutated phenopackets through the whole of `iatros diagnose`: no crash, no hang, a clear line.

Usage: `python -m benchmarks.fuzz_phenopackets MODEL CASES.zip [--cases 10000] [--seed 0]`

A third of the documents are schema-valid but odd (terms shuffled, repeated, unknown, obsolete,
hundreds of them, contradicting, other sexes and ages), a third are broken in structure, a third are
damaged bytes. Every document must give answers or errors of one printable line each, in bounded
time; every shuffled or repeated case must get the answer of the original. Prints the counts; exit
status 1 with the first offence. CASES.zip is a zip of phenopackets or a folder of them.
"""

import argparse
import copy
import json
import random
import sys
import time
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.mutated_json import broken, damaged
from kg.case import ClinicalCase
from kg.cases import CaseError
from kg.cases.document import cases_of_bytes
from reasoning.answer import Answer
from reasoning.diagnose import Diagnoser

SLOW_SECONDS = 10.0
BATCH = 64
WRONG: tuple[Any, ...] = (
    None, 0, -1, 1e308, 10**400, True, "", " ", "\ud800", "HP:1", "HP:0001250", "x" * 3000, "\x00",
    "P-5Y", "P1000Y", [], [[]], {}, {"id": 3}, [None], ["a"], [{}], {"coding": [{}]}, "2020-02-30",
    "MONDO:0000001", "\u202e", float("inf"), {"a": {"b": {"c": {}}}}, "hp:0001250", "HP_0001250",
)  # fmt: skip
ODD_TERMS = ("HP:9999999", "HP:0000118", "HP:0000001", "HP:0000005", "MONDO:0005027", "HP:0001250")


def documents(path: Path) -> list[dict[str, Any]]:
    """Phenopackets of a zip or a folder."""
    if path.is_dir():
        return [json.loads(file.read_text()) for file in sorted(path.rglob("*.json"))]
    with zipfile.ZipFile(path) as archive:
        names = sorted(n for n in archive.namelist() if n.endswith(".json"))
        return [json.loads(archive.read(name)) for name in names[:: max(len(names) // 500, 1)]]


def odd(document: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    """Valid by the schema, and nothing that a tidy person would write."""
    document = copy.deepcopy(document)
    features = document.setdefault("phenotypicFeatures", [])
    kind = rng.randrange(7)
    if kind == 0:
        features += [{"type": {"id": t, "label": "?"}} for t in ODD_TERMS]
    elif kind == 1:
        features += [{"type": f["type"], "excluded": True} for f in features]
    elif kind == 2:
        features *= 60
    elif kind == 3:
        del features[:]
    elif kind == 4:
        document["subject"] = {"id": "s", "sex": rng.choice(["OTHER_SEX", "UNKNOWN_SEX", "MALE"])}
        document["subject"]["timeAtLastEncounter"] = {"age": {"iso8601duration": "P130Y"}}
    elif kind == 5:
        for feature in features:
            feature["excluded"] = rng.random() < 0.5
    else:
        document["id"] = "\u65e5\u672c \u05d0 " + "x" * rng.randint(1, 500)
    return document


def same_case(document: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    """The document with its terms shuffled and some of them said again."""
    document = copy.deepcopy(document)
    features = list(document.get("phenotypicFeatures") or [])
    features += [copy.deepcopy(f) for f in features if rng.random() < 0.4]
    rng.shuffle(features)
    document["phenotypicFeatures"] = features
    return document


def mutants(source: list[dict[str, Any]], n: int, rng: random.Random) -> Iterator[bytes]:
    """`n` documents as bytes."""
    for number in range(n):
        document = rng.choice(source)
        if number % 3 == 0:
            yield json.dumps(odd(document, rng)).encode()
        elif number % 3 == 1:
            yield json.dumps(broken(document, rng, wrong=WRONG, most=4)).encode()
        else:
            yield damaged(document, rng)


def check_error(error: CaseError) -> None:
    """One printable line that names the file."""
    line = str(error)
    if not line.startswith("f.json") or not line.isprintable():
        sys.exit(f"an error is not one printable line that names the file: {line!r}")
    line.encode()


def same_answer(first: Answer, second: Answer) -> bool:
    """Same diseases in the same order, with the same probabilities up to rounding."""
    if len(first.diagnoses) != len(second.diagnoses):
        return False
    for one, two in zip(first.diagnoses, second.diagnoses, strict=True):
        near = abs((one.probability or 0.0) - (two.probability or 0.0)) < 1e-4
        tied = abs(one.score - two.score) < 1e-4
        if not near or (one.disease.id != two.disease.id and not tied):
            return False
    return True


def fuzz(engine: Diagnoser, source: list[dict[str, Any]], n: int, seed: int) -> Counter[str]:
    """Runs the mutants; ends the program at the first offence."""
    rng = random.Random(seed)  # noqa: S311 - mutations, not secrets
    counts: Counter[str] = Counter()
    batch: list[ClinicalCase] = []

    def answer() -> None:
        began = time.perf_counter()
        answers = engine.answer(batch, top=10)
        if len(answers) != len(batch):
            sys.exit(f"{len(batch)} cases got {len(answers)} answers")
        for found in answers:
            Answer.model_validate_json(found.model_dump_json())
        if time.perf_counter() - began > SLOW_SECONDS * len(batch):
            sys.exit(f"{len(batch)} cases took {time.perf_counter() - began:.0f} s")
        counts["answers"] += len(answers)
        batch.clear()

    for data in mutants(source, n, rng):
        began = time.perf_counter()
        found = list(cases_of_bytes(data, where="f.json", fallback_id="f"))
        if not found:
            sys.exit(f"neither a case nor an error came of {data[:200]!r}")
        if time.perf_counter() - began > SLOW_SECONDS:
            sys.exit(f"reading took {time.perf_counter() - began:.0f} s: {data[:200]!r}")
        counts["documents"] += 1
        for item in found:
            if isinstance(item, CaseError):
                check_error(item)
                counts[f"{item.severity}s"] += 1
            else:
                batch.append(item)
        if len(batch) >= BATCH:
            answer()
    answer()
    return counts


def check_same(engine: Diagnoser, source: list[dict[str, Any]], n: int, seed: int) -> int:
    """Shuffled and repeated terms give the answer of the original; the number of pairs compared."""
    rng = random.Random(seed + 1)  # noqa: S311 - mutations, not secrets
    pairs = []
    for _ in range(n):
        document = rng.choice(source)
        read = [
            next(cases_of_bytes(json.dumps(d).encode(), where="f.json", fallback_id="f"))
            for d in (document, same_case(document, rng))
        ]
        if all(isinstance(case, ClinicalCase) for case in read):
            pairs.append(read)
    for start in range(0, len(pairs), BATCH):
        some = pairs[start : start + BATCH]
        plain = engine.answer([p[0] for p in some if isinstance(p[0], ClinicalCase)], top=10)
        again = engine.answer([p[1] for p in some if isinstance(p[1], ClinicalCase)], top=10)
        for first, second in zip(plain, again, strict=True):
            if not same_answer(first, second):
                sys.exit(f"case {first.case_id}: another answer with its terms shuffled")
    return len(pairs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("documents", type=Path)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--same", type=int, default=1000, help="Pairs with shuffled terms.")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    engine = Diagnoser.load(options.model)
    source = documents(options.documents)
    began = time.perf_counter()
    counts = fuzz(engine, source, options.cases, options.seed)
    print(", ".join(f"{n} {name}" for name, n in sorted(counts.items())))
    same = check_same(engine, source, options.same, options.seed)
    print(f"{same} cases with shuffled and repeated terms: the same answers")
    print(f"no crash, no hang; {time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
