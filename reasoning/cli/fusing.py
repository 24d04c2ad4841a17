"""`iatros evaluate multimodal` on the chest cohort: what each modality is worth, and fusion.

Decides how options become a run; what is measured is decided in `reasoning.evaluate.fused`.
"""

import json
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from reasoning.errors import InputError

from .console import stderr, warn

if TYPE_CHECKING:
    from kg.snapshot import GraphSnapshot
    from reasoning.evaluate.chest_cohort import ChestCohort

__all__ = ["evaluate_chest"]


def evaluate_chest(
    folder: Path,
    *,
    out: Path,
    test: Path | None,
    graph: Path | None,
    encoder: str | None,
    text_encoder: str | None,
    weights: str,
    image_size: int,
    folds: int,
    seeds: int,
    samples: int,
    end_to_end: int,
) -> None:
    """Runs the benchmark and writes `fusion.json`, `fusion.md` and `notes.html`.

    Raises:
        InputError: A folder cannot be read.
        ValueError: Too few patients are left.
    """
    import numpy as np

    from encoders import ImageEncoder, TextEncoder
    from fusion.classes.cohort import read_cohort
    from fusion.classes.end_to_end import EndToEndTraining
    from kg.cases.chest_classes import CHEST_CLASSES
    from kg.hpo_graph import packaged_hpo
    from reasoning.evaluate.chest_cohort import ChestCohort, seen_elsewhere
    from reasoning.evaluate.fused import FusedOptions, Trainable, evaluate_fused
    from reasoning.evaluate.fused_report import fused_json, fused_markdown
    from reasoning.evaluate.note_words import explain_notes, note_words_markdown, render_notes
    from reasoning.loading import open_graph
    from reasoning.render import write_text

    progress: Callable[[str], None] = lambda line: stderr.print(line, highlight=False)  # noqa: E731
    text = TextEncoder(text_encoder)
    options = FusedOptions(
        n_seeds=seeds,
        n_folds=folds,
        n_samples=samples,
        end_to_end=EndToEndTraining(epochs=end_to_end) if end_to_end else None,
    )
    snapshot = packaged_hpo() if graph is None else open_graph(graph)
    with ExitStack() as stack:
        cohorts: list[ChestCohort] = []
        told: Callable[[str], None] = warn
        for path in [folder] if test is None else [folder, test]:
            cohort, told = _read(stack, path, snapshot, told)
            cohorts.append(cohort)
        tested = [case for cohort in cohorts[1:] for case in cohort.cases]
        elsewhere = seen_elsewhere(cohorts[0].cases, tested)
        if elsewhere:
            warn(f"{len(elsewhere)} patients of {folder} are in {test} too; not trained on")
        first = [at for at in range(len(cohorts[0].cases)) if at not in elsewhere]
        if not first:
            raise ValueError(f"all patients are in {test} too; give others to train on")
        cases = [*(cohorts[0].cases[at] for at in first), *tested]
        classes = np.concatenate([cohorts[0].classes[first], *(c.classes for c in cohorts[1:])])
        progress(f"tokens of {len(cases)} patients")
        image = ImageEncoder(encoder, weights=weights, size=image_size)
        raw = read_cohort(cases, snapshot, text=text, image_size=image_size, warn=told)
        tokens = raw.frozen(text, image)
    # Notes and pixels are in memory: the folders are closed by now.
    result = evaluate_fused(
        tokens,
        classes,
        options,
        tested=np.arange(len(first), len(cases)) if tested else None,
        trainable=Trainable(cohort=raw, text=text, image=image),
        progress=progress,
    )
    whole = ChestCohort(
        cases=tuple(cases),
        classes=classes,
        leaks=tuple(leak for cohort in cohorts for leak in cohort.leaks),
        n_names=cohorts[0].n_names,
    )
    write_text(out / "fusion.md", fused_markdown(result, whole, options))
    words = explain_notes(tokens, classes, text, n_folds=folds, progress=progress)
    table = fused_markdown(result, whole, options) + "\n" + note_words_markdown(words)
    write_text(out / "notes.html", render_notes(words, CHEST_CLASSES))
    write_text(out / "fusion.json", json.dumps(fused_json(result, whole, options), indent=1))
    write_text(out / "fusion.md", table)
    print(table)


def _read(
    stack: ExitStack, path: Path, graph: "GraphSnapshot", warn: Callable[[str], None]
) -> tuple["ChestCohort", Callable[[str], None]]:
    """A cohort whose files stay until the stack is closed, and who is told of them by its name."""
    from reasoning.evaluate.chest_cohort import CHEST_TABLE, read_chest_cohort
    from reasoning.evaluate.unpacked import opened, speaking_of

    try:
        folder = stack.enter_context(opened(path, CHEST_TABLE, warn))
        told = speaking_of(path, folder, warn)
        return read_chest_cohort(folder, graph, warn=told), told
    except ValueError as error:
        raise InputError.of(path, error, "See iatros evaluate multimodal --help") from error
