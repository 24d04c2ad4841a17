"""What papers say of a disease and the findings or genes of a patient, beside the model.

Decides which mined statements a diagnosis cites: those of graphs added since
(`iatros build --literature`, `iatros update`) that join the disease with a present finding or a
candidate gene. They are shown and never counted: the ranking is the model's alone, and taking a
run out leaves every score as it was.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from kg.literature.statements import is_mined
from kg.snapshot import GraphSnapshot
from kg.statements import Statement
from kg.vocabulary import Predicate

from .answer import Passage
from .mined import Stance, added_statements, passage_of

__all__ = ["MinedFindings", "mined_findings"]

_WITH_FINDING = (Predicate.HAS_PHENOTYPE, Predicate.GENE_ASSOCIATED_WITH)
_SHOWN = 3  # passages of each stance


class MinedFindings:
    """Mined statements between diseases and findings or genes.

    Args:
        statements: Of added graphs; what was not mined from a paper is left out.
        base: The graph that the model was trained on.
    """

    def __init__(self, statements: Iterable[Statement], base: GraphSnapshot) -> None:
        self._pairs: dict[frozenset[int], list[Statement]] = defaultdict(list)
        for statement in statements:
            ends = (base.index(statement.subject), base.index(statement.object))
            if is_mined(statement) and ends[0] is not None and ends[1] is not None:
                self._pairs[frozenset((ends[0], ends[1]))].append(statement)

    def passages(self, disease: int, findings: Sequence[int]) -> tuple[Passage, ...]:
        """The surest places for and against, each paper once a stance.

        Args:
            disease: Node of the disease.
            findings: Nodes of present findings and candidate genes.
        """
        said = [s for node in findings for s in self._pairs.get(frozenset((disease, node)), ())]
        said.sort(key=lambda s: (s.negated, -(s.confidence or 0.0), s.id))
        seen: dict[bool, set[str]] = {False: set(), True: set()}
        found = []
        for statement in said:
            papers, paper = seen[statement.negated], statement.publications[0]
            if paper not in papers and len(papers) < _SHOWN:
                papers.add(paper)
                stance: Stance = "contradicting" if statement.negated else "supporting"
                found.append(passage_of(stance, statement))
        return tuple(found)


def mined_findings(folder: Path, base: GraphSnapshot) -> MinedFindings | None:
    """What the graphs say that were added to a folder; None without any.

    Raises:
        SnapshotError: The folder holds no graph.
    """
    found = added_statements(folder, base, _WITH_FINDING)
    return None if found is None else MinedFindings(found, base)
