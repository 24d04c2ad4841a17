"""Curated statements: what was accepted, with who accepted it.

Decides that an accepted statement carries its curators' ORCIDs and the consensus as its confidence,
that a rejected one leaves the graph, and that everything else stays as it was mined.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from kg.statements import Statement

from .consensus import Consensus

__all__ = ["CurationOutcome", "curated"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CurationOutcome:
    """What curation made of a run.

    Attributes:
        statements: All that remain, in the order that they came in.
        n_accepted: Number of those that curators accepted.
        rejected: Ids of those that they did not.
    """

    statements: tuple[Statement, ...]
    n_accepted: int
    rejected: tuple[str, ...]


def curated(statements: Iterable[Statement], found: Sequence[Consensus]) -> CurationOutcome:
    """The statements of a run after curation."""
    by_task = {one.task: one for one in found}
    kept: list[Statement] = []
    rejected = []
    n_accepted = 0
    for statement in statements:
        one = by_task.get(statement.id)
        if one is None:
            kept.append(statement)
        elif one.is_accepted:
            n_accepted += 1
            names = (("curator", name) for name in one.accepting)
            kept.append(
                replace(
                    statement,
                    confidence=round(min(one.probability, 0.999), 4),
                    qualifiers=(*statement.qualifiers, *names),
                )
            )
        else:
            rejected.append(statement.id)
    return CurationOutcome(statements=tuple(kept), n_accepted=n_accepted, rejected=tuple(rejected))
