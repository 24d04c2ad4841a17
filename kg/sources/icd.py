"""ICD-10-CM names and the bridge from ICD-9-CM to ICD-10-CM.

Decides that a code is a disease node with its long name (a symptom, chapter R, may be a phenotype
as well), that injuries, outside causes and contacts are no nodes, that a code is a kind of the code
it extends, and that the 9-to-10 table merges only where it marks the pair as exact and one to one;
approximate pairs are close matches. ATC codes are read by the drug sources.
"""

from collections import Counter
from collections.abc import Iterator

from kg.files import DataFiles
from kg.statements import Mapping, Node, Statement
from kg.vocabulary import NodeType, Predicate

from .contract import DropReport, Record, SourceFacts
from .tables import rows

__all__ = ["Icd", "dotted"]

_NAMES = "icd_codes/icd10cm-order-Jan-2021.csv.gz"
_BRIDGE = "icd_codes/icd_cm_9_to_10_mapping.csv.gz"
_N_CATEGORY = 3
# Chapters S to Z are injuries, outside causes and contacts with health care, not diseases.
_KINDS = {
    **dict.fromkeys("ABCDEFGHIJKLMNOPQU", NodeType.DISEASE),
    "R": NodeType.ADVERSE_EVENT,  # Biolink's DiseaseOrPhenotypicFeature: symptoms and signs
}


def dotted(code: str, *, ninth: bool = False) -> str:
    """Code with its point, the way that codes are printed.

    >>> dotted("A0101"), dotted("E8120", ninth=True), dotted("0010", ninth=True)
    ('A01.01', 'E812.0', '001.0')
    """
    head = 4 if ninth and code.startswith("E") else _N_CATEGORY
    return f"{code[:head]}.{code[head:]}" if len(code) > head else code


class Icd:
    """Reads the ICD tables."""

    facts = SourceFacts(
        name="icd",
        title="ICD-10-CM names and ICD-9-CM equivalences",
        homepage="https://www.cms.gov/medicare/coding-billing/icd-10-codes",
        licence="public domain (US government work)",
        licence_class="permissive",
        release="ICD-10-CM 2021",
        gives="disease names by code, code hierarchy, ICD-9 to ICD-10 mappings",
        files=(_NAMES, _BRIDGE),
        profiles=frozenset({"full"}),
    )

    def read(self, files: DataFiles, report: DropReport) -> Iterator[Record]:
        """Stream codes, their hierarchy and the mappings."""
        known: set[str] = set()
        columns = ("code", "billable", "short", "long")
        for row in rows(files.open_path(_NAMES), report, columns=columns, delimiter=","):
            code = row["code"]
            if not code.isalnum() or len(code) < _N_CATEGORY:
                report.drop("code not understood", code)
                continue
            kind = _KINDS.get(code[0])
            if kind is None:
                report.drop("code of an injury, cause or contact, no disease", code[0])
                continue
            known.add(code)
            yield Node(id=f"ICD10CM:{dotted(code)}", type=kind, label=row["long"])
            parent = code[:-1]
            while len(parent) >= _N_CATEGORY and parent not in known:
                parent = parent[:-1]
            if len(parent) >= _N_CATEGORY:
                yield Statement(
                    subject=f"ICD10CM:{dotted(code)}",
                    predicate=Predicate.SUBCLASS_OF,
                    object=f"ICD10CM:{dotted(parent)}",
                    source="icd",
                )
        yield from self._bridge(files, report, known)

    def _bridge(self, files: DataFiles, report: DropReport, known: set[str]) -> Iterator[Mapping]:
        pairs = []
        for row in rows(
            files.open_path(_BRIDGE), report, columns=("icd_9", "icd_10", "flags"), delimiter=","
        ):
            if row["icd_10"] not in known:
                report.drop("target code is no disease of ICD-10-CM", row["icd_10"])
            else:
                pairs.append((row["icd_9"], row["icd_10"], row["flags"]))
        uses = Counter(code for pair in pairs for code in (f"9:{pair[0]}", f"10:{pair[1]}"))
        for old, new, flags in pairs:
            # The first digit of the flags marks an approximate pair.
            exact = flags.startswith("0") and uses[f"9:{old}"] == uses[f"10:{new}"] == 1
            yield Mapping(
                subject=f"ICD9CM:{dotted(old, ninth=True)}",
                object=f"ICD10CM:{dotted(new)}",
                source="icd",
                predicate="exactMatch" if exact else "closeMatch",
                justification="semapv:ManualMappingCuration",
                confidence=0.9 if exact else None,
            )
