"""`iatros diagnose` and `iatros treat`.

Decides the options and how a stream of cases becomes output; the answers come from
`reasoning.diagnose` and `reasoning.treat`.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, get_args

import typer

from kg.case import ClinicalCase
from reasoning.answer import Answer
from reasoning.errors import InputError
from reasoning.render import Format

from .answering_drugs import answer_drugs
from .console import stderr, stdout, warn
from .lists import read_lines
from .options import file_to_write

__all__ = ["register"]

_BATCH = 64
_QUESTIONS = 5

Cases = Annotated[
    list[Path] | None,
    typer.Argument(help="Phenopackets, FHIR bundles, JSON lines; files, folders or zip archives."),
]
Model = Annotated[Path, typer.Option("--model", help="Folder that `iatros train` wrote.")]
Graph = Annotated[
    Path | None,
    typer.Option(
        "--graph", help="Graph to answer on; it must be the one the model was trained on."
    ),
]
Top = Annotated[int, typer.Option("--top", min=1, help="How many to list.")]
Form = Annotated[str, typer.Option("--format", help="table, json, jsonl or html.")]
Out = Annotated[
    Path | None,
    typer.Option("--out", help="File to write instead of standard output.", callback=file_to_write),
]


def _check_format(form: str) -> Format:
    if form not in get_args(Format):
        raise typer.BadParameter(f"{form!r} is not one of {', '.join(get_args(Format))}")
    return form  # type: ignore[return-value]


def diagnose(
    cases: Cases = None,
    model: Model = Path("models/demo"),
    graph: Graph = None,
    top: Top = 10,
    form: Form = "table",
    out: Out = None,
    evidence: Annotated[
        bool, typer.Option("--evidence/--no-evidence", help="Say which findings speak for each.")
    ] = True,
    ask: Annotated[
        bool, typer.Option("--ask", help="Say which five findings to ask about next.")
    ] = False,
    counterfactual: Annotated[
        bool,
        typer.Option("--counterfactual", help="Say what would stand first without each finding."),
    ] = False,
    genes: Annotated[
        bool, typer.Option("--genes", help="Use the candidate genes of the case, and rank them.")
    ] = False,
    noted: Annotated[
        bool,
        typer.Option(
            "--note-findings/--no-note-findings",
            help="Link findings in the note to HPO and use those stated or denied.",
        ),
    ] = True,
) -> None:
    """Rank the diseases of the catalogue for each patient, with the findings that speak for them.

    Example: iatros diagnose patient.json --model models/demo --top 5
    Example: iatros diagnose patient.json --model models/demo --ask --counterfactual
    """
    chosen = _check_format(form)
    if not cases:
        raise typer.BadParameter(
            "give at least one file, folder or zip of cases", param_hint="CASE"
        )
    from reasoning.diagnose import Asked, Diagnoser

    engine = Diagnoser.load(model, graph=graph)
    asked = Asked(
        top=top,
        evidence=evidence,
        questions=_QUESTIONS if ask else 0,
        counterfactual=counterfactual,
        genes=genes,
        noted=noted,
    )
    _answer_cases(cases, lambda batch: engine.answer(batch, asked), chosen, out)


def treat(
    cases: Cases = None,
    disease: Annotated[
        list[str] | None, typer.Option("--disease", help="Rank for a disease alone; any mapped id.")
    ] = None,
    diseases: Annotated[
        Path | None, typer.Option("--diseases", help="File with one disease id a line.")
    ] = None,
    model: Model = Path("models/demo"),
    graph: Graph = None,
    top: Top = 10,
    form: Form = "table",
    out: Out = None,
    diagnosis: Annotated[
        list[str] | None,
        typer.Option(
            "--diagnosis", help="Take this diagnosis as given instead of the ranked ones."
        ),
    ] = None,
    paths: Annotated[int, typer.Option("--paths", min=0, help="Evidence paths a treatment.")] = 3,
    drug: Annotated[
        list[str] | None,
        typer.Option("--drug", help="Rank diseases for a drug instead; any mapped id."),
    ] = None,
) -> None:
    """Rank drugs and medical actions, for patients or for diseases alone, with evidence and alerts.

    Example: iatros treat patient.json --model models/demo
    Example: iatros treat --disease OMIM:219800 --model models/demo
    Example: iatros treat --drug DRUGBANK:DB00945 --model models/demo
    """
    chosen = _check_format(form)
    wanted = [*(disease or ()), *read_lines(diseases)]
    if diseases is not None and not wanted:
        raise InputError(diseases, "holds no disease id", "Give one a line, such as OMIM:219800")
    if bool(cases) + bool(wanted) + bool(drug) != 1:
        raise typer.BadParameter(
            "give either cases, --disease/--diseases or --drug", param_hint="CASE"
        )
    if drug:
        answer_drugs(drug, model=model, graph=graph, form=chosen, out=out, top=top, paths=paths)
        return
    from reasoning.treat import TreatmentRanker

    engine = TreatmentRanker.load(model, graph=graph)
    if cases:
        _answer_cases(
            cases,
            lambda batch: engine.answer_cases(batch, top=top, paths=paths, given=diagnosis or ()),
            chosen,
            out,
        )
        return
    stream = _Diseases(wanted, lambda name: engine.answer_disease(name, top=top, paths=paths))
    _emit(stream, chosen, out)
    _finish(stream.bad, stream.done)


class _Diseases:
    """Diseases answered one after the other; an id that names none is refused by itself."""

    def __init__(self, names: Sequence[str], answer: Callable[[str], Answer]):
        self._names, self._answer = names, answer
        self.bad = self.done = 0

    def __iter__(self) -> Iterator[Answer]:
        for name in self._names:
            try:
                answer = self._answer(name)
            except InputError as error:
                self.bad += 1
                warn(str(error))
                continue
            self.done += 1
            yield answer


class _Stream:
    """Cases read, answered and given on in batches: a thousand need no more memory than ten."""

    def __init__(self, paths: Sequence[Path], answer: Callable[[list[ClinicalCase]], list[Answer]]):
        self._paths, self._answer = paths, answer
        self.bad = self.done = 0
        self.seconds = 0.0

    def __iter__(self) -> Iterator[Answer]:
        from kg.cases import CaseError, read_cases

        batch: list[ClinicalCase] = []
        for item in read_cases(self._paths):
            if isinstance(item, CaseError):
                self.bad += item.severity == "error"
                warn(str(item))
                continue
            batch.append(item)
            if len(batch) == _BATCH:
                yield from self._flush(batch)
                batch = []
        if batch:
            yield from self._flush(batch)

    def _flush(self, batch: list[ClinicalCase]) -> list[Answer]:
        start = time.perf_counter()
        answers = self._answer(batch)
        self.seconds += time.perf_counter() - start
        self.done += len(batch)
        return answers


def _answer_cases(
    paths: Sequence[Path],
    answer: Callable[[list[ClinicalCase]], list[Answer]],
    form: Format,
    out: Path | None,
) -> None:
    stream = _Stream(paths, answer)
    _emit(stream, form, out)
    if stream.done > 1:
        rate = f"{stream.done / stream.seconds:.1f} cases a second" if stream.seconds else ""
        stderr.print(f"{stream.done} cases answered, {stream.bad} refused; {rate}", highlight=False)
    _finish(stream.bad, stream.done)


def _emit(answers: Iterable[Answer], form: Format, out: Path | None) -> None:
    from reasoning.render import StreamWriter, render_table, to_text, write_text

    if form == "jsonl":
        with StreamWriter(out) as writer:
            for answer in answers:
                writer.write(answer.model_dump_json() + "\n")
    elif form == "table" and out is None:
        for answer in answers:
            stdout.print(render_table(answer))
            stdout.print()
    elif out is not None:
        write_text(out, to_text(answers, form))
    else:
        print(to_text(answers, form), end="")


def _finish(bad: int, done: int) -> None:
    if bad:
        raise typer.Exit(1)
    if not done:
        raise InputError("input", "holds no case", "Give phenopackets, FHIR bundles or JSON lines")


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(diagnose)
    app.command()(treat)
