"""`iatros mine`.

Decides the options; the work is done in `kg.literature` and `fusion.literature`.
"""

import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from reasoning.errors import InputError

from .console import progress_bar, stderr, warn
from .options import file_to_write

if TYPE_CHECKING:
    from kg.literature.mining import Plug

__all__ = ["MinerChoice", "register"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MinerChoice:
    """Which miner to use, in a form that goes to other processes; calling it makes the miner.

    Attributes:
        graph: Folder of the graph whose names are looked for.
        model: Folder of a trained miner.
        name: Name of a plug (`kg.literature.registry`).
    """

    graph: Path
    model: Path | None = None
    name: str | None = None

    def __call__(self) -> "Plug":
        """The miner with the graph; made once in each process."""
        return _plug(self)

    def facts(self) -> tuple[str, str]:
        """Name and version of the miner; one of ours need not be opened for that."""
        from kg.literature.rules import CueMiner

        if self.name is None and self.model is None:
            return CueMiner.name, CueMiner.version
        if self.name is None and self.model is not None:
            from fusion.literature import MinerFolderError, TrainedMiner, read_manifest

            try:
                return TrainedMiner.name, read_manifest(self.model).short_version
            except MinerFolderError as error:
                raise InputError.of(
                    self.model, error, "Train it with iatros train-miner"
                ) from error
        reader = self().reader
        return reader.name, reader.version

    def make(self) -> "Plug":
        """A new miner with the graph."""
        from kg.literature.dictionary import Dictionary
        from kg.literature.endpoints import Endpoints
        from kg.literature.mining import Plug
        from kg.literature.registry import plug
        from kg.literature.rules import CueMiner
        from reasoning.graphs import open_graph

        graph = open_graph(self.graph)
        if self.name is not None:
            return Plug(reader=plug(self.name), endpoints=Endpoints(graph))
        if self.model is not None:
            import torch

            from fusion.literature import MinerFolderError, load_miner

            # One thread a process: sums then run in one order, so that the output is the same for
            # any number of workers, and two workers do not fight for two cores.
            torch.set_num_threads(1)
            try:
                return Plug(reader=load_miner(self.model, graph), endpoints=Endpoints(graph))
            except MinerFolderError as error:
                raise InputError.of(
                    self.model, error, "Train it with iatros train-miner"
                ) from error
        reader = CueMiner(Dictionary.from_graph(graph))
        return Plug(reader=reader, endpoints=Endpoints(graph))


@cache
def _plug(choice: MinerChoice) -> "Plug":
    return choice.make()


def mine(
    paths: Annotated[
        list[Path],
        typer.Argument(
            help="Papers: PubMed or JATS XML, BioC, PubTator, JSON lines, plain text; files, "
            "folders, zip and tar archives. With --miner what that program wrote."
        ),
    ],
    graph: Annotated[
        Path, typer.Option("--graph", help="Folder of a built graph: whose names are looked for.")
    ],
    out: Annotated[
        Path,
        typer.Option("--out", help="N-Quads file of the statements.", callback=file_to_write),
    ],
    model: Annotated[
        Path | None,
        typer.Option("--model", help="Folder of a trained miner. Default: dictionary and cues."),
    ] = None,
    miner: Annotated[
        str | None,
        typer.Option(
            "--miner",
            help="pubtator3, semmeddb, indra, llm, or a name that another package brings "
            "(entry point group iatros.miners).",
        ),
    ] = None,
    workers: Annotated[int, typer.Option("--workers", min=1, help="Processes.")] = 1,
    engine: Annotated[
        Literal["local", "ray"],
        typer.Option(help="Who hands files out: this machine, or Ray (RAY_ADDRESS, or started)."),
    ] = "local",
    run: Annotated[
        str | None, typer.Option("--run", help="Name of the run's graph. Default: from --out.")
    ] = None,
    licence: Annotated[
        str, typer.Option("--licence", help="Of the statements; sentences keep their paper's.")
    ] = "CC0-1.0",
    min_confidence: Annotated[
        float, typer.Option("--min-confidence", min=0.0, max=1.0, help="Leave out what is below.")
    ] = 0.0,
) -> None:
    """Turn papers into cited statements; `iatros build --literature` or `iatros update` takes them.

    A stopped run goes on where it was: finished files are not read again.

    Example: iatros mine papers/ --graph graphs/demo --out mined.nq
    """
    from kg.literature.mining import mine_files
    from kg.literature.ray_engine import RayMissingError
    from kg.literature.registry import UnknownMinerError
    from kg.literature.statements import MiningRun
    from reasoning.graphs import open_graph

    if model is not None and miner is not None:
        raise typer.BadParameter("give --model or --miner, not both", param_hint="--miner")
    for path in paths:
        if not path.exists():
            raise InputError(path, "does not exist", "Give files or folders of papers")
    snapshot = open_graph(graph)
    choice = MinerChoice(graph=graph, model=model, name=miner)
    try:
        name, version = choice.facts()
    except UnknownMinerError as error:
        raise InputError.of("miner", error, "See docs/literature.md") from error
    if model is None and miner is None:
        stderr.print(
            "no trained miner given (--model): using the dictionary of the graph's names and cue "
            "words",
            soft_wrap=True,
        )
    facts = MiningRun(
        name=run or f"mined-{out.name.partition('.')[0]}",
        model=name,
        version=version,
        graph=snapshot.digest,
        licence=licence,
    )
    started = time.perf_counter()
    try:
        with progress_bar() as bar:
            task = bar.add_task("reading papers", total=None)
            report = mine_files(
                paths,
                out,
                source=choice,
                run=facts,
                workers=workers,
                engine=engine,
                min_confidence=min_confidence,
                progress=lambda done, total: bar.update(
                    task, completed=done, total=total, description=f"{done} of {total} files"
                ),
            )
    except RayMissingError as error:
        raise InputError.of("--engine", error, "Or leave --engine out") from error
    seconds = time.perf_counter() - started
    for line in report.examples:
        warn(line)
    for kind, count in sorted(report.problems.items()):
        stderr.print(f"{count:,} x {kind}", highlight=False, soft_wrap=True)
    if report.nothing_read:
        kept = f"; {out} was left as it was" if out.exists() else ""
        stderr.print(f"no input could be read{kept}", highlight=False, soft_wrap=True)
        raise typer.Exit(1)
    resumed = f", {report.n_resumed:,} of them finished before" if report.n_resumed else ""
    stderr.print(
        f"{report.n_statements:,} statements from {report.n_documents:,} documents in "
        f"{report.n_files:,} files{resumed}, {seconds:.1f} s: {out} (graph {facts.name})",
        highlight=False,
        soft_wrap=True,
    )
    if any(kind.startswith("error") for kind in report.problems):
        raise typer.Exit(1)


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(mine)
