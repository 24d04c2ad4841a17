"""The rows of Every Cure's drug list, taken apart: same drug, forms, products, ingredients.

Decides what the many ids of one row mean. `alternate_ids` is a chain of groups: the first holds
the ids of the ingredient itself, the following ones those of its salts and esters, the last ones
those of products (RxNorm brands and packs). Each group lists its id spaces in one fixed order, so
a step back in that order opens the next group. Only the first group is the same thing. Several
lists joined by `|` are what name resolution found for spellings of the drug; only the list that
begins with the drug's own id is about it (others are combinations that contain it).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from kg.files import DataFiles
from kg.identifiers import IdentifierError, normalise

from .contract import DropReport
from .ids import curie
from .tables import rows

__all__ = ["FILE", "FLAGS", "REGIONS", "ListedDrug", "listed_drugs", "listed_ids", "listed_names"]

FILE = "everycure/drug_list_stringent.csv"
REGIONS = {"approved_usa": "USA", "approved_europe": "Europe", "approved_japan": "Japan"}
FLAGS = {
    "is_steroid": "Steroids",
    "is_antimicrobial": "Antimicrobial agents",
    "is_chemotherapy": "Chemotherapy agents",
    "is_glucose_regulator": "Glucose regulators",
    "is_metallic_salt": "Metallic salts",
    "is_cancer_drug": "Cancer drugs",
    "is_no_therapeutic_value": "Agents without therapeutic value",
}
_ORDER = {
    space: position
    for position, space in enumerate(
        (
            "CHEBI", "UNII", "PUBCHEM.COMPOUND", "CHEMBL.COMPOUND", "DRUGBANK", "MESH", "CAS",
            "DrugCentral", "GTOPDB", "HMDB", "KEGG.COMPOUND", "INCHIKEY", "UMLS", "RXCUI",
        )
    )
}  # fmt: skip
# CAS is left out: its numbers are mixed with EC numbers. So are spaces that nothing else uses.
_SAME = frozenset({
    "CHEBI", "UNII", "PUBCHEM.COMPOUND", "CHEMBL.COMPOUND", "DRUGBANK", "MESH", "DrugCentral",
    "INCHIKEY", "UMLS", "RXCUI",
})  # fmt: skip
_FORM = _SAME - {"UMLS", "RXCUI"}
_LIST_BREAK = re.compile(r"\]\s*\|\s*\[")
_QUOTED = re.compile(r"'([^']+)'")
_INGREDIENT = re.compile(r"([A-Za-z][A-Za-z.]*:[^\s~|]+)~([^|]*)")
_NO_SYNONYM = re.compile(r"[+;/,&]| and |\d\s*(mg|ml|mcg|%)|\b(combination|tab|inj|caps)", re.I)
_MAX_SYNONYMS = 12
_COLUMNS = (
    "curie",
    "curie_label",
    "source_ingredients",
    "is_combination_therapy",
    "combination_therapy_ingredients_curies",
    "alternate_ids",
    "atc_codes",
    "marketing_status_usa",
    *REGIONS,
    *FLAGS,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedDrug:
    """One row of the drug list.

    Attributes:
        id: CURIE under which Every Cure knows the drug.
        label: Its name.
        synonyms: Other spellings; no combinations and no strengths.
        same: Other CURIEs of the same ingredient (or of the same combination).
        forms: CURIEs of salts, esters and other forms of the ingredient.
        products: RxNorm CURIEs of brands, strengths and packs.
        combination: More than one ingredient.
        ingredients: CURIE and name of each ingredient of a combination.
        atc: ATC codes without prefix.
        regions: Region and marketing status (empty when not stated) of each approval.
        flags: Names of the classes that the list puts the drug in.
    """

    id: str
    label: str
    synonyms: tuple[str, ...]
    same: tuple[str, ...]
    forms: tuple[str, ...]
    products: tuple[str, ...]
    combination: bool
    ingredients: tuple[tuple[str, str], ...]
    atc: tuple[str, ...]
    regions: tuple[tuple[str, str], ...]
    flags: tuple[str, ...]


def _groups(ids: list[str]) -> list[list[str]]:
    """Cut a chain of ids where the order of the id spaces steps back.

    >>> _groups(["CHEBI:1", "RXCUI:1", "CHEBI:2", "UMLS:C1", "RXCUI:2", "UMLS:C2"])
    [['CHEBI:1', 'RXCUI:1'], ['CHEBI:2', 'UMLS:C1', 'RXCUI:2'], ['UMLS:C2']]
    """
    groups: list[list[str]] = []
    last = -1
    for text in ids:
        position = _ORDER.get(text.partition(":")[0], last)
        if not groups or position < last:
            groups.append([])
        groups[-1].append(text)
        last = position
    return groups


def _canonical(texts: list[str], spaces: frozenset[str], *, first_of_space: bool) -> list[str]:
    taken: set[str] = set()
    found: list[str] = []
    for text in texts:
        space = text.partition(":")[0]
        if space not in spaces or (first_of_space and space in taken):
            continue
        taken.add(space)
        try:
            found.append(normalise(text))
        except IdentifierError:
            continue
    return found


def _own_list(raw: str, own: str) -> list[str]:
    lists = [_QUOTED.findall(part) for part in _LIST_BREAK.split(raw)]
    return next((ids for ids in lists if ids and ids[0] == own), [])


def _synonyms(raw: str, label: str) -> tuple[str, ...]:
    found = {label.casefold(): label}
    for part in raw.split("|"):
        name = " ".join(part.split())
        if 2 < len(name) <= 80 and not _NO_SYNONYM.search(name):
            found.setdefault(name.casefold(), name)
    return tuple(list(found.values())[1 : _MAX_SYNONYMS + 1])


def listed_drugs(files: DataFiles, report: DropReport) -> Iterator[ListedDrug]:
    """Stream the rows of the drug list; bad rows are counted in `report`."""
    for row in rows(files.open_path(FILE), report, columns=_COLUMNS, delimiter=","):
        own = curie(row["curie"], report, what="drug")
        if own is None:
            continue
        groups = _groups(_own_list(row["alternate_ids"], row["curie"]))
        if not groups and row["alternate_ids"]:
            report.mend("alternate ids belong to other drugs, left out", row["curie"])
        same = _canonical(groups[0], _SAME, first_of_space=True) if groups else []
        later = [text for group in groups[1:] for text in group]
        forms = _canonical(later, _FORM, first_of_space=False)
        products = _canonical(
            [text for group in groups for text in group],
            frozenset({"RXCUI"}),
            first_of_space=False,
        )
        parts = {
            found: name.strip()
            for text, name in _INGREDIENT.findall(row["combination_therapy_ingredients_curies"])
            for found in _canonical([text], frozenset(_ORDER), first_of_space=False)
        }
        status = "; ".join(
            sorted({s.strip() for s in row["marketing_status_usa"].split("|")} - {""})
        )
        yield ListedDrug(
            id=own,
            label=row["curie_label"],
            synonyms=_synonyms(row["source_ingredients"], row["curie_label"]),
            same=tuple(x for x in dict.fromkeys(same) if x != own),
            forms=tuple(x for x in dict.fromkeys(forms) if x != own and x not in same),
            products=tuple(x for x in dict.fromkeys(products) if x != own and x not in same),
            combination=row["is_combination_therapy"].upper() == "TRUE",
            ingredients=tuple((x, name) for x, name in parts.items() if x != own),
            atc=tuple(dict.fromkeys(re.findall(r"[A-V]\d\d[A-Z]{2}\d\d", row["atc_codes"]))),
            regions=tuple(
                (region, status if region == "USA" else "")
                for column, region in REGIONS.items()
                if row[column] in ("1", "1.0")
            ),
            flags=tuple(name for column, name in FLAGS.items() if row[column] in ("1", "1.0")),
        )


def listed_names(files: DataFiles, *prefixes: str) -> dict[str, str]:
    """Names that the list gives to the ids of some spaces; empty when the list is not there.

    For sources that hold ids without names. Bad rows are counted where `everycure_drugs` reads
    the list, not here.

    Args:
        files: Where the list is looked for.
        prefixes: Prefixes of the ids, such as `DRUGBANK`.
    """
    names: dict[str, str] = {}
    for drug in _cached(files):
        for id_ in (drug.id, *drug.same):
            if id_.partition(":")[0] in prefixes:
                names.setdefault(id_, drug.label)
    return names


def listed_ids(files: DataFiles, prefix: str) -> dict[str, frozenset[str]]:
    """All ids of each listed drug by its id in one space; empty when the list is not there."""
    return {
        id_: frozenset((drug.id, *drug.same))
        for drug in _cached(files)
        for id_ in (drug.id, *drug.same)
        if id_.startswith(f"{prefix}:")
    }


def _cached(files: DataFiles) -> tuple[ListedDrug, ...]:
    if not files.has(FILE):
        return ()
    path = files.open_path(FILE)
    status = path.stat()
    return _read(path, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=1)
def _read(path: Path, changed_ns: int, size_bytes: int) -> tuple[ListedDrug, ...]:
    """One state of the list; several sources ask for it in one build."""
    del changed_ns, size_bytes  # part of the key alone
    return tuple(listed_drugs(DataFiles(paths={FILE: path}), DropReport()))
