"""A build that is done only when something changed.

Decides when a graph folder already holds what is asked for: same code, same options, same bytes of
every file that a source might read. What a build does is decided in `kg.build`.
"""

import hashlib
import json
from pathlib import Path

from .build import build_graph
from .build_options import BuildOptions
from .files import DataFiles, MissingSourceError, known_files
from .foreign import RdfGraph
from .graph_folder import INPUTS, QUADS, SNAPSHOT, STORE
from .reading import Progress, populations
from .record_cache import checksum, code_version
from .snapshot import GraphSnapshot
from .snapshot_io import SnapshotError

__all__ = ["inputs_digest", "update_graph"]


def update_graph(
    options: BuildOptions, progress: Progress = lambda _: None, *, fresh: bool = False
) -> GraphSnapshot:
    """The graph that the options ask for; the folder is left alone when it holds just that.

    Args:
        options: What to build.
        progress: Called with one line per step.
        fresh: Build whatever the folder holds; what it was built from is noted all the same.

    Raises:
        BuildError: A source that must be there is missing, or the folder cannot be written.
    """
    digest = inputs_digest(options)
    if digest is not None and not fresh:
        standing = _standing(options.out, digest)
        if standing is not None:
            progress(f"{options.out}: nothing has changed since it was built")
            return standing
    snapshot = build_graph(options, progress).snapshot
    if digest is not None:
        (options.out / INPUTS).write_text(digest + "\n", "utf-8")
    return snapshot


def _standing(out: Path, digest: str) -> GraphSnapshot | None:
    try:
        if (out / INPUTS).read_text("utf-8").strip() != digest:
            return None
        if not (out / STORE / "CURRENT").is_file() and not (out / QUADS).is_file():
            return None
        return GraphSnapshot.load(out / SNAPSHOT)
    except (OSError, UnicodeDecodeError, SnapshotError):
        return None


def inputs_digest(options: BuildOptions) -> str | None:
    """Digest of everything that a build depends on; None when that cannot be known."""
    here = DataFiles(
        paths=options.files.paths, mirror=options.files.mirror, cache=options.files.cache
    )
    guests = []
    for guest in options.guests:
        if not isinstance(guest, RdfGraph) or guest.state is None:
            return None  # a live endpoint answers differently from day to day
        guests.append(guest.state)
    asked = {
        "code": code_version(),
        "profile": options.profile,
        "sources": sorted(options.sources),
        "guests": guests,
        "cases": None
        if options.cases is None
        else [(str(path), checksum(path)) for path in options.cases],
        "exclude_publications": sorted(options.exclude_publications),
        "holdout_treatments": sorted(options.holdout_treatments),
        "strip_decoys": options.strip_decoys,
        "seed": options.seed,
        "licence_filter": options.licence_filter,
        "notes": options.notes,
        "patients": {population.name: checksum(path) for population, path in populations(options)},
        "files": {name: _checksum(here, name) for name in sorted(known_files(here))},
    }
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


def _checksum(files: DataFiles, name: str) -> str | None:
    try:
        return checksum(files.open_path(name))
    except MissingSourceError:
        return None
