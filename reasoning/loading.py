"""Opening a trained model for answering, with one clear line when it cannot be.

Decides what counts as a model folder and that a model answers only on the graph it was trained on.
"""

from pathlib import Path

from fusion.predictor import Predictor
from kg.additions import added_graphs, base_snapshot
from kg.snapshot import GraphSnapshot
from kg.snapshot_io import SnapshotError

from .errors import InputError
from .graphs import graph_error, open_graph

__all__ = ["load_predictor", "open_graph"]


def load_predictor(model: Path, *, graph: Path | None = None) -> Predictor:
    """The predictor of a model folder.

    Args:
        model: Folder that `iatros train` wrote.
        graph: Folder that `iatros build` wrote; must hold the graph that the model was trained on.
            What was added to it since is not the model's (`reasoning.mined`).

    Raises:
        InputError: There is no model, it cannot be read, or the graph is another one.
    """
    if not (model / "manifest.json").is_file():
        raise InputError(
            model, "holds no trained model", "Run `iatros train` first, or name its --out folder"
        )
    snapshot = None if graph is None else _as_built(graph)
    try:
        return Predictor.load(model, graph=snapshot)
    except (OSError, ValueError, KeyError) as error:
        mend = "Train it again on this graph, or leave --graph out"
        raise InputError.of(model, error, mend) from error


def _as_built(folder: Path) -> GraphSnapshot:
    """The graph of a folder without additions."""
    if not added_graphs(folder):
        return open_graph(folder)
    try:
        return base_snapshot(folder)
    except SnapshotError as error:
        raise graph_error(folder, error) from error
