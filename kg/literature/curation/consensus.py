"""What several curators say together.

Decides how well they agree (Krippendorff's alpha, 10.1080/19312450709336664) and what each task's
answer is, weighing each curator by how often he is right (Dawid and Skene, 10.2307/2346806). Both
come from libraries of the extra `curation`; `unsure` is a missing answer.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .answers import CurationAnswer

__all__ = ["Consensus", "agreement", "consensus"]

_ROUNDS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Consensus:
    """The answer to one task.

    Attributes:
        task: Id of the task.
        probability: That the paper says it.
        curators: Who answered yes or no, sorted.
        accepting: Who answered yes, sorted.
    """

    task: str
    probability: float
    curators: tuple[str, ...]
    accepting: tuple[str, ...]

    @property
    def is_accepted(self) -> bool:
        """More likely right than wrong."""
        return self.probability > 0.5


def agreement(answers: Sequence[CurationAnswer]) -> float | None:
    """Krippendorff's alpha over tasks with two answers or more; None when there are none.

    1 is perfect agreement, 0 what chance gives; when all answers are alike it is 1.

    Raises:
        ImportError: The extra `curation` is not installed.
    """
    import krippendorff
    import numpy as np

    said = [answer for answer in answers if answer.verdict != "unsure"]
    tasks = sorted({answer.task for answer in said})
    curators = sorted({answer.curator for answer in said})
    table = np.full((len(curators), len(tasks)), np.nan)
    for answer in said:
        row, column = curators.index(answer.curator), tasks.index(answer.task)
        table[row, column] = answer.verdict == "yes"
    paired = (~np.isnan(table)).sum(axis=0) >= 2
    if not paired.any():
        return None
    values = table[:, paired]
    if len(np.unique(values[~np.isnan(values)])) == 1:
        return 1.0
    return float(krippendorff.alpha(reliability_data=values, level_of_measurement="nominal"))


def consensus(answers: Sequence[CurationAnswer]) -> list[Consensus]:
    """The answer to each task that somebody answered with yes or no, by task.

    Raises:
        ImportError: The extra `curation` is not installed.
    """
    import pandas as pd
    from crowdkit.aggregation.classification.dawid_skene import DawidSkene

    said = sorted((a for a in answers if a.verdict != "unsure"), key=lambda a: (a.task, a.curator))
    if not said:
        return []
    table = pd.DataFrame(
        {
            "task": [a.task for a in said],
            "worker": [a.curator for a in said],
            "label": [a.verdict for a in said],
        }
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of pandas, inside the library
        labels: Any = DawidSkene(n_iter=_ROUNDS).fit(table).probas_
    chances = labels["yes"] if "yes" in labels.columns else None
    found = []
    for task in sorted({a.task for a in said}):
        own = [a for a in said if a.task == task]
        found.append(
            Consensus(
                task=task,
                probability=0.0 if chances is None else float(chances[task]),
                curators=tuple(a.curator for a in own),
                accepting=tuple(a.curator for a in own if a.verdict == "yes"),
            )
        )
    return found
