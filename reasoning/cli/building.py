"""`iatros build`.

Decides the options; the work is done in `kg.build`.
"""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reasoning.errors import InputError

from .console import stderr
from .lists import read_ids
from .options import Mirror, folder_to_write

if TYPE_CHECKING:
    from kg.foreign import RdfGraph

__all__ = ["register"]


def build(
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            help="Folder of the graph; an earlier build is replaced.",
            callback=folder_to_write,
        ),
    ],
    profile: Annotated[
        str | None,
        typer.Option(
            "--profile",
            help="demo: HPO, diseases, genes, drugs and the project's own cases; "
            "rare: all published patients of the mirror too; full: every source. "
            "Default: demo, or with --rdf none.",
        ),
    ] = None,
    source: Annotated[
        list[str] | None, typer.Option("--source", help="Read only these sources; repeatable.")
    ] = None,
    rdf: Annotated[
        list[str] | None,
        typer.Option(
            "--rdf",
            help="RDF that somebody else made: a file, an address, or a SPARQL endpoint "
            "(sparql+https://...); repeatable.",
        ),
    ] = None,
    mapping: Annotated[
        Path | None,
        typer.Option(
            "--mapping",
            help="TOML: what the classes and properties of --rdf mean (docs/your-rdf.md).",
        ),
    ] = None,
    mirror: Mirror = None,
    literature: Annotated[
        list[Path] | None,
        typer.Option(
            "--literature",
            help="Mined statements (`iatros mine`), each run a named graph that "
            "`iatros update` can take out again; repeatable.",
        ),
    ] = None,
    cases: Annotated[
        list[Path] | None,
        typer.Option("--cases", help="Cases for the graph of patients instead of the profile's."),
    ] = None,
    no_cases: Annotated[
        bool, typer.Option("--no-cases", help="Leave the graphs of patients out.")
    ] = False,
    exclude_publications: Annotated[
        Path | None,
        typer.Option(
            "--exclude-publications", help="File, one PMID a line: nothing that cites it."
        ),
    ] = None,
    holdout_treatments: Annotated[
        Path | None,
        typer.Option(
            "--holdout-treatments",
            help="File, one disease id a line: no treatments of it and of its close family.",
        ),
    ] = None,
    strip_decoys: Annotated[
        int,
        typer.Option(
            "--strip-decoys",
            min=0,
            help="Also exclude the publications of so many random other diseases.",
        ),
    ] = 0,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the choice of decoys.")] = 0,
    licence_filter: Annotated[
        str | None,
        typer.Option(
            "--licence-filter", help="permissive: no non-commercial or unlicensed source."
        ),
    ] = None,
    notes: Annotated[
        bool, typer.Option("--notes/--no-notes", help="Keep the notes of cases in the graph.")
    ] = True,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Read every source again, whether it changed or not.")
    ] = False,
    download: Annotated[
        bool,
        typer.Option("--download", help="Fetch missing files from upstream, checksums verified."),
    ] = False,
) -> None:
    """Build the knowledge graph: sources to RDF store, snapshot and report.

    Example: iatros build --profile demo --out graphs/demo
    """
    from kg.additions import AdditionError, hold_graphs
    from kg.build import BuildError, BuildOptions
    from kg.files import DataFiles, default_mirror
    from kg.graph_folder import SNAPSHOT
    from kg.snapshot import GraphSnapshot
    from kg.update import update_graph

    if licence_filter not in (None, "permissive"):
        raise typer.BadParameter(
            f"{licence_filter!r} is not permissive", param_hint="--licence-filter"
        )
    if no_cases and cases:
        raise typer.BadParameter("leaves out what --cases gives; drop one", param_hint="--no-cases")
    if mirror is not None and not mirror.is_dir():
        raise InputError(mirror, "is no folder", "Give the folder that holds the sources")
    started = time.perf_counter()
    try:
        options = BuildOptions(
            out=out,
            files=DataFiles(mirror=mirror or default_mirror(), allow_download=download),
            profile=profile or (None if rdf else "demo"),  # type: ignore[arg-type]
            sources=tuple(source or ()),
            guests=_guests(rdf or [], mapping),
            cases=() if no_cases else None if cases is None else tuple(cases),
            exclude_publications=read_ids(exclude_publications, "publication"),
            holdout_treatments=read_ids(holdout_treatments, "disease"),
            strip_decoys=strip_decoys,
            seed=seed,
            licence_filter=licence_filter,  # type: ignore[arg-type]
            notes=notes,
            records=None if fresh else Path.home() / ".cache" / "iatros" / "records",
        )
    except (ValueError, KeyError) as error:
        raise typer.BadParameter(str(error)) from error
    except BuildError as error:
        raise InputError.of("build", error, "See iatros build --help") from error
    try:
        with stderr.status("building") as status:
            update_graph(options, lambda line: _report(line, status), fresh=fresh)
            for report in hold_graphs(out, literature or [], lambda line: _report(line, status)):
                for line in report.lines():
                    stderr.print(line, markup=False, highlight=False, soft_wrap=True)
            graph = GraphSnapshot.load(out / SNAPSHOT)
    except (BuildError, AdditionError) as error:
        raise InputError.of("build", error, "See iatros build --help") from error
    stderr.print(
        f"{graph.n_nodes:,} nodes, {graph.n_edges:,} statements from {len(graph.sources)} sources "
        f"in {time.perf_counter() - started:.0f} s: {out} (report: {out / 'report.md'})",
        highlight=False,
        soft_wrap=True,
    )


def _guests(locations: list[str], mapping: Path | None) -> "tuple[RdfGraph, ...]":
    if mapping is not None and not locations:
        raise typer.BadParameter("says what --rdf means; give --rdf too", param_hint="--mapping")
    from kg.files import DataFiles
    from kg.foreign import MappingError, rdf_sources, read_mapping
    from kg.store import StoreError

    try:
        meaning = None if mapping is None else read_mapping(mapping)
        return rdf_sources(locations, mapping=meaning, cache=DataFiles().cache)
    except MappingError as error:
        raise InputError.of("mapping", error, "See docs/your-rdf.md") from error
    except StoreError as error:
        raise InputError.of("rdf", error, "See docs/your-rdf.md") from error


def _report(line: str, status) -> None:  # type: ignore[no-untyped-def]
    if line.startswith("warning"):
        stderr.print(line, style="yellow", markup=False, highlight=False, soft_wrap=True)
    else:
        status.update(line)


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(build)
