"""What an evaluation of treatments found: typed, written as JSON and as Markdown tables.

Decides the layout. Which numbers are computed is decided in `treatment`.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .metrics import Interval
from .treatment_metrics import TREATMENT_METRICS

__all__ = ["FoldSummary", "TreatmentRankerResult", "TreatmentResult", "write_treatment_results"]

_HEADS = ("AUROC", "AP", "Recall@10", "Recall@50", "MRR")


@dataclass(frozen=True, slots=True, kw_only=True)
class FoldSummary:
    """One ranker on one fold.

    Attributes:
        number: Which fold, from 0; on fold 0 of Every Cure settings were chosen.
        n_diseases: Diseases tested in it.
        means: Every metric, macro over them.
    """

    number: int
    n_diseases: int
    means: dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class TreatmentRankerResult:
    """One ranker.

    Attributes:
        name: Its name.
        overall: Every metric, macro over diseases, with its interval over diseases.
        folds: The metrics of each fold.
        against_wrong: AUROC of right pairs against those that a curator calls wrong, by the score
            that ranks treatments.
        by_difference: The same by that score less the score of contraindication.
        contraindications: The metrics of ranking contraindications; None where there are none.
        against_best: Difference to the best baseline, paired; None for that baseline.
    """

    name: str
    overall: dict[str, Interval]
    folds: tuple[FoldSummary, ...]
    against_wrong: Interval
    by_difference: Interval
    contraindications: dict[str, float] | None
    against_best: dict[str, Interval] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TreatmentResult:
    """All rankers on one task.

    Attributes:
        task: Name of the label set.
        wrong: What the right pairs are held against.
        with_text: Whether texts of treatments were read.
        n_diseases: Tested diseases.
        n_treatments: Treatments ranked for each.
        n_dropped: Training diseases that fell as kin of a tested one, summed over folds.
        near_name: Cosine of names from which a disease is kin.
        held_out: `diseases`, or `pairs` of diseases whose other treatments are known.
        best_baseline: By average precision; differences are taken against it.
        rankers: In the order they were given.
    """

    task: str
    wrong: str
    with_text: bool
    n_diseases: int
    n_treatments: int
    n_dropped: int
    near_name: float
    held_out: str
    best_baseline: str
    rankers: tuple[TreatmentRankerResult, ...]

    @property
    def control(self) -> str:
        """The leakage control in a sentence."""
        texts = "with" if self.with_text else "without"
        if self.held_out == "pairs":
            return (
                f"Held-out pairs of {self.n_diseases} diseases (a disease counts once a fold), "
                f"{self.n_treatments} treatments less the known ones ranked for each, {texts} "
                "texts of treatments. Easier: other treatments of the disease and family are known"
            )
        return (
            f"{self.n_diseases} held-out diseases, {self.n_treatments} treatments ranked for each, "
            f"{texts} texts of treatments. Strict: one-hop families, shared identifiers and names "
            f"with a cosine of {self.near_name:g} or more are held out together "
            f"({self.n_dropped} training diseases dropped over all folds)"
        )


def write_treatment_results(
    results: Sequence[TreatmentResult], out: Path, *, digest: str, options: Any
) -> None:
    """Writes `treatment.json` with every number and `treatment.md` with the tables."""
    document = {
        "graph": digest,
        "options": asdict(options),
        "results": [{**asdict(result), "control": result.control} for result in results],
    }
    text = json.dumps(document, indent=1, sort_keys=True, default=str)
    (out / "treatment.json").write_text(text + "\n", encoding="utf-8")
    lines = ["# Treatment: every ranker in the same run", ""]
    for result in results:
        lines += _section(result)
    (out / "treatment.md").write_text("\n".join(lines), encoding="utf-8")


def _cell(interval: Interval, *, sign: str = "") -> str:
    return f"{interval.value:{sign}.3f} ({interval.low:{sign}.3f} to {interval.high:{sign}.3f})"


def _section(result: TreatmentResult) -> list[str]:
    texts = "with" if result.with_text else "without"
    against = "contraindication" if result.wrong == "contraindicated" else "curated non-indication"
    heads = ["ranker", *_HEADS, f"against {against}, AUROC", "the same, less the other score"]
    heads.append("contraindications AP / Recall@50")
    lines = [
        f"## {result.task}, held-out {result.held_out}, {texts} texts of treatments",
        "",
        result.control + ". Macro over diseases, 95% intervals over diseases.",
        "",
        "| " + " | ".join(heads) + " |",
        "|---" * len(heads) + "|",
    ]
    for ranker in result.rankers:
        cells = [_cell(ranker.overall[name]) for name in TREATMENT_METRICS]
        bad = ranker.contraindications
        cells += [
            _cell(ranker.against_wrong),
            _cell(ranker.by_difference),
            "" if bad is None else f"{bad['ap']:.3f} / {bad['recall50']:.3f}",
        ]
        lines.append(f"| {ranker.name} | " + " | ".join(cells) + " |")
    lines.append("")
    for ranker in result.rankers:
        if ranker.against_best is not None:
            found = ", ".join(
                f"{head} {_cell(ranker.against_best[name], sign='+')}"
                for name, head in zip(TREATMENT_METRICS, _HEADS, strict=True)
            )
            lines.append(f"- {ranker.name} against {result.best_baseline}, paired: {found}")
    return [*lines, ""]
