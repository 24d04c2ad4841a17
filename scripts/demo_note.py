"""Short clinical notes, in the project's own words, from the coded facts of a case.

Decides which findings a note names, in which order, by which sentence patterns. A note names
neither the diagnosis nor a gene. The phrase of one finding is decided in `demo_phrases`, which
cases there are in `make_demo_cohort`.
"""

import re
from collections.abc import Mapping, Sequence

import numpy as np
from demo_phrases import Phrasebook

from kg.case import ClinicalCase, Observation

__all__ = ["write_note"]

MAX_FINDINGS = 11
MAX_NEGATIVES = 4

SYSTEMS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (
        "HP:0025031",
        "digestive",
        ("Gastrointestinal findings are", "The abdomen and gut are affected by"),
    ),
    ("HP:0001626", "heart", ("Cardiac assessment showed", "The cardiovascular work-up found")),
    ("HP:0000707", "nerves", ("Neurological findings are", "The neurological picture includes")),
    ("HP:0003011", "muscle", ("Neuromuscular findings are", "Muscle examination showed")),
    ("HP:0000924", "skeleton", ("The skeleton shows", "Musculoskeletal findings include")),
    ("HP:0000478", "eyes", ("Eye examination showed", "Ophthalmological review found")),
    ("HP:0000598", "ears", ("ENT review found", "Ear and hearing findings are")),
    ("HP:0000152", "face", ("The face and head show", "Craniofacial features include")),
    ("HP:0001574", "skin", ("The skin shows", "Skin and hair examination found")),
    ("HP:0002715", "immunity", ("The immune work-up found", "Immunological findings are")),
    ("HP:0001871", "blood", ("Blood counts and film showed", "Haematology showed")),
    ("HP:0000119", "kidney", ("Renal and urinary findings are", "The kidneys and urine show")),
    ("HP:0000818", "hormones", ("Endocrine review found", "Hormonal assessment showed")),
    ("HP:0001939", "metabolism", ("Laboratory tests showed", "Biochemistry showed")),
    ("HP:0002086", "lungs", ("Respiratory findings are", "The chest is affected by")),
    ("HP:0001507", "growth", ("Growth is marked by", "Growth records show")),
    ("HP:0002664", "tumours", ("Tumour surveillance found", "Imaging and biopsy found")),
)
"""HPO branch, our name, and openings of a sentence about it."""

LOOSE = frozenset(
    (
        "Dehydration", "Hypernatremic dehydration", "Fever", "Bruising susceptibility",
        "Foam cells",
        "Splenomegaly", "Hepatosplenomegaly", "Generalized edema", "Fetal ascites", "Hypotonia",
    )
)  # fmt: skip
"""Labels that HPO puts under a system where no reader would look for them."""


def _join(items: Sequence[str], *, last: str = "and") -> str:
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {last} {items[-1]}"


def _who(case: ClinicalCase) -> str:
    age = case.age_years
    male = case.sex == "male"
    if age is None:
        return {"male": "male patient", "female": "female patient"}.get(case.sex or "", "patient")
    if age < 1 / 12:
        noun = {"male": "newborn boy", "female": "newborn girl"}.get(case.sex or "", "newborn")
        return noun
    noun = "child" if age < 18 else "patient"
    if case.sex in ("male", "female"):
        young, old = ("boy", "man") if male else ("girl", "woman")
        noun = young if age < 18 else old
    if age < 2:
        return f"{max(1, round(age * 12))}-month-old {noun}"
    return f"{int(age)}-year-old {noun}"


def _article(words: str) -> str:
    return "an" if re.match(r"(?:8|11-|18-|adult|[aeiou])", words) else "a"


def _bare(phrase: str) -> str:
    """The phrase without its article, as it stands after "no"."""
    return re.sub(r"^(?:an?|the) ", "", phrase)


def _openings(who: str, main: str) -> tuple[str, ...]:
    one = f"{_article(who)} {who}"
    capital = one[0].upper() + one[1:]
    return (
        f"{capital} presents with {main}.",
        f"{capital} was referred because of {main}.",
        f"This {who} has {main}.",
        f"We saw {one} with {main}.",
        f"The leading problems of this {who} are {main}." if " and " in main else
        f"The leading problem of this {who} is {main}.",
        f"{capital} is under review for {main}.",
        f"Referral of {one}: {main}.",
        f"{capital} came to the clinic with {main}.",
    )  # fmt: skip


def _age_words(onset: str) -> str:
    found = re.fullmatch(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?", onset)
    if not found:
        named = {
            "HP:0003577": "birth", "HP:0003623": "the neonatal period", "HP:0003593": "infancy",
            "HP:0011463": "childhood", "HP:0003621": "the juvenile years",
        }  # fmt: skip
        return named.get(onset, "")
    years, months, weeks, days = (int(part or 0) for part in found.groups())
    if years >= 2:
        return f"the age of {years} years"
    if years or months:
        months += 12 * years
        return f"the age of {months} month{'s' if months > 1 else ''}"
    days += 7 * weeks
    return f"the age of {days} day{'s' if days > 1 else ''}" if days else "birth"


def _choose(items: Sequence[Observation], size: int, rng: np.random.Generator) -> list[Observation]:
    if len(items) <= size:
        return list(items)
    keep = sorted(rng.choice(len(items), size=size, replace=False).tolist())
    return [items[i] for i in keep]


def write_note(
    case: ClinicalCase, book: Phrasebook, *, onset: str | None, rng: np.random.Generator
) -> str:
    """A note of two to five sentences that states facts of the case only.

    Args:
        case: The facts; its diagnoses and genes are not read.
        book: The wording of findings.
        onset: Onset of the illness (HPO class or ISO 8601 age), None when unknown.
        rng: Picks findings and patterns.
    """
    told = {o.term: o for o in case.phenotypes if o.status == "present" and o.label}
    present = _choose(list(told.values()), MAX_FINDINGS, rng)
    groups: dict[str, list[str]] = {}
    for finding in present:
        words = book.phrase(finding.label or "")
        if all(words not in group for group in groups.values()):
            system = "" if finding.label in LOOSE else book.system(finding.term)
            groups.setdefault(system, []).append(words)
    order = sorted(groups, key=lambda s: (-len(groups[s]), s))
    lead = groups.pop(order[0])
    main, rest = lead[:3], lead[3:]
    who = _who(case)
    patterns = _openings(who, _join(main))
    sentences = [patterns[rng.integers(len(patterns))]]
    when = _age_words(onset) if onset else ""
    if when and case.age_years is not None and case.age_years >= 1:
        said = (
            f"Onset was at {when}.",
            f"The illness began at {when}.",
            f"First signs date from {when}.",
        )
        if when.startswith(("the neonatal", "infancy", "childhood", "the juvenile")):
            said = (
                f"Onset was in {when}.",
                f"The illness began in {when}.",
                f"First signs date from {when}.",
            )
        sentences.append(said[rng.integers(len(said))])
    most = 2 if len(sentences) == 1 else 1
    sentences += _by_system(groups, rest, order=order, most=most, rng=rng)
    implied = frozenset().union(*(book.branches.get(term, frozenset()) for term in told))
    negatives = [
        _bare(book.phrase(o.label))
        for o in case.phenotypes
        if o.status == "excluded" and o.label and o.term not in implied
    ]
    negatives = [
        n for n in dict.fromkeys(negatives) if not n.startswith(("no ", "absent", "absence"))
    ]
    if negatives:
        picked = [
            negatives[i] for i in sorted(rng.permutation(len(negatives))[:MAX_NEGATIVES].tolist())
        ]
        told_no = _join(picked, last="or")
        frames = (
            f"The patient has no {told_no}.", f"There is no evidence of {told_no}.",
            f"Examination showed no {told_no}.", f"No sign of {told_no}.",
            f"There were no signs of {told_no}.",
            f"On questioning and examination there was no evidence of {told_no}.",
        )  # fmt: skip
        sentences.append(frames[rng.integers(len(frames))])
    return " ".join(sentences)


def _by_system(
    groups: Mapping[str, list[str]],
    rest: list[str],
    *,
    order: Sequence[str],
    most: int,
    rng: np.random.Generator,
) -> list[str]:
    openings = {branch: texts for branch, _, texts in SYSTEMS}
    spoken: list[str] = []
    loose: list[str] = list(rest)
    for system in order[1:]:
        items = groups[system]
        if len(items) >= 2 and system in openings and len(spoken) < most:
            texts = openings[system]
            spoken.append(f"{texts[rng.integers(len(texts))]} {_join(items)}.")
        else:
            loose += items
    if loose:
        frames = (
            "Also noted:",
            "Further findings are",
            "In addition, the record lists",
            "Other features include",
        )
        frame = frames[rng.integers(len(frames))] if len(loose) > 1 else "Also noted:"
        spoken.append(f"{frame} {_join(loose)}.")
    return spoken
