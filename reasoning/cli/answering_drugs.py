"""`iatros treat --drug`: which diseases a drug may be for.

Decides how answers are written; what is in them is decided in `reasoning.indications`.
"""

from collections.abc import Sequence
from pathlib import Path

import typer

from reasoning.errors import InputError
from reasoning.render import Format

from .console import stdout, warn

__all__ = ["answer_drugs"]


def answer_drugs(
    drugs: Sequence[str],
    *,
    model: Path,
    graph: Path | None,
    form: Format,
    out: Path | None,
    top: int,
    paths: int,
) -> None:
    """Answers for each drug; an id that names none is refused by itself, with exit status 1."""
    if form == "html" or (form == "table" and out is not None):
        raise typer.BadParameter("--drug is answered as json, jsonl, or a table on the screen")
    from reasoning.diagnose import Diagnoser
    from reasoning.drug_answer import render_drug
    from reasoning.indications import IndicationRanker
    from reasoning.loading import load_predictor
    from reasoning.render import write_text

    predictor = load_predictor(model, graph=graph)
    known = Diagnoser(predictor)
    ranker = IndicationRanker(predictor, graph=known.graph, model=known.model)
    answers = []
    for drug in drugs:
        try:
            answers.append(ranker.answer(drug, top=top, paths=paths))
        except InputError as error:
            warn(str(error))
    if form == "table":
        for answer in answers:
            stdout.print(render_drug(answer))
            stdout.print()
    else:
        lines = [answer.model_dump_json(indent=1 if form == "json" else None) for answer in answers]
        text = (
            "[" + ",\n".join(lines) + "]\n" if form == "json" else "".join(f"{x}\n" for x in lines)
        )
        if out is None:
            print(text, end="")
        else:
            write_text(out, text)
    if len(answers) < len(drugs):
        raise typer.Exit(1)
