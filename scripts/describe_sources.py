"""Writes docs/sources.md: one line for each source, made from the facts it states about itself.

Run `python scripts/describe_sources.py` to write the page, with `--check` to learn (exit status 1)
that it is out of date.
"""

import argparse
import sys
from collections import Counter
from pathlib import Path

from kg.sources import SOURCES, SourceFacts

PAGE = Path(__file__).resolve().parents[1] / "docs" / "sources.md"

_INTRODUCTION = """\
# Sources

Made by `python scripts/describe_sources.py` from the facts in `kg/sources`; change it there. How
to add one: [adding-a-source.md](adding-a-source.md). The order is the order of trust: of two
sources that name one thing, or map one id, the earlier one wins. `iatros build
--licence-filter permissive` reads only the sources of class *permissive*.
"""


def _row(facts: SourceFacts) -> str:
    profiles = ", ".join(name for name in ("demo", "rare", "full") if name in facts.profiles)
    cells = (
        f"`{facts.name}`",
        f"[{facts.title}]({facts.homepage})",
        facts.licence,
        facts.licence_class,
        facts.release,
        profiles,
        facts.gives,
    )
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def page() -> str:
    """The whole page as Markdown."""
    classes = Counter(source.facts.licence_class for source in SOURCES)
    counted = ", ".join(f"{count} {name}" for name, count in sorted(classes.items()))
    head = "| source | title | licence | class | release | profiles | gives |"
    lines = [
        _INTRODUCTION,
        f"{len(SOURCES)} sources: {counted}.\n",
        head,
        "|" + "---|" * (head.count("|") - 1),
        *(_row(source.facts) for source in SOURCES),
    ]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Write or check the page; returns the exit status."""
    parser = argparse.ArgumentParser(description="Write docs/sources.md from the sources' facts.")
    parser.add_argument("--check", action="store_true", help="only say whether it is up to date")
    if parser.parse_args().check:
        if PAGE.is_file() and PAGE.read_text("utf-8") == page():
            return 0
        print(f"{PAGE}: out of date; run python scripts/describe_sources.py", file=sys.stderr)
        return 1
    PAGE.write_text(page(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
