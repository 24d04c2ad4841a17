"""How many generated identifiers de-identification finds, and how much it takes from clean notes.

Notes are generated from sentence patterns with identifiers of known place; some names stand
without a title or another word that tells them. Two counts matter: the share of identifiers of
which nothing is left (recall), and the share of words lost in notes without any identifier: the
shipped ones, and with `--mirror` the reports of Open-i. Rules and patterns are by the same hand,
so recall on real notes will be lower.

    python benchmarks/deidentify.py --notes 1000 --mirror ../shared/data [--presidio]

`--presidio` runs presidio-analyzer, where it is installed, over the same notes with a blank
language model, which is what can be had offline.
"""

import argparse
import csv
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np

from kg.case import ClinicalCase
from kg.files import default_mirror
from kg.notes.deidentify import find_identifiers

_FIRST = re.findall(
    r"\S+",
    "Amelia Bram Chidi Dagny Elif Farid Greta Hiro Ines Jorge Katya Liam Mei Nadia Omar "
    "Priya Quentin Rosa Sven Tomoko Uma Viktor Wanda Xavier Yusuf Zoe Anne-Marie Siobhan ",
)
_LAST = re.findall(
    r"\S+",
    "Abara Bergström Castillo Dubois Eriksen Fujimoto García Hartmann Ivanova Johansson "
    "Kowalski Lindqvist Mbeki Nakamura O'Brien Petrov Quispe Rossi Singh Tanaka Usman "
    "Vasquez Whitfield Xu Yamada Zielinski Smith-Jones MacLeod ",
)
_STREETS = ("Maple", "Church", "High", "Station", "Jefferson", "Rose Hill", "King", "Mill")
_TOWNS = ("Springfield", "Riverton", "Ashford", "Lakeside", "Greenville", "Norwood")
_PATTERNS = (
    "Mr. {name} was admitted on {date} with fever and cough.",
    "Patient: {name}, MRN: {record}. DOB: {date}.",
    "{name} is a 45-year-old woman with pulmonary fibrosis.",
    "{name} is a {old}-year-old man with ataxia.",
    "Seen by Dr. {name} at {place}.",
    "Her husband {name} can be reached at {phone}.",
    "Results were sent to {mail} on {date}.",
    "Lives at {street}.",
    "Discussed with {name}, MD, who agrees.",
    "SSN {social}. Insurance number {record}.",
    "Signed: {name} {date}",
    "We told {name} about the results.",
    "No word from {name} since.",  # nothing in this and the next tells that it is a name
    "{name}: stable overnight.",
    "{name} denies chest pain.",
    "Follow-up with {name} in two weeks.",
)


def generated(n: int, rng: np.random.Generator) -> list[tuple[str, list[tuple[str, int, int]]]]:
    """Notes with their identifiers: kind, first character, behind the last."""
    notes = []
    for _ in range(n):
        text, marks = "", []
        chosen = rng.choice(len(_PATTERNS), size=4, replace=False)
        for pattern in (_PATTERNS[i] for i in chosen):
            rest = pattern
            while "{" in rest:
                before, _, rest = rest.partition("{")
                key, _, rest = rest.partition("}")
                value = _value(key, rng)
                text += before
                marks.append((key, len(text), len(text) + len(value)))
                text += value
            text += rest + " "
        notes.append((text, marks))
    return notes


def _value(kind: str, rng: np.random.Generator) -> str:
    def digits(n: int) -> str:
        return "".join(map(str, rng.integers(1, 10, n)))

    first, last = rng.choice(_FIRST), rng.choice(_LAST)
    day, month, year = rng.integers(1, 29), rng.integers(1, 13), rng.integers(1950, 2024)
    words = "January February March April May June July August September October November December"
    match kind:
        case "name":
            return str(rng.choice([f"{first} {last}", f"{first[0]}. {last}", str(last)]))
        case "date":
            name = words.split()[month - 1]
            forms = (
                f"{day}/{month}/{year}", f"{year}-{month:02}-{day:02}", f"{day} {name} {year}",
                f"{name} {day}, {year}", f"{day}.{month}.{year}", f"{name[:3]} {day}",
            )  # fmt: skip
            return str(rng.choice(forms))
        case "record":
            return str(rng.choice([digits(8), f"H{digits(6)}", f"{digits(3)}-{digits(5)}"]))
        case "phone":
            numbers = (
                f"({digits(3)}) {digits(3)}-{digits(4)}", f"{digits(3)}-{digits(3)}-{digits(4)}",
                f"+44 {digits(4)} {digits(3)} {digits(4)}", f"{digits(3)}.{digits(3)}.{digits(4)}",
            )  # fmt: skip
            return str(rng.choice(numbers))
        case "mail":
            return f"{first}.{last}@example.org".lower().replace("'", "")
        case "street":
            town = rng.choice(_TOWNS)
            return f"{digits(2)} {rng.choice(_STREETS)} Street, {town}, MA {digits(5)}"
        case "place":
            return f"{rng.choice(_TOWNS)} General Hospital"
        case "social":
            return f"{digits(3)}-{digits(2)}-{digits(4)}"
    return str(rng.integers(90, 105))


def _own(note: str) -> list[tuple[int, int]]:
    return [(one.start, one.end) for one in find_identifiers(note)]


def _presidio() -> Callable[[str], list[tuple[int, int]]]:
    import spacy
    from presidio_analyzer import AnalyzerEngine
    from presidio_analyzer.nlp_engine import SpacyNlpEngine

    engine = SpacyNlpEngine(models=[{"lang_code": "en", "model_name": "blank"}])
    engine.nlp = {"en": spacy.blank("en")}
    analyzer = AnalyzerEngine(nlp_engine=engine, supported_languages=["en"])
    return lambda note: [(r.start, r.end) for r in analyzer.analyze(text=note, language="en")]


def main() -> None:
    """Run as a script."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--notes", type=int, default=1000)
    parser.add_argument("--mirror", type=Path, default=default_mirror())
    parser.add_argument("--presidio", action="store_true")
    given = parser.parse_args()
    notes = generated(given.notes, np.random.default_rng(0))
    clean = _clean_notes(given.mirror)
    for name, find in (("own", _own), *((("presidio", _presidio()),) if given.presidio else ())):
        there: Counter[str] = Counter()
        gone: Counter[str] = Counter()
        for text, marks in notes:
            spans = find(text)
            for kind, start, end in marks:
                there[kind] += 1
                covered = {i for a, b in spans for i in range(a, b)}
                gone[kind] += all(i in covered for i in range(start, end) if text[i].isalnum())
        print(f"\n{name}: {sum(gone.values()) / sum(there.values()):.3f} of {sum(there.values())}")
        for kind in sorted(there):
            print(f"| {kind} | {gone[kind] / there[kind]:.3f} | {there[kind]} |")
        for source, texts in clean.items():
            texts = texts if name == "own" else texts[:200]
            lost = sum(len(t[a:b].split()) for t in texts for a, b in find(t))
            total = sum(len(t.split()) for t in texts)
            print(f"clean notes, {source}: {lost} of {total} words taken ({lost / total:.4%})")


def _clean_notes(mirror: Path | None) -> dict[str, list[str]]:
    path = Path(__file__).parents[1] / "kg" / "data" / "demo_cases.jsonl"
    cases = [ClinicalCase.from_json(line) for line in path.read_text("utf-8").splitlines()]
    clean = {"shipped": [case.note for case in cases if case.note]}
    if mirror is not None and (mirror / "openi_reports").is_dir():
        with (mirror / "openi_reports" / "indiana_reports.csv").open(encoding="utf-8") as file:
            clean["Open-i"] = [row["findings"] for row in csv.DictReader(file)]
    return clean


if __name__ == "__main__":
    main()
