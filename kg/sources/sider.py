"""SIDER: side effects on drug labels, with their frequencies.

Decides which drug a STITCH compound is (stereo-specific PubChem id first, then the flat one, then
SIDER's own DrugBank column) and which frequency a pair gets when labels and trials differ: the
median of what was observed without placebo. Every wording stays as `frequency_text`. Rows give
each effect as found (LLT) and as preferred term (PT); each concept is kept once per drug.
"""

from collections import defaultdict
from collections.abc import Iterator
from statistics import median

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
_MAX_WORDINGS = 8

Pair = tuple[str, str, str]


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
        frequencies = _frequencies(files, report)
        seen: set[str] = set()
        given: set[tuple[str, str]] = set()
        effects = rows(
            files.open_path(_EFFECTS), report, columns=_EFFECT_HEADER, header=_EFFECT_HEADER
        )
        for row in effects:
            drug = compounds.drug(row["flat"], row["stereo"])
            if drug is None:
                report.drop("compound that no drug table names", row["stereo"])
                continue
            cui = row["cui"]
            if not (cui.startswith("C") and cui[1:].isdigit()):
                report.drop("effect without a UMLS concept", cui)
                continue
            event = f"UMLS:{cui}"
            if (drug, event) in given:
                report.drop("effect of this drug given already (LLT and PT, or two forms)")
                continue
            given.add((drug, event))
            for id_, kind, label in (
                (drug, NodeType.DRUG, compounds.names.get(drug, "")),
                (event, NodeType.ADVERSE_EVENT, row["name"]),
            ):
                if id_ not in seen:
                    seen.add(id_)
                    yield Node(id=id_, type=kind, label=label)
            frequency, wording = frequencies.get((row["flat"], row["stereo"], cui), (None, ""))
            yield Statement(
                subject=drug,
                predicate=Predicate.HAS_ADVERSE_EVENT,
                object=event,
                source=self.facts.name,
                frequency=frequency,
                qualifiers=(("frequency_text", wording),) if wording else (),
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


def _frequencies(files: DataFiles, report: DropReport) -> dict[Pair, tuple[float | None, str]]:
    """Median frequency and all wordings of each compound and effect."""
    observed: dict[Pair, list[float]] = defaultdict(list)
    wordings: dict[Pair, dict[str, None]] = defaultdict(dict)
    table = rows(
        files.open_path(_FREQUENCIES), report, columns=_FREQUENCY_HEADER, header=_FREQUENCY_HEADER
    )
    for row in table:
        pair = (row["flat"], row["stereo"], row["cui"])
        if row["placebo"]:
            wordings[pair].setdefault(f"{row['text']} with placebo")
            continue
        wordings[pair].setdefault(row["text"])
        try:
            lower, upper = float(row["lower"]), float(row["upper"])
        except ValueError:
            report.mend("frequency bounds are no numbers, wording kept", row["text"])
            continue
        if not 0.0 <= lower <= upper <= 1.0:
            report.mend("frequency bounds not in [0, 1], wording kept", row["text"])
        elif row["text"] != "postmarketing":  # reported, but nobody counted the exposed
            observed[pair].append((lower + upper) / 2)
    return {
        pair: (
            round(median(observed[pair]), 6) if observed.get(pair) else None,
            "; ".join(list(texts)[:_MAX_WORDINGS]),
        )
        for pair, texts in wordings.items()
    }
