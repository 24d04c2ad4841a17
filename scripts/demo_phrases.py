"""How a coded finding becomes a phrase: labels of HPO in the words of a clinician.

Decides the phrase of one finding and the organ system that it is told under. How phrases become a
note is decided in `demo_note`.
"""

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Phrasebook"]

SPECIFIC_FIRST = (
    "HP:0002664", "HP:0001574", "HP:0000478", "HP:0000598", "HP:0000119", "HP:0001871",
    "HP:0002715", "HP:0001626", "HP:0002086", "HP:0025031", "HP:0000818", "HP:0000707",
    "HP:0000152", "HP:0000924", "HP:0003011", "HP:0001939", "HP:0001507",
)  # fmt: skip

COUNTABLE = frozenset(
    (
        "aneurysm", "appearance", "arch", "arrest", "arteriosus", "artery", "block",
        "border", "bridge", "callosum", "carcinoma", "chest", "chin", "concentration",
        "cough", "count", "cry", "defect", "deformity", "disorder", "effusion",
        "face", "fontanelle", "forehead", "gait", "goiter", "hairline", "hallux",
        "hernia", "humerus", "infiltrate", "interval", "lesion", "level", "lipoma",
        "membrane", "murmur", "neck", "nose", "ovale", "palate", "patch",
        "philtrum", "posture", "radius", "rash", "rate", "ratio", "reflex",
        "ridge", "spleen", "sternum", "stroke", "thumb", "time", "tumor",
        "uvula", "valve", "vermilion",
    )
)  # fmt: skip
PLURAL = {
    "papule": "papules", "macule": "macules", "eyebrow": "eyebrows", "eyelash": "eyelashes",
    "sclerae": "sclerae", "contracture": "contractures", "fissure": "fissures", "cyst": "cysts",
    "ear": "ears", "earlobe": "earlobes", "hamartoma": "hamartomas", "fibroma": "fibromas",
    "rhabdomyoma": "rhabdomyomas", "seizure": "seizures", "eye": "eyes",
    "metacarpal": "metacarpals",
    "nodule": "nodules", "pad": "pads", "crease": "creases", "abscess": "abscesses",
    "hamartomas": "hamartomas", "toe": "toes", "sinus": "sinuses", "vein": "veins",
}  # fmt: skip
KEEP = re.compile(r"^(?:[A-Z]{2}|[A-Z]-|[A-Z]\d|\w*\d|Achilles|Pneumocystis|Coombs|Candida|Mobitz|"
                  r"Chiari|Lisch|Babinski|BCG|HbA|TSH|Anti-|[A-Z]\w*[A-Z])")  # fmt: skip
REWORDED: tuple[tuple[str, str], ...] = (
    (
        r"(?:Elevated|Increased) circulating (.+?) (?:concentration|level|activity)",
        r"a raised blood \1",
    ),
    (r"(?:Decreased|Reduced) circulating (.+?) (?:concentration|level)", r"a low blood \1"),
    (r"(?:Decreased|Reduced) circulating (.+)", r"a low blood \1"),
    (r"Abnormal circulating (.+?) (?:concentration|level|activity)", r"an abnormal blood \1"),
    (r"(?:Elevated|Increased) urin(?:ary|e) (.+?)(?: level)?", r"raised urinary \1"),
    (r"Increased (total .+?) count", r"a raised \1 count"),
    (r"Increased (?:serum )?(.+?) (?:concentration|level)", r"a raised \1"),
    (r"Decreased (total .+?|.+ T cell) (?:count|proportion)", r"a low \1 count"),
    (r"Decreased (.+?) (?:concentration|level)", r"a low \1"),
    (r"Elevated (.+?) proportion", r"a high share of \1s"),
    (r"Anti-(.+) antibod(?:y|ies)(?: positivity)?", r"antibodies to \1"),
    (r"(.+?) antibody positivity", r"positive \1 antibodies"),
    (r"(?:Impaired) (.+)-induced platelet aggregation", r"poor platelet aggregation with \1"),
    (r"Aplasia/Hypoplasia of (.+)", r"a missing or small \1"),
    (
        r"(Mildly|Moderately|Severely) reduced left ventricular ejection fraction",
        r"a \1 reduced ejection fraction",
    ),
    (r"EEG with (.+)", r"\1 on EEG"),
    (r"(.+) on MRI", r"\1 on MRI"),
    (r"Stage (\d) chronic kidney disease", r"chronic kidney disease of stage \1"),
    (r"Recurrent abscess formation", "recurrent abscesses"),
)
"""Patterns over HPO labels, tried in order; the phrase table of the folder goes first."""

AMERICAN = (
    (r"(?<!a)emia(s?)\b", r"aemia\1"), (r"\bhem(oglobin|olytic|at|orrhage)", r"haem\1"),
    (r"\btumor", "tumour"), (r"edema\b", "oedema"), (r"rrhea\b", "rrhoea"), (r"pnea\b", "pnoea"),
    ("esophag", "oesophag"), (r"\bceliac", "coeliac"), ("ischemi", "ischaemi"),
    ("pheochr", "phaeochr"), ("fiber", "fibre"), ("kalemic", "kalaemic"), ("hemaggl", "haemaggl"),
    ("[Gg]eneralized", "generalised"), ("[Cc]afe-au-lait", "café-au-lait"),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrasebook:
    """What the wording rests on: labels and branches of HPO, and the phrases made by hand."""

    branches: Mapping[str, frozenset[str]]
    phrases: Mapping[str, str]

    @classmethod
    def read(cls, path: Path, *, branches: Mapping[str, frozenset[str]]) -> "Phrasebook":
        """Phrasebook of a table with the columns `label` and `phrase`."""
        with path.open(encoding="utf-8", newline="") as handle:
            rows = csv.DictReader(handle, delimiter="\t")
            phrases = {row["label"]: row["phrase"] for row in rows}
        return cls(branches=branches, phrases=phrases)

    def system(self, term: str) -> str:
        """HPO id of the organ system that a finding is told under; empty when none fits."""
        above = self.branches.get(term, frozenset())
        return next((branch for branch in SPECIFIC_FIRST if branch in above), "")

    def phrase(self, label: str) -> str:
        """A finding as a noun phrase that can be the object of any sentence pattern."""
        if label in self.phrases:
            return self.phrases[label]
        for pattern, text in REWORDED:
            found = re.fullmatch(pattern, label)
            if found:
                return _british(_lower_first(_lower_mild(found.expand(text))))
        words = _british(_lower_first(label))
        last = words.rsplit(" ", 1)[-1]
        if last in PLURAL and " of " not in words:
            return words[: len(words) - len(last)] + PLURAL[last]
        if last in COUNTABLE and " of " not in words:
            return f"an {words}" if words[0] in "aeiou" else f"a {words}"
        return words


def _lower_first(text: str) -> str:
    return text if KEEP.match(text) else text[:1].lower() + text[1:]


def _lower_mild(text: str) -> str:
    return re.sub(r"\b(Mildly|Moderately|Severely)\b", lambda m: m.group().lower(), text)


def _british(text: str) -> str:
    for american, british in AMERICAN:
        text = re.sub(american, british, text)
    return text
