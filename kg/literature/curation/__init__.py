"""Curators in the loop: doubtful statements become tasks, answers become provenance.

Decides what is asked, in which order, and what several answers mean together.
"""

from .answers import CurationAnswer, is_orcid, read_answers
from .consensus import Consensus, agreement, consensus
from .outcome import CurationOutcome, curated
from .page import task_page
from .tasks import CurationTask, choose_tasks, read_tasks, write_tasks

__all__ = [
    "Consensus",
    "CurationAnswer",
    "CurationOutcome",
    "CurationTask",
    "agreement",
    "choose_tasks",
    "consensus",
    "curated",
    "is_orcid",
    "read_answers",
    "read_tasks",
    "task_page",
    "write_tasks",
]
