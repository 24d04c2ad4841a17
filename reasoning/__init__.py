"""Scores and graph in, answers out: ranked, calibrated, explained and safety-checked.

Decides what is said about a patient and how it is measured, shown and served. How a score comes
about is decided in `fusion`, what the graph says in `kg`.
"""

from .answer import Answer
from .errors import InputError

__all__ = ["Answer", "InputError"]
