"""Tables of the chest benchmark: Markdown to read, JSON to compute on."""

from dataclasses import asdict
from typing import Any

from .chest_cohort import ChestCohort
from .fused import FusedOptions, FusedResult
from .metrics import Interval

__all__ = ["fused_json", "fused_markdown"]


def fused_markdown(result: FusedResult, cohort: ChestCohort, options: FusedOptions) -> str:
    """What was tested on whom, the rows, the differences."""
    counts = ", ".join(f"{name} {count}" for name, count in cohort.counts().items())
    lines = [
        f"{len(cohort.cases)} patients with a note and a diagnosis ({counts}); {result.n_tested} "
        f"tested, {options.n_seeds} seeds.",
        f"Masking: {cohort.n_names} names looked for in the masked notes, {len(cohort.leaks)} found"
        + "".join(f"; {leak.name!r} in note {leak.position}" for leak in cohort.leaks[:5])
        + ".",
        "",
        "| method | macro-F1 | balanced accuracy | trained parameters |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {row.name} | {_cell(row.macro_f1)} | {_cell(row.balanced_accuracy)} | "
        f"{row.n_parameters or ''} |"
        for row in result.rows
    ]
    lines += ["", "| difference | macro-F1 | balanced accuracy |", "|---|---|---|"]
    lines += [
        f"| {name} | {_cell(f1, sign=True)} | {_cell(balanced, sign=True)} |"
        for name, (f1, balanced) in result.differences.items()
    ]
    return "\n".join(lines) + "\n"


def fused_json(result: FusedResult, cohort: ChestCohort, options: FusedOptions) -> dict[str, Any]:
    """Everything, the answers for each patient too; no word of a note."""
    return {
        "options": asdict(options),
        "patients": [case.case_id for case in cohort.cases],
        "classes": cohort.classes.tolist(),
        "names_looked_for": cohort.n_names,
        "leaks": [{"note": leak.position, "name": leak.name} for leak in cohort.leaks],
        "rows": [asdict(row) for row in result.rows],
        "differences": {
            name: [asdict(one) for one in both] for name, both in result.differences.items()
        },
    }


def _cell(value: Interval, *, sign: bool = False) -> str:
    form = "{:+.3f} [{:+.3f}, {:+.3f}]" if sign else "{:.3f} [{:.3f}, {:.3f}]"
    return form.format(value.value, value.low, value.high)
