"""Opening a built graph, with one clear line when it cannot be; without what models need.

Decides what is said of a folder that holds no graph, or a damaged one.
"""

from pathlib import Path

from kg.graph_folder import SNAPSHOT
from kg.snapshot import GraphSnapshot
from kg.snapshot_io import SnapshotError
from kg.wording import in_words

from .errors import InputError

__all__ = ["graph_error", "open_graph"]


def open_graph(folder: Path) -> GraphSnapshot:
    """The snapshot of a built graph.

    Raises:
        InputError: There is none, or it cannot be read.
    """
    inner = folder / SNAPSHOT
    try:
        return GraphSnapshot.load(inner if inner.is_dir() else folder)
    except SnapshotError as error:
        raise graph_error(folder, error) from error


def graph_error(folder: Path, error: Exception) -> InputError:
    """The line that says why the folder of a graph is of no use.

    >>> graph_error(Path("g"), ValueError("g/snapshot/nodes.arrow: too small; build it again"))
    InputError('g: snapshot/nodes.arrow: too small. Build it again')
    """
    said = in_words(error).removeprefix(f"{folder / SNAPSHOT}: ")
    return InputError.of(folder, ValueError(said), "Build the graph again")
