"""`iatros pretrain-image`: a ViT learns from local images, without labels.

Decides the options and which files a folder holds; the training is decided in
`fusion.imaging.pretrained`.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from reasoning.errors import InputError

from .console import stderr, warn
from .options import folder_to_write

__all__ = ["image_files", "register"]

_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".dcm"})


def pretrain_image(
    images: Annotated[
        list[Path], typer.Argument(help="Folders of images (PNG, JPEG, DICOM, ...) or files.")
    ],
    out: Annotated[
        Path, typer.Option("--out", help="Folder of the encoder.", callback=folder_to_write)
    ],
    task: Annotated[
        str,
        typer.Option(
            "--task", help="masked: fill in hidden patches. distil: say what the teacher says."
        ),
    ] = "masked",
    encoder: Annotated[
        str, typer.Option("--encoder", help="ViT of timm.")
    ] = "vit_tiny_patch16_224",
    weights: Annotated[
        str, typer.Option("--weights", help="Where it starts: none, auto, hub, or a file.")
    ] = "none",
    teacher: Annotated[
        str | None,
        typer.Option("--teacher", help="Network that is distilled; the offline default if none."),
    ] = None,
    teacher_weights: Annotated[
        str, typer.Option("--teacher-weights", help="Its weights: auto, hub, none, or a file.")
    ] = "auto",
    image_size: Annotated[
        int, typer.Option("--image-size", min=32, help="Side of the images, in pixels.")
    ] = 224,
    crop: Annotated[
        bool, typer.Option("--crop", help="Cut off a dark frame, as around a fundus.")
    ] = False,
    steps: Annotated[int, typer.Option("--steps", min=1, help="Steps of training.")] = 1000,
    batch_images: Annotated[
        int, typer.Option("--batch-images", min=1, help="Images in a step.")
    ] = 16,
    learning_rate: Annotated[
        float, typer.Option("--learning-rate", min=0.0, help="Peak learning rate.")
    ] = 1e-3,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the newest checkpoint in --out.")
    ] = False,
    seed: Annotated[int, typer.Option("--seed", help="Seed of order and masks.")] = 0,
) -> None:
    """Pretrain a ViT on local images, because none comes with a package.

    Use DIR/model.safetensors as image_weights in a training config. Leave out images that you test
    on. No label is read; guard the weights as you guard the images.

    Example: iatros pretrain-image scans/ photographs/ --out encoders/vit
    """
    from encoders import EncoderError
    from fusion.imaging import PretrainingOptions, pretrain_from_files
    from fusion.training_state import CheckpointError

    if task not in ("masked", "distil"):
        raise typer.BadParameter(f"{task!r} is not one of masked, distil", param_hint="--task")
    files = [file for path in images for file in image_files(path)]
    try:
        result = pretrain_from_files(
            files,
            out,
            task="distil" if task == "distil" else "masked",
            encoder=encoder,
            weights=weights,
            teacher=teacher,
            teacher_weights=teacher_weights,
            size=image_size,
            crop=crop,
            options=PretrainingOptions(
                steps=steps, batch_images=batch_images, learning_rate=learning_rate, seed=seed
            ),
            resume=resume,
            progress=lambda line: stderr.print(line, highlight=False),
            warn=warn,
        )
    except (ValueError, EncoderError, CheckpointError) as error:
        mend = "See iatros pretrain-image --help"
        raise InputError.of("pretrain-image", error, mend) from error
    before, after = result.before, result.after
    if before is not None and after is not None:
        if after > before:
            warn("the loss on held-out images did not fall; try a lower learning rate")
        print(
            f"{out}: {result.n_images} images, held-out loss {before:.3f} -> {after:.3f} "
            "(1 is what the mean gives)"
        )


def image_files(path: Path) -> Iterator[Path]:
    """A file, or the files of a folder and its subfolders whose names are those of images."""
    if not path.exists():
        raise InputError(path, "no such file or folder", "Give images or folders of them")
    if path.is_file():
        yield path
        return
    yield from sorted(
        file for file in path.rglob("*") if file.suffix.lower() in _SUFFIXES and file.is_file()
    )


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command("pretrain-image")(pretrain_image)
