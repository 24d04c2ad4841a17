"""SIDER: side effects on drug labels, with their frequencies.

Decides which drug a STITCH compound is (stereo-specific PubChem id first, then the flat one, then
SIDER's own DrugBank column), and what one statement is: one concept of one label for one compound
in `meddra_all_se`, and one frequency of it, with its bounds, in `meddra_freq`. Rows that differ in
nothing but the MedDRA level (an effect as found, LLT, that is its own preferred term, PT) are one
statement with both levels. What was counted under placebo is no frequency of the drug: the wording
stays, the number does not.
"""

from collections import defaultdict
from collections.abc import Iterator

from kg.files import DataFiles
from kg.statements import Node, Statement
from kg.vocabulary import NodeType, Predicate

from .contract import DropReport, Record, SourceFacts
from .everycure_list import listed_names
from .tables import rows

__all__ = ["Sider"]

_EFFECTS = "sider4/meddra_all_se.tsv.gz"
_FREQUENCIES = "sider4/meddra_freq.tsv.gz"
_INDICATIONS = "sider4/indications.tsv"
_PUBCHEM = "drugbank_slim/pubchem-mapping.tsv"
_EFFECT_HEADER = ("flat", "stereo", "label_cui", "type", "cui", "name")
_FREQUENCY_HEADER = (
    "flat",
    "stereo",
    "label_cui",
    "placebo",
    "text",
    "lower",
    "upper",
    "type",
    "cui",
    "name",
)
_UNCOUNTED = "postmarketing"  # reported, but nobody counted the exposed

Row = dict[str, str]


class Sider:
    """Reads `meddra_all_se.tsv.gz` and `meddra_freq.tsv.gz`."""

    facts = SourceFacts(
        name="sider",
        title="SIDER 4.1",
        homepage="http://sideeffects.embl.de",
        licence="CC-BY-NC-SA-4.0",
        licence_class="noncommercial",
        release="4.1 (be3adebc0d84)",
        gives="drug has adverse event, with frequency",
        files=(_EFFECTS, _FREQUENCIES, _INDICATIONS, _PUBCHEM),
        profiles=frozenset({"full"}),
    )

    def read(self, files: DataFiles, report: DropReport) -> Iterator[Record]:
        """Stream adverse events and the drugs that have them."""
        compounds = _Compounds(files, report)
        seen: set[str] = set()
        for file, header in ((_EFFECTS, _EFFECT_HEADER), (_FREQUENCIES, _FREQUENCY_HEADER)):
            for row, levels in _merged(files, file, header, compounds, report):
                drug = compounds.drug(row["flat"], row["stereo"])
                if drug is None:
                    continue  # counted when the rows were merged
                event = f"UMLS:{row['cui']}"
                for id_, kind, label in (
                    (drug, NodeType.DRUG, compounds.names.get(drug, "")),
                    (event, NodeType.ADVERSE_EVENT, row["name"]),
                ):
                    if id_ not in seen:
                        seen.add(id_)
                        yield Node(id=id_, type=kind, label=label)
                frequency, stated = _frequency(row, report) if "text" in row else (None, [])
                found = [("label_concept", f"UMLS:{row['label_cui']}")]
                yield Statement(
                    subject=drug,
                    predicate=Predicate.HAS_ADVERSE_EVENT,
                    object=event,
                    source=self.facts.name,
                    frequency=frequency,
                    qualifiers=(
                        ("original_subject", f"STITCH:{row['stereo']}"),
                        *(("level", level) for level in levels),
                        *(found if row["label_cui"] != row["cui"] else ()),
                        *stated,
                    ),
                )


class _Compounds:
    """Which drug a STITCH compound is; the same answer is computed once."""

    def __init__(self, files: DataFiles, report: DropReport) -> None:
        self.names: dict[str, str] = {}
        self._known: dict[tuple[str, str], str | None] = {}
        self._pubchem: dict[str, set[str]] = defaultdict(set)
        for row in rows(files.open_path(_PUBCHEM), report, columns=("drugbank_id", "pubchem_cid")):
            self._pubchem[row["pubchem_cid"]].add(f"DRUGBANK:{row['drugbank_id']}")
        self._flat: dict[str, set[str]] = defaultdict(set)
        columns = ("drugbank_id", "drugbank_name", "stitch_id_flat")
        for row in rows(files.open_path(_INDICATIONS), report, columns=columns):
            drug = f"DRUGBANK:{row['drugbank_id']}"
            self._flat[row["stitch_id_flat"]].add(drug)
            self.names[drug] = row["drugbank_name"]
        self._listed = set(listed_names(files, "PUBCHEM"))
        self.names |= listed_names(files, "PUBCHEM", "DRUGBANK")

    def drug(self, flat: str, stereo: str) -> str | None:
        key = (flat, stereo)
        if key not in self._known:
            self._known[key] = self._resolve(flat, stereo)
        return self._known[key]

    def _resolve(self, flat: str, stereo: str) -> str | None:
        cids = [cid for text in (stereo, flat) if (cid := _cid(text)) is not None]
        candidates = [self._pubchem.get(cid, set()) for cid in cids] + [self._flat.get(flat, set())]
        for drugs in candidates:
            named = {drug for drug in drugs if drug in self.names}
            if len(named) == 1:
                return named.pop()
        return next((f"PUBCHEM:{cid}" for cid in cids if f"PUBCHEM:{cid}" in self._listed), None)


def _cid(stitch: str) -> str | None:
    """PubChem compound id of a STITCH id: `CID1…` is flat, `CID0…` stereo-specific.

    >>> _cid("CID100000085"), _cid("CID000010917"), _cid("85")
    ('85', '10917', None)
    """
    digits = stitch.removeprefix("CID")
    if not stitch.startswith(("CID0", "CID1")) or not digits.isdigit() or len(digits) != 9:
        return None
    return str(int(digits[1:]))


def _merged(
    files: DataFiles,
    file: str,
    header: tuple[str, ...],
    compounds: _Compounds,
    report: DropReport,
) -> Iterator[tuple[Row, tuple[str, ...]]]:
    """Rows of a table with the levels under which each stands, in the order of the table."""
    levels: dict[tuple[str, ...], dict[str, None]] = {}
    names: dict[str, str] = {}
    same = tuple(name for name in header if name not in ("type", "name"))
    for row in rows(files.open_path(file), report, columns=header, header=header):
        if compounds.drug(row["flat"], row["stereo"]) is None:
            report.drop("compound that no drug table names", row["stereo"])
            continue
        cui = row["cui"]
        if not (cui.startswith("C") and cui[1:].isdigit()):
            report.drop("effect without a UMLS concept", cui)
            continue
        names.setdefault(cui, row["name"])
        standing = levels.setdefault(tuple(row[name] for name in same), {})
        if standing:
            report.mend("row of another MedDRA level of the same effect, level kept")
        if row["type"]:
            standing[row["type"]] = None
    for key, found in levels.items():
        row = dict(zip(same, key, strict=True))
        yield row | {"name": names[row["cui"]]}, tuple(found)


def _frequency(row: Row, report: DropReport) -> tuple[float | None, list[tuple[str, str]]]:
    """Middle of the bounds where it is a frequency of the drug, and everything as stated."""
    stated = [("frequency_text", row["text"])]
    if row["placebo"]:
        stated.append(("comparator", row["placebo"]))
    try:
        lower, upper = float(row["lower"]), float(row["upper"])
    except ValueError:
        report.mend("frequency bounds are no numbers, wording kept", row["text"])
        return None, stated
    if not 0.0 <= lower <= upper <= 1.0:
        report.mend("frequency bounds not in [0, 1], wording kept", row["text"])
        return None, stated
    stated += [("frequency_lower", f"{lower:g}"), ("frequency_upper", f"{upper:g}")]
    counted = not row["placebo"] and row["text"] != _UNCOUNTED
    return (round((lower + upper) / 2, 6) if counted else None), stated
