"""`iatros evaluate patient-treatments`: do unseen patients get what treats their disease.

Decides the options and that a model which knows a tested paper is refused; what is counted is
decided in `reasoning.evaluate.patient_treatments`.
"""

from pathlib import Path
from typing import Annotated

import typer

from reasoning.errors import InputError

from .options import ModelArgument, Results, Samples, UnseenCases
from .unseen import readable_cases, refuse_known

__all__ = ["patient_treatments"]


def patient_treatments(
    model: ModelArgument,
    cases: UnseenCases,
    out: Results,
    truth: Annotated[
        Path | None,
        typer.Option("--truth", help="Graph that says what treats what; the model's by default."),
    ] = None,
    top: Annotated[int, typer.Option("--top", min=1, help="Treatments that count.")] = 10,
    samples: Samples = 1000,
) -> None:
    """Recall of true treatments from the findings alone, and with the diagnosis given.

    Example: iatros evaluate patient-treatments models/rare --cases unseen.zip --out results
    """
    from reasoning.evaluate import evaluate_patient_treatments
    from reasoning.loading import open_graph
    from reasoning.treat import TreatmentRanker

    found = readable_cases(cases)
    ranker = TreatmentRanker.load(model)
    refuse_known(ranker.predictor, found, cases[0])
    try:
        result = evaluate_patient_treatments(
            ranker,
            found,
            out,
            truth=None if truth is None else open_graph(truth),
            top=top,
            n_samples=samples,
        )
    except ValueError as error:
        raise InputError.of("evaluate", error, "Give cases of treatable diseases") from error
    print(result.table())
