"""Showing answers: table, JSON, JSON lines, HTML.

Decides how an answer looks, not what is in it. Output files are written beside and renamed, so
that a half-written file never replaces a good one.
"""

import os
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path as FilePath
from types import TracebackType
from typing import IO, Literal, Self

from rich.console import Console, Group
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from .answer import Alert, Answer, Diagnosis, Entity, Hop, Passage, Path, RankedTreatment

__all__ = [
    "Format",
    "StreamWriter",
    "certainty_lines",
    "describe_path",
    "noted_line",
    "passage_line",
    "publications_of",
    "render_table",
    "to_text",
    "write_text",
]

Format = Literal["table", "json", "jsonl", "html"]

_ARROWS = {"forward": ("─", "→"), "backward": ("←", "─")}
_COLOURS = {"stop": "bold red", "caution": "yellow", "note": "dim"}


def describe_path(path: Path) -> str:
    """A path in one line: `drug ─treats→ disease ←causes─ gene`.

    Reads from the treatment to the disease; arrows keep the direction of the statement.
    """
    parts = [_start(path.hops[0]).label]
    for hop in path.hops:
        left, right = _ARROWS[hop.direction]
        parts.append(f"{left}{hop.predicate}{right} {_end(hop).label}")
    return " ".join(parts)


def publications_of(path: Path, *, limit: int = 3) -> str:
    """The first publications of a path's statements, or its sources when it cites none."""
    cited = list(dict.fromkeys(p for hop in path.hops for p in hop.publications))
    if not cited:
        return ", ".join(dict.fromkeys(hop.source for hop in path.hops))
    more = f" +{len(cited) - limit}" if len(cited) > limit else ""
    return ", ".join(cited[:limit]) + more


def _start(hop: Hop) -> Entity:
    return hop.subject if hop.direction == "forward" else hop.object


def _end(hop: Hop) -> Entity:
    return hop.object if hop.direction == "forward" else hop.subject


def render_table(answer: Answer) -> Group:
    """One answer for a terminal."""
    name = answer.case_id or (
        f"{answer.disease.label} ({answer.disease.id})" if answer.disease else ""
    )
    parts: list[Table | Text] = [Text(name, style="bold")]
    if answer.diagnoses:
        parts.append(_diagnosis_table(answer.diagnoses))
    parts.extend(Text(line) for line in certainty_lines(answer))
    if answer.treatments:
        parts.append(_treatment_table(answer.treatments))
    if answer.unresolved_inputs:
        parts.append(Text("not understood: " + ", ".join(answer.unresolved_inputs), style="yellow"))
    parts.extend(Text(f"warning: {w}", style="yellow") for w in answer.warnings)
    return Group(*parts)


def noted_line(answer: Answer) -> str:
    """Findings of the note with their places: `+` present, `−` excluded, `·` not used."""
    marks = {"present": "+", "excluded": "−"}
    return ", ".join(
        f"{marks.get(n.stance, '·') if n.used else '·'}{n.finding.label} "
        f"({n.start}–{n.end}{'' if n.used else f', {n.stance}'})"
        for n in answer.noted
    )


def certainty_lines(answer: Answer) -> list[str]:
    """The note's findings, how sure the ranking is, what to ask, what findings do, genes."""
    lines = [f"in the note: {noted_line(answer)}"] if answer.noted else []
    if (sure := answer.certainty) is not None:
        lines.append(
            f"none of the catalogue: {sure.none_of_catalogue:.3f}; the first {sure.set_size} hold "
            f"the disease of {sure.coverage:.0%} of such patients"
        )
    for question in answer.next_questions:
        tests = ", ".join(f"{e.action.label} ({e.cost})" for e in question.examinations[:2])
        lines.append(
            f"ask: {question.finding.label} ({question.finding.id}), {question.gain_nats:.2f} nats"
            + (f"; {tests}" if tests else "")
        )
    for other in answer.counterfactuals[:5]:
        would = f"{other.first.label} would stand first" if other.changed else "the same first"
        lines.append(f"without {other.without.label}: {would} ({-other.effect_nats:+.2f} nats)")
    for gene in answer.genes[:10]:
        share = "" if gene.probability is None else f" {gene.probability:.3f}"
        named = f": {gene.diseases[0].label}" if gene.diseases else ""
        lines.append(f"gene {gene.rank}: {gene.gene.label}{share}{named}")
    return lines


def _probability(value: float | None) -> str:
    return "—" if value is None else f"{value:.3f}"


def passage_line(passage: Passage) -> str:
    """What a paper says, in its own words where its licence allows them, else where it says so."""
    stands = "for" if passage.stance == "supporting" else "against"
    said = f"“{passage.sentence}”" if passage.sentence else f"says {passage.predicate}"
    place = "" if passage.start is None else f" {passage.section} {passage.start}-{passage.end}"
    return escape(f"{stands}: {said} [{passage.publication}{place}]")


def _diagnosis_table(diagnoses: tuple[Diagnosis, ...]) -> Table:
    table = Table(title="Diagnoses", title_justify="left", show_edge=False, pad_edge=False)
    table.add_column("#", justify="right")
    table.add_column("disease", ratio=3)
    table.add_column("score", justify="right")
    table.add_column("prob.", justify="right")
    table.add_column("findings that speak for it", ratio=4)
    for d in diagnoses:
        xref = next((x for x in (d.disease.id, *d.disease.xrefs) if x.startswith("OMIM:")), "")
        ids = d.disease.id if xref in ("", d.disease.id) else f"{d.disease.id} {xref}"
        spoke = [e for e in d.evidence if e.kind == "finding" and (e.weight_nats or 0) > 0][:3]
        reasons = "; ".join(
            f"{e.finding.label} (+{e.weight_nats:.1f})"
            + (f" [{e.publications[0]}]" if e.publications else "")
            for e in spoke
        )
        reasons = "\n".join([reasons, *(passage_line(p) for p in d.passages if d.rank == 1)])
        table.add_row(
            str(d.rank), f"{d.disease.label}\n[dim]{ids}[/dim]", f"{d.score:.2f}",
            _probability(d.probability), reasons,
        )  # fmt: skip
    return table


def _treatment_table(treatments: tuple[RankedTreatment, ...]) -> Table:
    table = Table(title="Treatments", title_justify="left", show_edge=False, pad_edge=False)
    table.add_column("#", justify="right")
    table.add_column("treatment", ratio=2)
    table.add_column("for", ratio=2)
    table.add_column("status")
    table.add_column("score", justify="right")
    table.add_column("evidence and alerts", ratio=5)
    for t in treatments:
        lines = [f"{describe_path(p)} [dim]\\[{publications_of(p)}][/dim]" for p in t.paths[:2]]
        lines += [_alert_line(a) for a in t.alerts]
        if t.rank == 1:  # the others have theirs in JSON and HTML
            lines += [passage_line(p) for p in t.passages]
        if t.no_data:
            lines.append(f"[dim]no data: {', '.join(t.no_data)}[/dim]")
        status = t.status if t.status != "contraindicated" else f"[red]{t.status}[/red]"
        table.add_row(
            str(t.rank), f"{t.treatment.label}\n[dim]{t.treatment.id}[/dim]", t.for_disease.label,
            status, f"{t.score:.3f}", "\n".join(lines),
        )  # fmt: skip
    return table


def _alert_line(alert: Alert) -> str:
    colour = _COLOURS[alert.severity]
    cited = f" [dim]\\[{alert.statements[0]}][/dim]" if alert.statements else ""
    return f"[{colour}]{alert.severity.upper()}: {alert.reason}[/{colour}]{cited}"


def to_text(answers: Iterable[Answer], form: Format) -> str:
    """Answers as text in `json` (one array), `jsonl` (one object a line), `table` or `html`."""
    answers = list(answers)
    if form == "jsonl":
        return "".join(a.model_dump_json() + "\n" for a in answers)
    if form == "json":
        return "[" + ",\n".join(a.model_dump_json(indent=1) for a in answers) + "]\n"
    if form == "html":
        from .report import render_html

        return render_html(answers)
    console = Console(width=160, record=True, file=open(os.devnull, "w"))  # noqa: SIM115, PTH123
    for answer in answers:
        console.print(render_table(answer))
    return console.export_text()


class StreamWriter:
    """Text to standard output, or to a file that appears whole or not at all.

    Args:
        path: File to write, or None for standard output.
    """

    def __init__(self, path: FilePath | None) -> None:
        self._path = path
        self._temporary: FilePath | None = None
        self._file: IO[str] = sys.stdout

    def __enter__(self) -> Self:
        if self._path is not None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self._path.parent, prefix=f".{self._path.name}.")
            self._temporary = FilePath(name)
            self._file = os.fdopen(handle, "w", encoding="utf-8")
        return self

    def write(self, text: str) -> None:
        """Append text."""
        self._file.write(text)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._temporary is None or self._path is None:
            self._file.flush()
            return
        self._file.close()
        if kind is None:
            self._temporary.chmod(0o644)
            self._temporary.replace(self._path)
        else:
            self._temporary.unlink(missing_ok=True)


def write_text(path: FilePath, text: str) -> None:
    """Write a file whole or not at all: beside it first, then renamed."""
    with StreamWriter(path) as writer:
        writer.write(text)
