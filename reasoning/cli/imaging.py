"""`iatros evaluate multimodal`: what images are worth.

Decides the options; what is measured is decided in `reasoning.evaluate.grading`.
"""

import json
from pathlib import Path
from typing import Annotated

import typer

from reasoning.errors import InputError

from .console import stderr, warn

__all__ = ["multimodal"]


def multimodal(
    cohort: Annotated[
        Path,
        typer.Argument(help="Folder in the form of IDRiD: *Labels*.csv and images/."),
    ],
    out: Annotated[Path, typer.Option("--out", help="Folder of tables.")],
    test: Annotated[
        Path | None,
        typer.Option("--test", help="Test on this folder, and train on all of COHORT."),
    ] = None,
    encoder: Annotated[
        str | None, typer.Option("--encoder", help="Network of timm; the offline default if none.")
    ] = None,
    weights: Annotated[
        str, typer.Option("--weights", help="Its weights: auto, hub, none, or a file.")
    ] = "auto",
    image_size: Annotated[
        int, typer.Option("--image-size", min=32, help="Side of the images, in pixels.")
    ] = 224,
    epochs: Annotated[int, typer.Option("--epochs", min=1, help="Rounds over the images.")] = 12,
    folds: Annotated[int, typer.Option("--folds", min=2, help="Parts, each tested once.")] = 5,
    vit: Annotated[
        bool, typer.Option("--vit/--no-vit", help="Also a small ViT that starts from nothing.")
    ] = True,
    samples: Annotated[int, typer.Option("--samples", min=1, help="Bootstrap samples.")] = 1000,
    seed: Annotated[int, typer.Option("--seed", help="Seed of folds and training.")] = 0,
) -> None:
    """Grade images with a fine-tuned encoder, beside its linear probe and its random twin.

    Example: iatros evaluate multimodal ../shared/data/idrid --out results/idrid
    """
    from fusion.imaging import GradingConfig
    from reasoning.evaluate.grading import (
        GradingOptions,
        evaluate_grading,
        grading_json,
        grading_markdown,
        read_graded_images,
    )
    from reasoning.render import write_text

    options = GradingOptions(
        encoder=encoder,
        weights=weights,
        image_size=image_size,
        n_folds=folds,
        n_samples=samples,
        vit=vit,
        training=GradingConfig(epochs=epochs, seed=seed),
        seed=seed,
    )
    try:
        images = read_graded_images(cohort, size=image_size, warn=warn)
        tested = read_graded_images(test, size=image_size, warn=warn) if test else None
        rows = evaluate_grading(
            images,
            options,
            test=tested,
            progress=lambda line: stderr.print(line, highlight=False),
        )
    except ValueError as error:
        raise InputError(cohort, str(error), "See iatros evaluate multimodal --help") from error
    write_text(out / "grading.json", json.dumps(grading_json(rows, options), indent=1))
    write_text(out / "grading.md", grading_markdown(rows))
    print(grading_markdown(rows))
