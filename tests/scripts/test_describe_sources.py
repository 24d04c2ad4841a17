"""The page of sources is made from the list of sources and is up to date."""

import runpy
from pathlib import Path

from kg.sources import SOURCES

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "describe_sources.py"


def test_each_source_has_one_row_and_the_page_is_current() -> None:
    made = runpy.run_path(str(SCRIPT))
    text = made["page"]()
    for source in SOURCES:
        assert text.count(f"| `{source.facts.name}` |") == 1
    assert made["PAGE"].read_text("utf-8") == text, "run python scripts/describe_sources.py"
