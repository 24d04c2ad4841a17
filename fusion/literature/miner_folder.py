"""A trained miner on disk: safetensors, JSON, Arrow and LightGBM's text; no pickle.

Decides the files of the folder and their version. The graph's names that the miner was trained with
are kept in it; the graph given at loading says what the relation model sees of the graph.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.numpy import load_file as load_arrays
from safetensors.numpy import save_file as save_arrays
from safetensors.torch import load_file, save_file

from encoders.word_states import WordStates
from kg.literature import EntityType
from kg.snapshot import GraphSnapshot

from .belief_curve import BeliefCurve
from .gold_names import GoldNames, load_gold_names, save_gold_names
from .lexicon import Lexicon
from .linker import Linker
from .miner import TrainedMiner
from .name_shapes import NameShapes
from .prior import GraphPrior, RelatedBefore
from .recognition import NameFinder
from .relation_model import RelationModel
from .relations import RelationReader
from .settings import MinerSettings
from .surfaces import Surfaces
from .tagger import MentionTagger
from .tags import TagSet
from .word_bags import BagModel
from .word_features import WordKnowledge

__all__ = [
    "MinerFolderError",
    "MinerManifest",
    "load_miner",
    "read_manifest",
    "save_miner",
]

_FORMAT = 4
_MANIFEST = "miner.json"


class MinerFolderError(ValueError):
    """A folder that holds no miner, or a damaged one; one line with the mend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MinerManifest:
    """What a miner is.

    Attributes:
        version: Digest of all files.
        settings: Options of the training.
        heads: Types of each corpus, in the order of the tagger's heads.
        graph: Digest of the graph whose names were known.
        trained_on: Keys of all documents it has seen.
        namespaces: Prefixes of the ids of each type in the training documents.
        n_documents: Training documents of each corpus.
    """

    version: str
    settings: MinerSettings
    heads: tuple[tuple[EntityType, ...], ...]
    graph: str
    trained_on: frozenset[str]
    namespaces: dict[EntityType, tuple[str, ...]]
    n_documents: tuple[int, ...]

    @property
    def short_version(self) -> str:
        """The version that statements carry."""
        return self.version[:12]


def save_miner(
    folder: Path,
    *,
    tagger: MentionTagger,
    knowledge: WordKnowledge,
    gold: Sequence[GoldNames],
    readers: Sequence[RelationReader],
    settings: MinerSettings,
    graph: str,
    trained_on: Sequence[str],
    namespaces: dict[EntityType, tuple[str, ...]],
    n_documents: Sequence[int],
) -> str:
    """Write all files, the manifest last; gives the version."""
    folder.mkdir(parents=True, exist_ok=True)
    knowledge.lexicon.save(folder / "names.arrow")
    knowledge.surfaces.save(folder / "surfaces.json")
    save_gold_names(gold, folder / "gold_names.json")
    save_arrays({"weights": knowledge.shapes.weights}, str(folder / "shapes.safetensors"))
    state = {name: value.contiguous() for name, value in tagger.state_dict().items()}
    save_file(state, str(folder / "tagger.safetensors"))
    if tagger.states is not None:
        tagger.states.save_definition(folder / "encoder")
    described = [_save_reader(folder, number, reader) for number, reader in enumerate(readers)]
    version = _digest(folder)
    manifest = {
        "format": _FORMAT,
        "version": version,
        "settings": settings.to_mapping(),
        "heads": [[kind.value for kind in tags.types] for tags in tagger.heads],
        "graph": graph,
        "readers": described,
        "trained_on": sorted(trained_on),
        "namespaces": {kind.value: list(prefixes) for kind, prefixes in namespaces.items()},
        "n_documents": list(n_documents),
        "torch": torch.__version__,
    }
    (folder / _MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    return version


def read_manifest(folder: Path) -> MinerManifest:
    """The manifest of a folder.

    Raises:
        MinerFolderError: There is none, or it is of another format.
    """
    found = _manifest(folder)
    return MinerManifest(
        version=found["version"],
        settings=MinerSettings.from_mapping(found["settings"]),
        heads=tuple(tuple(EntityType(kind) for kind in head) for head in found["heads"]),
        graph=found["graph"],
        trained_on=frozenset(found["trained_on"]),
        namespaces={EntityType(k): tuple(v) for k, v in found["namespaces"].items()},
        n_documents=tuple(found["n_documents"]),
    )


def load_miner(folder: Path, graph: GraphSnapshot | None = None) -> TrainedMiner:
    """Open a trained miner.

    Args:
        folder: What `iatros train-miner` wrote.
        graph: What the relation model sees of the graph; None shows it an empty one.

    Raises:
        MinerFolderError: The folder holds no miner, or a damaged one.
    """
    manifest = read_manifest(folder)
    try:
        knowledge = WordKnowledge(
            lexicon=Lexicon.load(folder / "names.arrow"),
            surfaces=Surfaces.load(folder / "surfaces.json"),
            shapes=NameShapes(load_arrays(str(folder / "shapes.safetensors"))["weights"]),
        )
        heads = [TagSet(types) for types in manifest.heads]
        encoder = folder / "encoder"
        states = WordStates(encoder, load_weights=False) if encoder.is_dir() else None
        tagger = MentionTagger(states, heads)
        tagger.load_state_dict(load_file(str(folder / "tagger.safetensors")))
        if states is not None:
            states.hold_for_reading()
        prior = None
        if manifest.settings.graph_prior:
            empty = GraphSnapshot.from_records(nodes=[], statements=[], mappings=[], sources=[])
            prior = GraphPrior(graph if graph is not None else empty)
        readers = [_load_reader(folder, row, prior) for row in _manifest(folder)["readers"]]
        gold = load_gold_names(folder / "gold_names.json")
    except MinerFolderError:
        raise
    except Exception as error:  # each kind of file breaks in its own way
        raise MinerFolderError(
            f"{folder}: the miner is damaged ({type(error).__name__}: {error}); train it again"
        ) from error
    return TrainedMiner(
        finder=NameFinder(tagger, heads, knowledge),
        linker=Linker(
            knowledge.lexicon,
            gold,
            threshold=manifest.settings.near_threshold,
            in_graph=None if graph is None else lambda curie: graph.index(curie) is not None,
        ),
        readers=readers,
        version=manifest.short_version,
    )


def _manifest(folder: Path) -> dict[str, Any]:
    path = folder / _MANIFEST
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise MinerFolderError(
            f"{folder}: holds no trained miner (no {_MANIFEST}); name the --out of "
            "iatros train-miner"
        ) from error
    except ValueError as error:
        raise MinerFolderError(f"{path}: is not JSON ({error}); train the miner again") from error
    if found.get("format") != _FORMAT:
        raise MinerFolderError(
            f"{path}: has format {found.get('format')!r}, this version reads {_FORMAT}; train again"
        )
    return found


def _save_reader(folder: Path, number: int, reader: RelationReader) -> dict[str, Any]:
    arrays = {f"bag{i}": bag.weights for i, bag in enumerate(reader.model.bags)}
    save_arrays(arrays, str(folder / f"relations-{number}.safetensors"))
    names = []
    for place, text in enumerate(reader.model.trees):
        names.append(f"relations-{number}-{place}.txt")
        (folder / names[-1]).write_text(text, encoding="utf-8")
    return {
        "number": number,
        "kinds": list(reader.kinds),
        "types": [[one.value, other.value] for one, other in reader.types],
        "threshold": reader.threshold,
        "n_classes": reader.model.n_classes,
        "trees": names,
        "related": dict(reader.before.related),
        "named": dict(reader.before.named),
        "prior": reader.prior is not None,
        "on_text": None if reader.on_text is None else reader.on_text.to_mapping(),
    }


def _load_reader(folder: Path, row: dict[str, Any], prior: GraphPrior | None) -> RelationReader:
    arrays = load_arrays(str(folder / f"relations-{row['number']}.safetensors"))
    bags = [BagModel(np.asarray(arrays[name])) for name in sorted(arrays)]
    trees = [(folder / name).read_text(encoding="utf-8") for name in row["trees"]]
    return RelationReader(
        kinds=row["kinds"],
        types=[(EntityType(one), EntityType(other)) for one, other in row["types"]],
        threshold=row["threshold"],
        model=RelationModel(bags, trees, row["n_classes"]),
        before=RelatedBefore(row["related"], row["named"]),
        prior=prior if row["prior"] else None,
        on_text=None if row["on_text"] is None else BeliefCurve.from_mapping(row["on_text"]),
    )


def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*")):
        if path.is_file() and path.name != _MANIFEST:
            digest.update(path.name.encode())
            with path.open("rb") as stream:
                digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()
