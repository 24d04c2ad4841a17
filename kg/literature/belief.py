r"""How far a statement is believed when several papers say it, or deny it.

Decides that a paper counts once, however often it repeats itself, and how papers add up. With
`c_p` the best confidence that paper `p` gives, calibrated, the belief is a noisy-or,

.. math:: b = 1 - \prod_p (1 - c_p)

for what is said and, apart from it, for what is denied; both are kept. Calibration is fitted on
held-out gold by whoever trains a miner.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from kg.vocabulary import Predicate

from .miner import MinedStatement

__all__ = ["Belief", "Conflict", "beliefs", "conflicts"]

_OPPOSED = (
    frozenset({Predicate.TREATS, Predicate.CONTRAINDICATED_IN}),
    frozenset({Predicate.TREATS, Predicate.HAS_ADVERSE_EVENT}),
    frozenset({Predicate.PREVENTS, Predicate.HAS_ADVERSE_EVENT}),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Belief:
    """What all papers together say of one relation.

    Attributes:
        subject: CURIE of the head.
        predicate: Relation.
        object: CURIE of the tail.
        support: Belief that it holds, in [0, 1].
        denial: Belief that it does not, in [0, 1].
        supporting: Publications that say it, sorted.
        denying: Publications that deny it, sorted.
    """

    subject: str
    predicate: Predicate
    object: str
    support: float
    denial: float
    supporting: tuple[str, ...]
    denying: tuple[str, ...]

    @property
    def net(self) -> float:
        """Belief that it holds and is not denied: what a ranking may use."""
        return self.support * (1.0 - self.denial)


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """Two beliefs that do not go together; a relation said and denied conflicts with itself."""

    first: Belief
    second: Belief


def beliefs(
    statements: Iterable[MinedStatement], *, calibrate: Callable[[float], float] = lambda c: c
) -> Iterator[Belief]:
    """Beliefs in the relations of mined statements, sorted by subject, predicate and object.

    Args:
        statements: In any order.
        calibrate: From a miner's confidence to the share of such statements that is right.

    >>> from kg.literature.document import Span
    >>> one = dict(subject="A:1", predicate=Predicate.TREATS, object="B:1", document="1",
    ...            section="abstract", evidence=None, subject_span=None, object_span=None,
    ...            sentence_sha256="", confidence=0.5, model="m", version="1")
    >>> said = [MinedStatement(publication=p, **one) for p in ("PMID:1", "PMID:1", "PMID:2")]
    >>> [b.support for b in beliefs(said)]
    [0.75]
    """
    best: dict[tuple[str, Predicate, str], dict[tuple[bool, str], float]] = defaultdict(dict)
    for said in statements:
        papers = best[said.subject, said.predicate, said.object]
        paper = (said.negated, said.publication)
        papers[paper] = max(papers.get(paper, 0.0), said.confidence)
    for (subject, predicate, object_), papers in sorted(best.items()):
        sides = []
        for denied in (False, True):
            found = {paper: c for (negated, paper), c in papers.items() if negated is denied}
            doubt = math.prod(
                1.0 - min(max(calibrate(found[paper]), 0.0), 1.0) for paper in sorted(found)
            )
            sides.append((1.0 - doubt, tuple(sorted(found))))
        (support, supporting), (denial, denying) = sides
        yield Belief(
            subject=subject,
            predicate=predicate,
            object=object_,
            support=support,
            denial=denial,
            supporting=supporting,
            denying=denying,
        )


def conflicts(found: Iterable[Belief], *, at_least: float = 0.5) -> Iterator[Conflict]:
    """Beliefs that contradict themselves or one another, both at least as strong as given."""
    pairs: dict[tuple[str, str], list[Belief]] = defaultdict(list)
    for belief in found:
        if min(belief.support, belief.denial) >= at_least:
            yield Conflict(first=belief, second=belief)
        if belief.support >= at_least:
            pairs[belief.subject, belief.object].append(belief)
    for group in pairs.values():
        for at, first in enumerate(group):
            for second in group[at + 1 :]:
                if frozenset({first.predicate, second.predicate}) in _OPPOSED:
                    yield Conflict(first=first, second=second)
