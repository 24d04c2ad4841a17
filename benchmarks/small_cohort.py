"""What privacy and pretraining cost or gain on the chest cohort: docs/results-multimodal.md.

Same splits as `iatros evaluate multimodal`: differential privacy on a linear head at two epsilons,
federated averaging over three hospitals beside all patients in one place and the largest hospital
alone, and the note-only classifier over another text encoder (`--text-encoder`, repeatable).

    python benchmarks/small_cohort.py ../shared/data/covid_chestxray --graph graphs/rare
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from sklearn.model_selection import StratifiedKFold

from encoders import ImageEncoder, TextEncoder
from fusion.classes import ClassTraining, PatientClassifier, classify, train_classifier
from fusion.classes.cohort import TokenCohort, read_cohort
from fusion.classes.federated import hospitals_of, train_federated
from fusion.classes.private import PrivacyOptions, mean_tokens, train_head
from kg.cases.chest_classes import CHEST_CLASSES
from reasoning.evaluate.chest_cohort import read_chest_cohort
from reasoning.evaluate.class_metrics import difference, interval
from reasoning.loading import open_graph

IntArray = npt.NDArray[np.int64]
Method = Callable[[IntArray, IntArray, int], IntArray]
_N = len(CHEST_CLASSES)


def heads(cohort: TokenCohort, classes: IntArray) -> dict[str, Method]:
    """The linear head with and without privacy."""
    features = mean_tokens(cohort.inputs)
    spent: dict[float | None, float] = {}

    def method(epsilon: float | None) -> Method:
        def run(train: IntArray, test: IntArray, seed: int) -> IntArray:
            options = PrivacyOptions(epsilon=epsilon)
            found = train_head(features[train], classes[train], _N, options, seed=seed)
            if epsilon not in spent:
                spent[epsilon] = found.epsilon
                print(f"epsilon spent: {found.epsilon:.2f} at delta {options.delta}")
            return found.predict(features[test])

        return run

    return {
        "linear head, no privacy": method(None),
        "linear head, epsilon 8": method(8.0),
        "linear head, epsilon 2": method(2.0),
    }


def hospitals(cohort: TokenCohort, classes: IntArray) -> dict[str, Method]:
    """Patients in one place, shared weights over three hospitals, the largest hospital alone."""
    notes, images = cohort.inputs.notes, cohort.inputs.images
    training = ClassTraining()

    def make(seed: int) -> PatientClassifier:
        torch.manual_seed(seed)
        return PatientClassifier(
            cohort.graph,
            _N,
            d_note=notes.d_model if notes else 0,
            d_image=images.d_model if images else 0,
        )

    def central(train: IntArray, test: IntArray, seed: int) -> IntArray:
        model = make(seed)
        train_classifier(model, cohort.select(train), classes[train], training, seed=seed)
        return classify(model, cohort.select(test)).argmax(dim=1).numpy()

    def alone(train: IntArray, test: IntArray, seed: int) -> IntArray:
        return central(hospitals_of(train, 3, np.random.default_rng(seed))[-1], test, seed)

    def federated(train: IntArray, test: IntArray, seed: int) -> IntArray:
        parts = hospitals_of(train, 3, np.random.default_rng(seed))
        model = train_federated(
            lambda: make(seed), cohort, classes, parts, training, rounds=8, seed=seed
        )
        return classify(model, cohort.select(test)).argmax(dim=1).numpy()

    return {
        "all patients in one place": central,
        "federated, three hospitals": federated,
        "largest hospital alone": alone,
    }


def note_only(cohort: TokenCohort, classes: IntArray) -> Method:
    """The classifier that reads the note alone."""

    def run(train: IntArray, test: IntArray, seed: int) -> IntArray:
        torch.manual_seed(seed)
        notes = cohort.inputs.notes
        model = PatientClassifier(
            cohort.graph,
            _N,
            d_note=notes.d_model if notes else 0,
            d_image=0,
            modality_dropout=0.0,
        )
        seen = frozenset({"note"})
        train_classifier(
            model, cohort.select(train, seen), classes[train], ClassTraining(), seed=seed
        )
        return classify(model, cohort.select(test, seen)).argmax(dim=1).numpy()

    return run


def main() -> None:
    """Run as a script."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cohort", type=Path)
    parser.add_argument("--graph", type=Path, required=True)
    parser.add_argument("--text-encoder", action="append", default=[])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--samples", type=int, default=1000)
    parser.add_argument("--only", choices=("privacy", "pretraining"))
    given = parser.parse_args()
    graph = open_graph(given.graph)
    cohort = read_chest_cohort(given.cohort, graph, warn=print)
    classes = cohort.classes
    methods: dict[str, Method] = {}
    if given.only != "pretraining":
        text, image = TextEncoder(), ImageEncoder()
        raw = read_cohort(cohort.cases, graph, text=text, image_size=image.size, warn=print)
        tokens = raw.frozen(text, image)
        methods |= {**heads(tokens, classes), **hospitals(tokens, classes)}
    if given.only != "privacy":
        for name in (None, *given.text_encoder):
            text = TextEncoder(name)
            raw = read_cohort(cohort.cases, graph, text=text, image_size=None, warn=print)
            tokens = raw.frozen(text, None)
            methods[f"note only, {name or 'packaged encoder'}"] = note_only(tokens, classes)
    said: dict[str, list[IntArray]] = {}
    for name, method in methods.items():
        for seed in range(given.seeds):
            answer = np.full(len(classes), -1)
            split = StratifiedKFold(5, shuffle=True, random_state=seed)
            for train, test in split.split(np.zeros(len(classes)), classes):
                answer[test] = method(train, test, seed)
            said.setdefault(name, []).append(answer)
        f1, balanced = interval(classes, said[name], n_samples=given.samples)
        print(
            f"| {name} | {f1.value:.3f} [{f1.low:.3f}, {f1.high:.3f}] | "
            f"{balanced.value:.3f} [{balanced.low:.3f}, {balanced.high:.3f}] |",
            flush=True,
        )
    names = list(said)
    pairs = [("federated, three hospitals", "all patients in one place")]
    pairs += [("linear head, epsilon 8", "linear head, no privacy")]
    pairs += [(f"note only, {n}", "note only, packaged encoder") for n in given.text_encoder]
    for one, two in pairs:
        if one in names and two in names:
            f1, balanced = difference(classes, said[one], said[two], n_samples=given.samples)
            print(
                f"| {one} − {two} | {f1.value:+.3f} [{f1.low:+.3f}, {f1.high:+.3f}] | "
                f"{balanced.value:+.3f} [{balanced.low:+.3f}, {balanced.high:+.3f}] |"
            )


if __name__ == "__main__":
    main()
