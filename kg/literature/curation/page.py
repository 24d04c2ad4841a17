"""One web page that asks the questions: opens from disk, works by keyboard, sends nothing anywhere.

Decides what a curator sees. Answers are kept in the browser and saved as a JSON file that
`iatros curate import` reads.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from .tasks import CurationTask

__all__ = ["task_page"]

_PLACE = "/*TASKS*/[]"


def task_page(tasks: Sequence[CurationTask]) -> str:
    """The page, with all tasks in it and no address of anything outside but the papers'."""
    template = (Path(__file__).parent / "data" / "page.html").read_text("utf-8")
    rows = json.dumps([asdict(task) for task in tasks], ensure_ascii=True)
    # nothing that a task says can end the script or begin another
    safe = rows.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    return template.replace(_PLACE, safe)
