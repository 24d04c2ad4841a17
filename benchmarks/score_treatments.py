"""Scores the answers of `iatros treat --diseases` against Every Cure's list, without project code.

Decides how a stranger would do it: a listed drug is one of Every Cure's when any of its ids is; the
candidates are all drugs of that list, those that an answer leaves out stand behind the last in a
fixed random order; means over the diseases that were answered. Usage:

    python benchmarks/score_treatments.py answers.jsonl matrix_indication_list.xlsx held_out.txt
"""

import json
import re
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
import polars as pl

_DISEASE, _DRUG = "final normalized disease id", "final normalized drug id"
_SPELLINGS = {"RXCUI": "RXNORM", "CHEMBL.COMPOUND": "CHEMBL", "PUBCHEM.COMPOUND": "PUBCHEM"}


def spelt(curie: str) -> str:
    """One spelling for an id that tables write differently."""
    prefix, _, local = curie.strip().partition(":")
    local = re.sub(r"^(CHEMBL)(?=\d)", "", local)
    return f"{_SPELLINGS.get(prefix.upper(), prefix.upper())}:{local}"


def right_drugs(table: Path) -> dict[str, set[str]]:
    """Drugs of each disease of the list."""
    rows = pl.read_excel(table, columns=[_DISEASE, _DRUG]).drop_nulls()
    found: dict[str, set[str]] = defaultdict(set)
    for disease, drug in rows.iter_rows():
        found[spelt(disease)].add(spelt(drug))
    return found


def metrics(order: list[str], right: set[str], every: list[str]) -> tuple[float, ...]:
    """AUROC, average precision, recall at 10 and 50, reciprocal rank."""
    listed = dict.fromkeys(order)
    ranking = [*listed, *(drug for drug in every if drug not in listed)]
    places = np.asarray([at for at, drug in enumerate(ranking, 1) if drug in right])
    n, wrong = len(places), len(ranking) - len(places)
    above = places - np.arange(1, n + 1)
    return (
        float(1 - above.sum() / (n * wrong)),
        float(np.mean(np.arange(1, n + 1) / places)),
        float(np.mean(places <= 10)),
        float(np.mean(places <= 50)),
        float(1 / places[0]),
    )


def main(answers: Path, table: Path, held_out: Path) -> None:
    """Prints the means, and how many ids were answered and joined."""
    right = right_drugs(table)
    every = np.asarray(sorted({drug for drugs in right.values() for drug in drugs}))
    every = np.random.default_rng(0).permutation(every)
    known = set(every.tolist())
    asked = [spelt(line) for line in held_out.read_text().splitlines() if line.strip()]
    rows, n_listed, n_drugs = [], [], []
    by_disease: dict[str, list[dict]] = {}  # type: ignore[type-arg]
    for line in answers.open(encoding="utf-8"):
        answer = json.loads(line)
        for name in (answer["disease"]["id"], *answer["disease"]["xrefs"]):
            by_disease.setdefault(spelt(name), answer["treatments"])
    for disease in asked:
        if disease not in by_disease or not right.get(disease):
            continue
        order = []
        for entry in by_disease[disease]:
            names = (entry["treatment"]["id"], *entry["treatment"]["xrefs"])
            order += [name for name in map(spelt, names) if name in known]
        rows.append(metrics(order, right[disease], every.tolist()))
        n_listed.append(len(by_disease[disease]))
        n_drugs.append(len(set(order)))
    print(
        f"{len(asked)} ids asked, {sum(d in by_disease for d in asked)} answered, {len(rows)} with"
    )
    print(f"an indication; {np.mean(n_listed):.0f} treatments listed, {np.mean(n_drugs):.0f} of")
    print(f"{len(every)} drugs joined")
    names = ("AUROC", "AP", "Recall@10", "Recall@50", "MRR")
    for name, value in zip(names, np.mean(rows, axis=0), strict=True):
        print(f"{name:10} {value:.4f}")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*map(Path, sys.argv[1:]))
