"""`iatros evaluate answers`: what a trained model says beside the ranking, on unseen patients.

Decides the options and that a model which knows a tested paper is refused; what is measured is
decided in `reasoning.evaluate.answers`.
"""

from typing import Annotated

import typer

from reasoning.errors import InputError

from .console import stderr
from .options import ModelArgument, Results, Samples, UnseenCases
from .unseen import readable_cases, refuse_known

__all__ = ["answers"]


def answers(
    model: ModelArgument,
    cases: UnseenCases,
    out: Results,
    noise: Annotated[bool, typer.Option("--noise/--no-noise", help="Damage the cases.")] = True,
    questions: Annotated[
        bool, typer.Option("--questions/--no-questions", help="Ask five questions a case.")
    ] = True,
    faithfulness: Annotated[
        bool, typer.Option("--faithfulness/--no-faithfulness", help="Delete what is cited.")
    ] = True,
    genes: Annotated[bool, typer.Option("--genes/--no-genes", help="Rank candidate genes.")] = True,
    asked: Annotated[
        int, typer.Option("--asked", min=1, help="Cases that are asked questions, at most.")
    ] = 150,
    samples: Samples = 1000,
    seed: Annotated[int, typer.Option("--seed", help="Of everything random.")] = 0,
) -> None:
    """Measure probabilities, sets, noise, questions and explanations on unseen patients.

    Example: iatros evaluate answers models/rare --cases unseen.zip --out results/answers
    """
    from reasoning.evaluate import AnswerOptions, evaluate_answers
    from reasoning.loading import load_predictor

    found = readable_cases(cases)
    predictor = load_predictor(model)
    refuse_known(predictor, found, cases[0])
    options = AnswerOptions(
        noise=noise,
        questions=questions,
        faithfulness=faithfulness,
        genes=genes,
        n_asked=asked,
        n_samples=samples,
        seed=seed,
    )
    try:
        evaluate_answers(
            predictor,
            found,
            out=out,
            options=options,
            progress=lambda line: stderr.print(line, highlight=False),
        )
    except ValueError as error:
        raise InputError.of("evaluate", error, "See iatros evaluate answers --help") from error
    print((out / "answers.md").read_text(encoding="utf-8"))
