"""What the documents name is there: links, files, benchmarks, commands and their options."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from reasoning.cli import app

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
LINK = re.compile(r"\]\(([^)\s]+)\)")
FILE = re.compile(
    r"(?<![\w/.-])((?:benchmarks|scripts|tests|docs|kg|fusion|encoders|reasoning)/[\w./-]*\w)(?![\w*<])"
)
NOW = [page for page in PAGES if page.name != "CHANGELOG.md"]  # which names what is no more


def test_pages_are_found() -> None:
    assert {"README.md", "CONTRIBUTING.md", "architecture.md"} <= {page.name for page in PAGES}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    text = page.read_text("utf-8")
    targets = [t for t in LINK.findall(text) if "://" not in t and not t.startswith("mailto:")]
    for target in targets:
        name, _, anchor = target.partition("#")
        found = (page.parent / name).resolve() if name else page
        assert found.exists(), target
        if anchor and found.suffix == ".md":
            assert anchor in set(_anchors(found)), target


def _anchors(page: Path) -> Iterator[str]:
    for title in re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.M):
        yield re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


@pytest.mark.parametrize("page", NOW, ids=lambda page: page.name)
def test_every_file_that_is_named_exists(page: Path) -> None:
    named = set(FILE.findall(page.read_text("utf-8")))
    missing = {
        name for name in named if not (ROOT / name).exists() and not any(ROOT.glob(name + ".*"))
    }
    assert not missing


@pytest.mark.parametrize("page", NOW, ids=lambda page: page.name)
def test_every_command_and_option_exists(page: Path) -> None:
    whole: Any = typer.main.get_command(app)
    for call in _calls(page, r"iatros [a-z]"):
        command, words = whole, _words(call)[1:]
        while words and words[0] in getattr(command, "commands", {}):
            command = command.commands[words.pop(0)]
        known = {name for one in command.params for name in (*one.opts, *one.secondary_opts)}
        assert _options(words) <= {*known, "--help"}, call


@pytest.mark.parametrize("page", NOW, ids=lambda page: page.name)
def test_every_option_of_a_script_exists(page: Path) -> None:
    for call in _calls(page, r"python (?:benchmarks|scripts)/"):
        script = (ROOT / _words(call)[1]).read_text("utf-8")
        assert {option for option in _options(_words(call)) if option not in script} == set(), call


def test_every_command_teaches_by_an_example_that_runs() -> None:
    for command in _commands(typer.main.get_command(app)):
        examples = re.findall(r"^Example: iatros (.+)$", command.help or "", re.M)
        assert examples, command.name
        known = {name for one in command.params for name in (*one.opts, *one.secondary_opts)}
        for example in examples:
            assert command.name in example.split(), example
            assert _options(example.partition("&&")[0].split()) <= known, example
        assert all(one.help for one in command.params), command.name


def _commands(command: Any) -> Iterator[Any]:
    for inner in getattr(command, "commands", {}).values():
        yield from _commands(inner)
    if not hasattr(command, "commands"):
        yield command


def _calls(page: Path, start: str) -> list[str]:
    """Commands that begin a line or a code span."""
    text = page.read_text("utf-8").replace("\\\n", " ")
    return re.findall(rf"(?:^|`)({start}[^`\n]*)", text, re.M)


def _words(call: str) -> list[str]:
    return re.split(r"[;|&#→]|   ", call)[0].split()


def _options(words: Iterable[str]) -> set[str]:
    found = (re.match(r"\[?(--[a-z][\w-]*)", word) for word in words)
    return {match[1] for match in found if match}
