"""`iatros evaluate multimodal`: what images, notes and their fusion are worth.

Decides the options, and that the form of the folder says which benchmark it is: fundus images with
grades (`reasoning.evaluate.grading`), or chest images with notes (`reasoning.evaluate.fused`).
"""

import json
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reasoning.errors import InputError

from .console import stderr, warn
from .options import Results, Samples

if TYPE_CHECKING:
    from fusion.imaging import ImageGrader
    from reasoning.evaluate.graded_images import GradedImages

__all__ = ["multimodal"]


def multimodal(
    cohort: Annotated[
        Path,
        typer.Argument(
            help="Folder or zip in the form of IDRiD (*Labels*.csv, images/) or of "
            "covid-chestxray (metadata.csv, images/)."
        ),
    ],
    out: Results,
    test: Annotated[
        Path | None,
        typer.Option("--test", help="Test on this folder or zip, train on all of COHORT."),
    ] = None,
    encoder: Annotated[
        str | None, typer.Option("--encoder", help="Network of timm; the offline default if none.")
    ] = None,
    weights: Annotated[
        str, typer.Option("--weights", help="Its weights: auto, hub, none, or a file.")
    ] = "auto",
    image_size: Annotated[
        int | None,
        typer.Option(
            "--image-size", min=32, help="Side of the images, in pixels; 320 to grade, else 224."
        ),
    ] = None,
    epochs: Annotated[int, typer.Option("--epochs", min=0, help="Rounds over the images.")] = 2,
    folds: Annotated[int, typer.Option("--folds", min=2, help="Parts, each tested once.")] = 5,
    vit: Annotated[
        bool,
        typer.Option(
            "--vit/--no-vit", help="Also a small ViT, as it starts and distilled in each part."
        ),
    ] = True,
    vit_weights: Annotated[
        str,
        typer.Option(
            "--vit-weights", help="Where the ViT starts: none, or a file of iatros pretrain-image."
        ),
    ] = "none",
    vit_size: Annotated[int, typer.Option("--vit-size", min=32, help="Side of its images.")] = 224,
    distil_epochs: Annotated[
        int, typer.Option("--distil-epochs", min=0, help="Rounds of its distillation.")
    ] = 6,
    samples: Samples = 1000,
    heat: Annotated[
        bool, typer.Option("--heat-maps/--no-heat-maps", help="Also heatmaps.html, by captum.")
    ] = False,
    seed: Annotated[int, typer.Option("--seed", help="Seed of folds and training.")] = 0,
    seeds: Annotated[
        int, typer.Option("--seeds", min=1, help="Splits and trainings (chest cohort).")
    ] = 5,
    end_to_end: Annotated[
        int,
        typer.Option(
            "--end-to-end",
            min=0,
            help="Also train the encoders with the rest, for so many rounds (chest cohort).",
        ),
    ] = 0,
    text_encoder: Annotated[
        str | None,
        typer.Option("--text-encoder", help="BERT for notes; the offline default if none."),
    ] = None,
    graph: Annotated[
        Path | None,
        typer.Option("--graph", help="Graph that findings of notes are linked to; HPO if none."),
    ] = None,
) -> None:
    """Grade images, or classify chest patients by note, image, graph and all together.

    Images are graded by a fine-tuned encoder, beside its linear probe and its random twin.

    Example: iatros evaluate multimodal ../shared/data/idrid --out results/idrid
    Example: iatros evaluate multimodal ../shared/data/covid_chestxray --out results/chest
    """
    from reasoning.evaluate.chest_cohort import is_chest_cohort

    if is_chest_cohort(cohort):
        from .fusing import evaluate_chest

        try:
            evaluate_chest(
                cohort,
                out=out,
                test=test,
                graph=graph,
                encoder=encoder,
                text_encoder=text_encoder,
                weights=weights,
                image_size=image_size or 224,
                folds=folds,
                seeds=seeds,
                samples=samples,
                end_to_end=end_to_end,
            )
        except ValueError as error:
            raise InputError.of(cohort, error, "See iatros evaluate multimodal --help") from error
        return
    from encoders import EncoderError
    from fusion.imaging import GradingConfig, HeatMapError
    from reasoning.evaluate.grading import evaluate_grading, grading_json, grading_markdown
    from reasoning.evaluate.grading_methods import GradingOptions
    from reasoning.render import write_text

    size = image_size or 320
    options = GradingOptions(
        encoder=encoder,
        weights=weights,
        image_size=size,
        n_folds=folds,
        n_samples=samples,
        vit=vit,
        vit_weights=vit_weights,
        vit_size=vit_size,
        distil_epochs=distil_epochs,
        training=GradingConfig(epochs=epochs, seed=seed),
        seed=seed,
    )
    images = _read(cohort, size)
    tested = _read(test, size) if test else None
    try:
        rows = evaluate_grading(
            images,
            options,
            test=tested,
            progress=lambda line: stderr.print(line, highlight=False, soft_wrap=True),
            watch=partial(_write_heat_maps, out) if heat else None,
        )
    except (ValueError, HeatMapError, EncoderError) as error:
        raise InputError.of(cohort, error, "See iatros evaluate multimodal --help") from error
    write_text(out / "grading.json", json.dumps(grading_json(rows, options), indent=1))
    write_text(out / "grading.md", grading_markdown(rows))
    print(grading_markdown(rows))


def _read(path: Path, size: int) -> "GradedImages":
    from kg.cases.idrid import IDRID_TABLES
    from reasoning.evaluate.graded_images import read_graded_images
    from reasoning.evaluate.unpacked import opened, speaking_of

    try:
        with opened(path, IDRID_TABLES, warn) as folder:
            told = speaking_of(path, folder, warn)
            return read_graded_images(folder, size=size, warn=told)
    except ValueError as error:
        raise InputError.of(path, error, "See iatros evaluate multimodal --help") from error


def _write_heat_maps(out: Path, name: str, grader: "ImageGrader", images: "GradedImages") -> None:
    from safetensors.torch import save_file

    from reasoning.evaluate.heat_report import render_heat_maps
    from reasoning.render import write_text

    page, test = render_heat_maps(grader, images)
    write_text(out / "heatmaps.html", page)
    write_text(out / "heatmaps.json", json.dumps({"encoder": name} | asdict(test), indent=1))
    weights = {key: value.contiguous() for key, value in grader.state_dict().items()}
    save_file(weights, out / "grader.safetensors")
