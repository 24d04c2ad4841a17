"""What an answer says beside the ranking, measured on patients whom the model has never seen.

Decides which parts are measured (probabilities and sets, noise, questions, faithfulness), that a
model which knows a tested paper is refused, and the layout of `answers.json` and `answers.md`. The
numbers themselves are decided in the files of these names.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fusion.predictor import Predictor
from fusion.ranks import realistic_rank
from kg.case import ClinicalCase
from kg.cases.split import publication_components

from .certainty import CertaintyResult, measure_certainty
from .faithfulness import FaithfulnessResult, measure_faithfulness
from .gene_ranking import GeneResult, measure_genes
from .metrics import Interval, RankTable, paired_differences
from .noise import CaseNoise
from .plots import plot_reliability_of
from .questioning import GAMES, play

__all__ = ["AnswerOptions", "AnswerResult", "evaluate_answers", "find_known"]

_TOP = ("top1", "top10", "macro_top1", "macro_top10")
_WELL_RECORDED = 10  # hidden terms from which five questions are a real choice


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerOptions:
    """What is measured.

    Attributes:
        noise: Rank damaged cases too.
        questions: Play both games of questions.
        faithfulness: Delete what is cited.
        genes: Rank candidate genes, with the causal one among random ones.
        n_asked: Cases that are asked questions at most, in each game: each question ranks a
            patient a dozen times.
        n_samples: Bootstrap samples.
        seed: Of everything random.
    """

    noise: bool = True
    questions: bool = True
    faithfulness: bool = True
    genes: bool = True
    n_asked: int = 150
    n_samples: int = 1000
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AnswerResult:
    """Everything that was measured; None for what was not asked for.

    Attributes:
        n_cases: Cases with a diagnosis of the catalogue.
        n_publications: Independent publications.
        clean: Ranks of the cases as they are.
        certainty: Probabilities and sets.
        noise: Metrics of damaged cases, and their share of the clean ones.
        questions: By game and subset of cases.
        faithfulness: Deletions.
        genes: Ranking of candidate genes.
    """

    n_cases: int
    n_publications: int
    clean: dict[str, Interval]
    certainty: CertaintyResult
    noise: dict[str, Interval] | None
    questions: dict[str, dict[str, Any]] | None
    faithfulness: FaithfulnessResult | None
    genes: GeneResult | None


def find_known(predictor: Predictor, cases: Sequence[ClinicalCase]) -> str | None:
    """Why cases are not unseen by a model, in a sentence; None when they are."""
    own = {case.case_id for case in cases}
    papers = frozenset[str]().union(*(case.publications for case in cases))
    for case in predictor.references:
        if case.case_id in own:
            return f"the model has learnt from case {case.case_id}"
        if shared := papers.intersection(case.publications):
            return f"the model has learnt from a case of {min(shared)}"
    if known := int(predictor.graph.without_publications(papers).sum()):
        return f"{known} statements of the model's graph cite publications of the cases"
    return None


def evaluate_answers(
    predictor: Predictor,
    cases: Sequence[ClinicalCase],
    *,
    out: Path,
    options: AnswerOptions | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> AnswerResult:
    """Measures everything and writes `answers.json`, `answers.md` and `reliability.png`.

    Args:
        predictor: A calibrated model that knows nothing of the cases.
        cases: Held-out cases; those without a diagnosis of the catalogue are left out.
        out: Folder of the results; made when missing.
        options: What is measured.
        progress: Told what is being done.

    Raises:
        ValueError: The model is not calibrated, or no case can be used.
    """
    chosen = options or AnswerOptions()
    confidence = predictor.confidence
    if confidence is None:
        raise ValueError("the model is not calibrated: it has no confidence.json; train it again")
    golds = [predictor.diagnoses_of(case) for case in cases]
    kept = [row for row, gold in enumerate(golds) if gold]
    if not kept:
        raise ValueError("no case has a diagnosis of the catalogue")
    found, golds = [cases[row] for row in kept], [golds[row] for row in kept]
    clusters = publication_components(found).astype(np.int32)
    diseases = np.asarray([gold[0] for gold in golds], dtype=np.int32)
    progress(f"scoring {len(found)} cases")
    scores = predictor.score_diagnoses(found)
    clean = _table(scores, golds, diseases, clusters)
    result = AnswerResult(
        n_cases=len(found),
        n_publications=int(clusters.max()) + 1,
        clean=_top(clean.intervals(n_samples=chosen.n_samples)),
        certainty=measure_certainty(
            confidence, scores, golds, clusters, n_samples=chosen.n_samples
        ),
        noise=_noise(predictor, found, golds, clean, chosen, progress) if chosen.noise else None,
        questions=_questions(predictor, found, clean, chosen, progress)
        if chosen.questions
        else None,
        faithfulness=_faithfulness(predictor, found, clusters, chosen, progress)
        if chosen.faithfulness
        else None,
        genes=_genes(predictor, found, scores, chosen, progress) if chosen.genes else None,
    )
    out.mkdir(parents=True, exist_ok=True)
    run = {"graph": predictor.graph.digest, "model": predictor.manifest.model_digest}
    document = json.dumps(run | _as_json(result), indent=1, default=str)
    (out / "answers.json").write_text(document + "\n", encoding="utf-8")
    (out / "answers.md").write_text(_markdown(result), encoding="utf-8")
    plot_reliability_of(
        result.certainty.first_probability,
        result.certainty.first_right,
        out / "reliability.png",
        title=f"{result.n_cases} unseen cases",
    )
    return result


def _table(
    scores: npt.NDArray[np.float32],
    golds: Sequence[tuple[int, ...]],
    diseases: npt.NDArray[np.int32],
    clusters: npt.NDArray[np.int32],
) -> RankTable:
    ranks = [realistic_rank(own, gold) for own, gold in zip(scores, golds, strict=True)]
    return RankTable(rank=np.asarray(ranks), disease=diseases, cluster=clusters)


def _top(metrics: dict[str, Interval]) -> dict[str, Interval]:
    return {name: metrics[name] for name in _TOP}


def _noise(
    predictor: Predictor,
    cases: Sequence[ClinicalCase],
    golds: Sequence[tuple[int, ...]],
    clean: RankTable,
    options: AnswerOptions,
    progress: Callable[[str], None],
) -> dict[str, Interval]:
    progress("ranking damaged cases")
    damage = CaseNoise(predictor.graph, predictor.symbolic.knowledge.ontology)
    rng = np.random.default_rng([options.seed, 17])
    damaged = [damage.damage(case, rng) for case in cases]
    noisy = _table(predictor.score_diagnoses(damaged), golds, clean.disease, clean.cluster)
    measured = _top(noisy.intervals(n_samples=options.n_samples))
    before, after = clean.summary(), noisy.summary()
    samples = noisy.samples(n_samples=options.n_samples) / np.maximum(
        clean.samples(n_samples=options.n_samples), 1e-9
    )
    names = list(before)
    for name in ("top10", "macro_top10"):
        low, high = np.percentile(samples[:, names.index(name)], [2.5, 97.5])
        measured[f"{name}_kept"] = Interval(
            value=after[name] / max(before[name], 1e-9), low=float(low), high=float(high)
        )
    return measured


def _questions(
    predictor: Predictor,
    cases: Sequence[ClinicalCase],
    clean: RankTable,
    options: AnswerOptions,
    progress: Callable[[str], None],
) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for game in GAMES:
        for label, n_hidden in (("all", 1), (f"{_WELL_RECORDED}+ hidden", _WELL_RECORDED)):
            progress(f"asking questions: {game}, {label}")
            played = play(
                predictor, cases, game=game, n_hidden=n_hidden, most=options.n_asked,
                seed=options.seed, rank_of=lambda scores, gold: realistic_rank(scores, gold),
            )  # fmt: skip
            if not len(played.rows):
                continue

            def table(ranks: npt.NDArray[np.float64], rows: Any = played.rows) -> RankTable:
                return RankTable(
                    rank=ranks, disease=clean.disease[rows], cluster=clean.cluster[rows]
                )

            policies = ("before", "random", "chosen", "everything")
            tables = {name: table(getattr(played, name)) for name in policies}
            found[f"{game}, {label}"] = {
                "n_cases": len(played.rows),
                "answered_random": played.answered_random,
                "answered_chosen": played.answered_chosen,
                **{
                    name: _top(own.intervals(n_samples=options.n_samples))
                    for name, own in tables.items()
                },
                "chosen_minus_random": _top(
                    paired_differences(
                        tables["chosen"], tables["random"], n_samples=options.n_samples
                    )
                ),
            }
    return found


def _faithfulness(
    predictor: Predictor,
    cases: Sequence[ClinicalCase],
    clusters: npt.NDArray[np.int32],
    options: AnswerOptions,
    progress: Callable[[str], None],
) -> FaithfulnessResult:
    progress("deleting what is cited")
    return measure_faithfulness(
        predictor, cases, clusters, n_samples=options.n_samples, seed=options.seed
    )


def _genes(
    predictor: Predictor,
    cases: Sequence[ClinicalCase],
    scores: npt.NDArray[np.float32],
    options: AnswerOptions,
    progress: Callable[[str], None],
) -> GeneResult | None:
    progress("ranking candidate genes")
    return measure_genes(predictor, cases, scores, n_samples=options.n_samples, seed=options.seed)


def _as_json(result: AnswerResult) -> dict[str, Any]:
    def plain(value: Any) -> Any:
        if isinstance(value, Interval):
            return {"value": value.value, "low": value.low, "high": value.high}
        if isinstance(value, dict):
            return {key: plain(inner) for key, inner in value.items()}
        return value.as_json() if hasattr(value, "as_json") else value

    return {name: plain(getattr(result, name)) for name in AnswerResult.__slots__}


def _cell(interval: Interval) -> str:
    return f"{interval.value:.3f} ({interval.low:.3f}–{interval.high:.3f})"


def _row(name: str, metrics: dict[str, Interval]) -> str:
    return f"| {name} | " + " | ".join(_cell(metrics[key]) for key in _TOP) + " |"


def _markdown(result: AnswerResult) -> str:
    sure = result.certainty
    heads = "| | top-1 | top-10 | macro top-1 | macro top-10 |\n|---|---|---|---|---|"
    first, third = sure.set_size_quartiles
    lines = [
        "# Answers on unseen patients",
        "",
        f"{result.n_cases} cases of {result.n_publications} independent publications that the "
        "model and its graph know nothing of. 95% intervals over publications.",
        "",
        "## Probabilities and sets",
        "",
        "| measure | value |",
        "|---|---|",
        f"| expected calibration error of the first | {_cell(sure.ece)} |",
        f"| mean probability / share correct of the first | "
        f"{sure.confidence:.3f} / {sure.accuracy:.3f} |",
        f"| coverage of {sure.coverage_stated:.0%} sets, cases alike | {_cell(sure.coverage)} |",
        f"| coverage, publications alike | {_cell(sure.coverage_publications)} |",
        f"| set size, median (quartiles) | {sure.set_size_median:.0f} ({first:.0f}–{third:.0f}) |",
        f"| probability of none: right one in the list / taken out | "
        f"{sure.none_inside:.3f} / {sure.none_outside:.3f} (AUC {sure.none_auc:.3f}) |",
        "",
    ]
    if result.noise is not None:
        lines += [
            "## Noise", "",
            "Half of the terms dropped, a fifth of the rest made a parent, two random ones added.",
            "", heads, _row("clean", result.clean), _row("damaged", result.noise), "",
            f"Kept of the clean top-10: {_cell(result.noise['top10_kept'])}, macro "
            f"{_cell(result.noise['macro_top10_kept'])}.", "",
        ]  # fmt: skip
    for game, own in (result.questions or {}).items():
        lines += [
            f"## Five questions: {game} ({own['n_cases']} cases)", "", heads,
            _row("three terms shown", own["before"]),
            _row(f"random ({own['answered_random']:.1f} answered)", own["random"]),
            _row(f"most informative ({own['answered_chosen']:.1f} answered)", own["chosen"]),
            _row("every recorded term", own["everything"]),
            _row("most informative − random, paired", own["chosen_minus_random"]), "",
        ]  # fmt: skip
    if (faithful := result.faithfulness) is not None:
        lines += [
            "## Deleting what is cited", "", "| deletion | share of cases |", "|---|---|",
            f"| the strongest cited finding lowers the probability | {_cell(faithful.strongest)} |",
            f"| and more than the weakest cited one | {_cell(faithful.strongest_beats_weakest)} |",
            f"| all findings cited for it | {_cell(faithful.findings)} |",
        ]  # fmt: skip
        if faithful.statements is not None:
            lines.append(
                f"| the publications cited, from the graph ({faithful.n_statements} cases) | "
                f"{_cell(faithful.statements)} |"
            )
        lines.append("")
    if result.genes is not None:
        lines += [*result.genes.markdown(), ""]
    return "\n".join(lines)
