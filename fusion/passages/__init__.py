"""Passages of papers, found by words and by meaning.

Decides how sentences are indexed and ranked for a question, and which of them speak for or against
a treatment. What papers are is decided in `kg.literature`.
"""

from .index import Hit, Passage, PassageError, PassageIndex, Way
from .stance import PassageStance, stances

__all__ = ["Hit", "Passage", "PassageError", "PassageIndex", "PassageStance", "Way", "stances"]
