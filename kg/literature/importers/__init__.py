"""Other programs' output as mined statements; each importer is a plug of a screenful.

Decides which ones the project brings. To add one: a file here, a line in `IMPORTERS`, a case in
`tests/kg/literature/test_importers.py`, a CHANGELOG line.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from .indra import Indra
from .llm import LlmJson
from .pubtator3 import PubTator3
from .semmeddb import SemMedDb

__all__ = ["IMPORTERS", "Indra", "LlmJson", "PubTator3", "SemMedDb"]

IMPORTERS: Mapping[str, Callable[[], PubTator3 | SemMedDb | Indra | LlmJson]] = MappingProxyType(
    {"pubtator3": PubTator3, "semmeddb": SemMedDb, "indra": Indra, "llm": LlmJson}
)
"""Name on the command line to the importer."""
