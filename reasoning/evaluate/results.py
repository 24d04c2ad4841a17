"""What an evaluation found: typed, written as JSON and as a Markdown table.

Decides the layout of the results. Which numbers are computed is decided in `diagnosis`.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .metrics import Interval, RankTable

__all__ = ["ProtocolResult", "RankerResult", "write_json", "write_markdown", "write_ranks"]

_COLUMNS = ("top1", "top10", "mrr", "macro_top1", "macro_top10")
_HEADS = ("top-1", "top-10", "MRR", "macro top-1", "macro top-10")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RankerResult:
    """One ranker under one protocol.

    Attributes:
        name: Its name.
        table: Rank of the right answer of each case.
        optimistic: Mean rank with ties broken for the right answer.
        pessimistic: Mean rank with ties broken against it.
        overall: Every metric with its interval.
        subgroups: Metrics by kind of subgroup and subgroup, with the number of cases as `n`.
        against_best: Difference to the best classical baseline, paired; None for baselines. Of a
            row of the ablation to the row with everything.
        compared_with: Whose the difference is to.
        seconds_per_case: Scoring time, features not counted.
        confidence: Probability given to the first answer of each case, None when not calibrated.
    """

    name: str
    table: RankTable
    optimistic: float
    pessimistic: float
    overall: dict[str, Interval]
    subgroups: dict[str, dict[str, dict[str, float]]]
    against_best: dict[str, Interval] | None
    seconds_per_case: float
    compared_with: str | None = None
    confidence: npt.NDArray[np.float64] | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ProtocolResult:
    """All rankers under one protocol.

    Attributes:
        protocol: Its name.
        control: What was left out, in a sentence.
        best_baseline: The classical baseline that the differences are taken against.
        rankers: In the order they were given.
        features_seconds_per_case: Time to make the features.
    """

    protocol: str
    control: str
    best_baseline: str
    rankers: tuple[RankerResult, ...]
    features_seconds_per_case: float


def _as_json(result: ProtocolResult) -> dict[str, Any]:
    return {
        "protocol": result.protocol,
        "control": result.control,
        "best_baseline": result.best_baseline,
        "features_seconds_per_case": result.features_seconds_per_case,
        "rankers": [
            {
                "name": ranker.name,
                "mean_rank_optimistic": ranker.optimistic,
                "mean_rank_pessimistic": ranker.pessimistic,
                "overall": {name: asdict(value) for name, value in ranker.overall.items()},
                "subgroups": ranker.subgroups,
                "against_best_baseline": None
                if ranker.against_best is None
                else {name: asdict(value) for name, value in ranker.against_best.items()},
                "compared_with": ranker.compared_with,
                "seconds_per_case": ranker.seconds_per_case,
            }
            for ranker in result.rankers
        ],
    }


def write_json(results: Sequence[ProtocolResult], path: Path, *, run: dict[str, Any]) -> None:
    """Writes every number; `run` says what was run (graph digest, options)."""
    document = {"run": run, "protocols": [_as_json(result) for result in results]}
    path.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def write_ranks(result: ProtocolResult, path: Path) -> None:
    """Writes the rank that every ranker gave each case, to compare runs case by case."""
    first = result.rankers[0].table
    document = {
        "protocol": result.protocol,
        "disease": first.disease.tolist(),
        "cluster": first.cluster.tolist(),
        "rank": {ranker.name: ranker.table.rank.tolist() for ranker in result.rankers},
    }
    path.write_text(json.dumps(document) + "\n", encoding="utf-8")


def _cell(interval: Interval) -> str:
    return f"{interval.value:.3f} ({interval.low:.3f}–{interval.high:.3f})"


def write_markdown(results: Sequence[ProtocolResult], path: Path) -> None:
    """Writes one table a protocol, its control in the caption."""
    lines = ["# Diagnosis: every ranker in the same run", ""]
    for result in results:
        groups = list(result.rankers[0].subgroups.get("knowledge", {}))
        sizes = result.rankers[0].subgroups.get("knowledge", {})
        lines += [
            f"## {result.protocol}",
            "",
            result.control + ". 95% intervals over publications.",
        ]
        heads = [
            *_HEADS,
            *(f"{group} (n={int(sizes[group]['n'])}) macro top-1/10" for group in groups),
        ]
        lines += ["", "| ranker | " + " | ".join(heads) + " |", "|---" * (len(heads) + 1) + "|"]
        for ranker in result.rankers:
            cells = [_cell(ranker.overall[name]) for name in _COLUMNS]
            by_group = ranker.subgroups.get("knowledge", {})
            cells += [
                f"{by_group[group]['macro_top1']:.3f}/{by_group[group]['macro_top10']:.3f}"
                for group in groups
            ]
            lines.append(f"| {ranker.name} | " + " | ".join(cells) + " |")
        lines.append("")
        for ranker in result.rankers:
            if ranker.against_best is not None:
                first, ten = ranker.against_best["macro_top1"], ranker.against_best["macro_top10"]
                lines.append(
                    f"- {ranker.name} against {ranker.compared_with}, paired: macro top-1 "
                    f"{first.value:+.3f} ({first.low:+.3f} to {first.high:+.3f}), macro top-10 "
                    f"{ten.value:+.3f} ({ten.low:+.3f} to {ten.high:+.3f})"
                )
        lines.append("")
    path.write_text("\n".join(lines), encoding="utf-8")
