"""Drugs whose molecules look alike: fingerprints of their structures, compared pair by pair.

Decides the fingerprint (Morgan's circular substructures up to two bonds away in 2,048 bits, as
ECFP4: Rogers and Hahn 2010, doi:10.1021/ci100050t), the likeness (Tanimoto: shared over all bits)
and that the largest part of a salt counts, without its charge, so that a salt is its substance.
RDKit, of the extra `chemistry`, is imported when it is first asked for.
"""

import re
from collections.abc import Sequence
from typing import Any

from kg.snapshot import GraphSnapshot

__all__ = ["StructureIndex"]

_RADIUS = 2
_BITS = 2048
_LONGEST = 4000  # characters of an InChI that is read; proteins have none
_MOST_ATOMS = 200  # without hydrogen; RDKit never comes back from thousands of loose atoms
_FORMULA = re.compile(r"InChI=1S?/([A-Za-z0-9.]+)(?:/|$)")


class StructureIndex:
    """Fingerprints of nodes that have a structure.

    Args:
        graph: Where structures stand.
        nodes: Snapshot indices of the substances.

    Attributes:
        missing: Why nothing can be compared, in words; empty when it can.
    """

    def __init__(self, graph: GraphSnapshot, nodes: Sequence[int]) -> None:
        self.missing = ""
        self._prints: dict[int, Any] = {}
        known = {node: graph.node(node).structure for node in nodes}
        known = {node: text for node, text in known.items() if _is_readable(text)}
        if not known:
            self.missing = "no treatment of this graph has a structure"
            return
        try:
            from rdkit import Chem, DataStructs, rdBase
            from rdkit.Chem import rdFingerprintGenerator
            from rdkit.Chem.MolStandardize import rdMolStandardize
        except ImportError:
            self.missing = "structures are compared by RDKit: pip install 'iatros[chemistry]'"
            return
        self._likeness = DataStructs.BulkTanimotoSimilarity
        make = rdFingerprintGenerator.GetMorganGenerator(radius=_RADIUS, fpSize=_BITS)
        neutral = rdMolStandardize.Uncharger()
        with rdBase.BlockLogs():  # what cannot be read is left out, and not told line by line
            for node, text in known.items():
                molecule = Chem.MolFromInchi(text)  # type: ignore[no-untyped-call]
                parts = Chem.GetMolFrags(molecule, asMols=True) if molecule is not None else ()
                if parts:
                    largest = max(parts, key=lambda part: part.GetNumHeavyAtoms())
                    self._prints[node] = make.GetFingerprint(neutral.uncharge(largest))

    def __contains__(self, node: int) -> bool:
        """Whether a node has a structure that could be read."""
        return node in self._prints

    def nearest(self, node: int, n: int) -> list[tuple[int, float]]:
        """The likest other nodes with their likeness in [0, 1], the likest first.

        Args:
            node: A node with a structure; any other is like none.
            n: How many at most.
        """
        if node not in self._prints:
            return []
        others = [other for other in self._prints if other != node]
        values = self._likeness(self._prints[node], [self._prints[other] for other in others])
        found = sorted(zip(others, values, strict=True), key=lambda pair: (-pair[1], pair[0]))
        return [(other, float(value)) for other, value in found[:n] if value > 0]


def _is_readable(inchi: str) -> bool:
    """Whether an InChI is one, and of a size that drugs have."""
    found = _FORMULA.match(inchi) if len(inchi) <= _LONGEST else None
    if found is None:
        return False
    n_atoms = 0
    for part in found[1].split("."):
        times = re.match(r"\d*", part)
        elements = re.findall(r"([A-Z][a-z]?)(\d*)", part)
        own = sum(int(count or 1) for element, count in elements if element != "H")
        n_atoms += int((times and times[0]) or 1) * own
    return 0 < n_atoms <= _MOST_ATOMS
