"""ATC: names and hierarchy of the classification, the drugs that its codes name, NDC packages.

Decides which seven-character code is which drug. Codes with one name are one substance. They merge
with the drug that bears their name, or else (international and American names differ) with the
only drug that DrugBank, or else Every Cure, gives these codes to, if it gives that drug no other
substance: so salts that share a drug's codes stay apart. Names of combinations and remainders
("various") merge with nothing. Package codes (NDC, GSN) are narrower than the code they belong to.
The names of the classes above a code are its text, for drugs that nobody describes.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from kg.files import DataFiles
from kg.statements import Mapping, Node, Statement
from kg.vocabulary import NodeType, Predicate

from .contract import DropReport, Record, SourceFacts
from .drugbank import DRUGS_FILE, drug_rows
from .everycure_list import FILE as LIST_FILE
from .everycure_list import listed_drugs
from .name_forms import plain
from .tables import rows

__all__ = ["Atc", "substances"]

_NAMES = "icd_codes/atc_coding.csv.gz"
_PACKAGES = "icd_codes/gsn_atc_ndc_mapping.csv.gz"
_CODE = re.compile(r"[A-Z](\d\d([A-Z]([A-Z](\d\d)?)?)?)?")
_PARENT_LENGTH = {3: 1, 4: 3, 5: 4, 7: 5}
_NOT_ONE = re.compile(
    r",| and |/|\bcomb|\bother|\bvarious|\bin combination|\bwith\b|preparations|derivatives|"
    r"\bcontaining|\bextracts?\b|\bagents?\b|\bdrugs\b|\bproducts\b|\bsubstances\b",
    re.I,
)


class Atc:
    """Reads the code names and the package codes."""

    facts = SourceFacts(
        name="atc",
        title="WHO Anatomical Therapeutic Chemical classification (names as in ETHOS)",
        homepage="https://github.com/ipolharvard/ethos-paper",
        licence="none stated (WHO classification, reference only)",
        licence_class="unstated",
        release="f14ccc425324",
        gives="ATC classes and hierarchy; drug has ATC code; NDC and GSN package codes",
        files=(_NAMES, _PACKAGES),
    )

    def read(self, files: DataFiles, report: DropReport) -> Iterator[Record]:
        """Stream classes, the substances under them, and what merges with the substances."""
        names = _code_names(files, report)
        for code, name in names.items():
            substance = len(code) == 7
            kind = NodeType.DRUG if substance else NodeType.DRUG_CLASS
            yield Node(
                id=f"ATC:{code}",
                type=kind,
                label=name,
                definition=_classes_above(code, names) if substance else "",
            )
            parent = code[: _PARENT_LENGTH.get(len(code), 0)]
            if parent and parent not in names:
                report.drop("class above a code is not in the table", parent)
            elif parent:
                yield Statement(
                    subject=f"ATC:{code}",
                    predicate=Predicate.HAS_ROLE if substance else Predicate.SUBCLASS_OF,
                    object=f"ATC:{parent}",
                    source=self.facts.name,
                )
        yield from self._substances(names, files, report)
        for row in rows(
            files.open_path(_PACKAGES), report, columns=("gsn", "atc", "ndc"), delimiter=","
        ):
            if row["atc"] not in names:
                report.drop("package of a code that is not in the table", row["atc"])
                continue
            for prefix in ("gsn", "ndc"):
                if row[prefix].isdigit():
                    package = f"{prefix.upper()}:{row[prefix]}"
                    yield self._mapping(f"ATC:{row['atc']}", package, "narrowMatch", 0.9)

    def _substances(
        self, names: dict[str, str], files: DataFiles, report: DropReport
    ) -> Iterator[Mapping]:
        bearers = _bearers(files)
        groups = _groups(names)
        for space in bearers:
            space.close(groups)
        for name, codes in groups.items():
            first = f"ATC:{codes[0]}"
            for code in codes[1:]:
                yield self._mapping(first, f"ATC:{code}", "exactMatch", 0.8)
            drug = next(filter(None, (space.find(name, codes) for space in bearers)), None)
            if drug is None:
                report.mend("code that no drug here bears or claims alone", f"{codes[0]} {name}")
            else:
                yield self._mapping(first, drug, "exactMatch", 0.75)

    def _mapping(self, subject: str, object_: str, predicate: str, confidence: float) -> Mapping:
        return Mapping(
            subject=subject,
            object=object_,
            predicate=predicate,
            source=self.facts.name,
            justification="semapv:LexicalMatching",
            confidence=confidence,
        )


def substances(files: DataFiles) -> dict[str, str]:
    """Id of the first code of each substance by its plain name; empty without the table."""
    if not files.has(_NAMES):
        return {}
    groups = _groups(_code_names(files, DropReport()))
    return {name: f"ATC:{codes[0]}" for name, codes in groups.items()}


def _groups(names: dict[str, str]) -> dict[str, list[str]]:
    """Codes of each substance by its plain name, combinations and remainders left out."""
    groups: dict[str, list[str]] = defaultdict(list)
    for code, name in names.items():
        if len(code) == 7 and _NOT_ONE.search(name) is None:
            groups[plain(name)].append(code)
    return groups


class _Bearers:
    """Drugs of one table by name and by the ATC codes that the table gives them."""

    def __init__(self) -> None:
        self.by_name: dict[str, set[str]] = defaultdict(set)
        self.by_code: dict[str, set[str]] = defaultdict(set)
        self._substances: dict[str, set[str]] = defaultdict(set)

    def add(self, drug: str, name: str, codes: Sequence[str]) -> None:
        self.by_name[plain(name)].add(drug)
        for code in codes:
            self.by_code[code].add(drug)

    def close(self, groups: dict[str, list[str]]) -> None:
        """Work out which substances each drug is given codes of, or is called by its own name."""
        for name, codes in groups.items():
            for drug in self.by_name.get(name, set()):
                self._substances[drug].add(name)
            for code in codes:
                for drug in self.by_code.get(code, set()):
                    self._substances[drug].add(name)

    def find(self, name: str, codes: Sequence[str]) -> str | None:
        """The one drug of that name, else the one drug that has these codes."""
        named = self.by_name.get(name, set())
        claiming = {drug for code in codes for drug in self.by_code.get(code, set())}
        found = named if len(named) == 1 else {x for x in claiming if self._substances[x] == {name}}
        return next(iter(found)) if len(found) == 1 else None


def _bearers(files: DataFiles) -> list[_Bearers]:
    """The tables that give drugs ATC codes, the one that decides first in front."""
    elsewhere = DropReport()  # each table counts its bad rows where it is read for itself
    drugbank, listed = _Bearers(), _Bearers()
    if files.has(DRUGS_FILE):
        for row in drug_rows(files, elsewhere):
            codes = [code.strip() for code in row["atc_codes"].split("|")]
            drugbank.add(f"DRUGBANK:{row['drugbank_id']}", row["name"], codes)
    if files.has(LIST_FILE):
        for drug in listed_drugs(files, elsewhere):
            if not drug.combination:
                listed.add(drug.id, drug.label, drug.atc)
    return [drugbank, listed]


def _classes_above(code: str, names: dict[str, str]) -> str:
    """Names of the classes of a code, the narrowest first, each once."""
    above = (names.get(code[:length], "") for length in (5, 4, 3, 1))
    return "; ".join(dict.fromkeys(filter(None, above)))


def _code_names(files: DataFiles, report: DropReport) -> dict[str, str]:
    names: dict[str, str] = {}
    table = rows(files.open_path(_NAMES), report, columns=("atc_code", "atc_name"), delimiter=",")
    for row in table:
        code = row["atc_code"]
        if _CODE.fullmatch(code) is None:
            report.drop("not an ATC code", code)
        elif code in names:
            report.drop("code named twice, first name kept", f"{code} {row['atc_name']}")
        else:
            names[code] = row["atc_name"]
    return names
