"""`iatros evaluate`: the benchmarks.

Decides the options; what is measured, under which control, is decided in `reasoning.evaluate`.
"""

from pathlib import Path
from typing import Annotated

import typer

from reasoning.errors import InputError

from .checking import safety
from .console import stderr, warn
from .imaging import multimodal
from .measuring_answers import answers
from .measuring_explanation import explanation
from .measuring_treated import patient_treatments
from .options import Config, GraphArgument, KnownCases, Results, Samples
from .reading import literature
from .training import read_cases_for_training, read_config
from .unseen import readable_cases

__all__ = ["register"]

_TASKS = ("every-cure", "pharmacotherapydb", "pharmacotherapydb-alone")
_EXTERNAL = ("pharmacotherapydb-from-every-cure", "every-cure-from-others")


def diagnosis(
    graph: GraphArgument,
    out: Results,
    cases: KnownCases = None,
    unseen: Annotated[
        list[Path] | None,
        typer.Option(
            "--test",
            help="Test these cases (folder, zip or file; diagnoses stated) instead of a part of "
            "the known ones, from which all is learnt that shares no paper with them.",
        ),
    ] = None,
    protocol: Annotated[
        list[str] | None,
        typer.Option("--protocol", help="as-published, paper-out or disease-out; all by default."),
    ] = None,
    part: Annotated[
        str,
        typer.Option(
            "--part",
            help="dev while anything is still chosen (only the training part is learnt from), "
            "test to report (all that is not tested is).",
        ),
    ] = "test",
    model: Annotated[
        bool, typer.Option("--model/--no-model", help="Train and test the neural model too.")
    ] = True,
    config: Config = None,
    decoys: Annotated[
        int, typer.Option("--decoys", min=0, help="Other diseases that lose their publications.")
    ] = 1000,
    samples: Samples = 1000,
    calibration: Annotated[
        int,
        typer.Option(
            "--calibration", min=0, help="Cases at most that fit temperatures, kept from training."
        ),
    ] = 200,
    ablations: Annotated[
        bool,
        typer.Option("--ablations/--no-ablations", help="Trees without each kind of evidence too."),
    ] = False,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the split and the decoys.")] = 0,
) -> None:
    """Rank held-out patients under three leakage controls, beside all baselines, with intervals.

    Example: iatros evaluate diagnosis graphs/rare --out results/diagnosis
    With patients of your own: add --test my_patients.zip
    """
    from fusion.config import ConfigError, TrainConfig
    from fusion.node_text import embed_graph
    from fusion.symbolic import NameVectors, SymbolicKnowledge
    from reasoning.evaluate import PROTOCOLS, EvaluationOptions, SplitOptions, evaluate_diagnosis
    from reasoning.evaluate.neural import TrainedModel
    from reasoning.evaluate.scorers import ScorerFactory
    from reasoning.loading import open_graph

    chosen = tuple(protocol or PROTOCOLS)
    for name in chosen:
        if name not in PROTOCOLS:
            raise typer.BadParameter(f"{name!r} is not one of {', '.join(PROTOCOLS)}")
    if unseen and part == "dev":
        raise typer.BadParameter("dev is a part of the known cases", param_hint="--test")
    if part not in ("dev", "test"):
        raise typer.BadParameter(f"{part!r} is not dev or test", param_hint="--part")
    try:
        training = TrainConfig.from_mapping(read_config(config))
    except (ConfigError, TypeError) as error:
        raise InputError.of(config or "--config", error, "See docs/training.md") from error
    snapshot = open_graph(graph)
    found = read_cases_for_training(graph, cases)
    given = readable_cases(unseen) if unseen else []
    if unseen and not any(case.diagnoses and case.phenotypes for case in given):
        raise InputError(
            unseen[0] if len(unseen) == 1 else "--test",
            "no case states both a finding and a diagnosis",
            "Give phenopackets with their interpretations, or JSON lines with diagnoses",
        )
    if nameless := sum(not case.publications for case in given):
        warn(f"--test: {nameless} cases name no paper; only their ids are kept from training")
    also = {diagnosis for case in (*found, *given) for diagnosis in case.diagnoses}
    text = embed_graph(snapshot, training.model)
    knowledge = SymbolicKnowledge.from_snapshot(snapshot, also=also)
    knowledge = knowledge.with_names(
        NameVectors(terms=text[knowledge.ontology.nodes], diseases=text[knowledge.catalogue.nodes])
    )
    scorers: list[ScorerFactory] = []
    if model:
        of_id = {case.case_id: case for case in (*found, *given)}
        whole = TrainedModel(cases=of_id, config=training, out=out / "models", node_text=text)
        scorers += [
            whole,
            whole.ablation("iatros without trees and network", "combiner"),
            whole.ablation("iatros, neural scores alone", "neural"),
        ]
    options = EvaluationOptions(
        protocols=chosen,  # type: ignore[arg-type]  # checked above
        tested=part,  # type: ignore[arg-type]  # checked above
        split=SplitOptions(seed=seed, n_decoys=decoys, n_calibration=calibration),
        n_samples=samples,
        ablations=ablations,
    )
    try:
        evaluate_diagnosis(
            knowledge,
            found,
            out=out,
            unseen=given,
            scorers=scorers,
            options=options,
            progress=lambda line: stderr.print(line, highlight=False),
        )
    except ValueError as error:
        raise InputError.of("evaluate", error, "See iatros evaluate diagnosis --help") from error
    print((out / "diagnosis.md").read_text(encoding="utf-8"))


def treatment(
    graph: GraphArgument,
    out: Results,
    task: Annotated[
        list[str] | None,
        typer.Option(
            "--task",
            help=f"{', '.join(_TASKS)} (all of these by default), or trained on other sources: "
            f"{', '.join(_EXTERNAL)}; repeatable.",
        ),
    ] = None,
    text: Annotated[
        bool | None,
        typer.Option(
            "--text/--no-text",
            help="Let rankers read texts of treatments, or not; by default both are run.",
        ),
    ] = None,
    fold: Annotated[
        list[int] | None,
        typer.Option(
            "--fold",
            help="Folds to run, 0 to 4, repeatable; settings were chosen on 0 of Every Cure.",
        ),
    ] = None,
    pairs: Annotated[
        bool,
        typer.Option("--pairs", help="Hold out pairs instead of diseases with family: easier."),
    ] = False,
    embeddings: Annotated[
        bool, typer.Option("--embeddings", help="DistMult and ComplEx from PyKEEN too (slow).")
    ] = False,
    config: Config = None,
    samples: Samples = 1000,
) -> None:
    """Rank all treatments for held-out diseases and their families, beside all baselines.

    Example: iatros evaluate treatment graphs/demo --out results/treatment --task every-cure
    """
    from fusion.config import ConfigError, TrainConfig
    from fusion.node_text import embed_graph, embed_names
    from reasoning.evaluate import (
        EVERY_CURE,
        EVERY_CURE_FROM_OTHERS,
        PHARMACOTHERAPY,
        PHARMACOTHERAPY_ALONE,
        PHARMACOTHERAPY_FROM_EVERY_CURE,
        TreatmentEvaluationOptions,
        embedding_scorers,
        evaluate_treatment,
    )
    from reasoning.loading import open_graph

    known = (
        EVERY_CURE,
        PHARMACOTHERAPY,
        PHARMACOTHERAPY_ALONE,
        PHARMACOTHERAPY_FROM_EVERY_CURE,
        EVERY_CURE_FROM_OTHERS,
    )
    tasks = dict(zip((*_TASKS, *_EXTERNAL), known, strict=True))
    for name in task or ():
        if name not in tasks:
            raise typer.BadParameter(f"{name!r} is not one of {', '.join(tasks)}")
    try:
        model = TrainConfig.from_mapping(read_config(config)).model
    except (ConfigError, TypeError) as error:
        raise InputError.of(config or "--config", error, "See docs/training.md") from error
    try:
        options = TreatmentEvaluationOptions(
            tasks=tuple(tasks[name] for name in dict.fromkeys(task or _TASKS)),
            texts=(True, False) if text is None else (text,),
            n_samples=samples,
            folds=tuple(fold) if fold else None,
            held_out="pairs" if pairs else "diseases",
        )
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--fold") from error
    snapshot = open_graph(graph)
    stderr.print("embedding the texts and names of nodes")
    nodes = embed_graph(snapshot, model)
    try:
        evaluate_treatment(
            snapshot,
            nodes,
            out,
            names=embed_names(snapshot, model, nodes),
            scorers=embedding_scorers() if embeddings else (),
            options=options,
            progress=lambda line: stderr.print(line, highlight=False),
        )
    except ValueError as error:
        raise InputError.of("evaluate", error, "See iatros evaluate treatment --help") from error
    print((out / "treatment.md").read_text(encoding="utf-8"))


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    evaluate = typer.Typer(
        help="The benchmarks: splits, baselines in the same run, intervals.", no_args_is_help=True
    )

    @evaluate.callback()
    def group() -> None:
        """The benchmarks: splits, baselines in the same run, intervals."""

    evaluate.command("diagnosis")(diagnosis)
    evaluate.command("treatment")(treatment)
    evaluate.command("safety")(safety)
    evaluate.command("multimodal")(multimodal)
    evaluate.command("answers")(answers)
    evaluate.command("literature")(literature)
    evaluate.command("explanation")(explanation)
    evaluate.command("patient-treatments")(patient_treatments)
    app.add_typer(evaluate, name="evaluate")
