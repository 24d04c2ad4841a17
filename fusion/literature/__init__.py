"""The trained miner: names found, linked and related by models learnt from gold corpora.

Decides everything about reading papers that is learnt. Formats, dictionaries, cues and how
statements are written are in `kg.literature`.
"""

from .corpora import GoldCorpus, GoldError, document_keys, gold_documents, read_gold
from .miner import TrainedMiner
from .miner_folder import MinerFolderError, MinerManifest, load_miner, read_manifest
from .relations import FoundRelation, RelationReader, gold_linked
from .settings import MinerSettings, SettingsError
from .training import MinerTraining, train_miner

__all__ = [
    "FoundRelation",
    "GoldCorpus",
    "GoldError",
    "MinerFolderError",
    "MinerManifest",
    "MinerSettings",
    "MinerTraining",
    "RelationReader",
    "SettingsError",
    "TrainedMiner",
    "document_keys",
    "gold_documents",
    "gold_linked",
    "load_miner",
    "read_gold",
    "read_manifest",
    "train_miner",
]
