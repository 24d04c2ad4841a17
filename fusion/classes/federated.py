"""Federated averaging in simulation: hospitals share weights and never patients.

Decides what Flower (extra `federated`) is asked to do: its strategy `FedAvg`
(10.48550/arXiv.1602.05629) sends the shared weights to every hospital, each trains them on its own
patients, and the mean of the results, weighed by patients, is shared again. The hospitals answer
within this process, one after another, in place of Flower's network; its client and its strategy
are those that would run over one.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from .cohort import TokenCohort
from .model import PatientClassifier
from .training import ClassTraining, train_classifier

__all__ = ["FederatedError", "hospitals_of", "train_federated"]

IntArray = npt.NDArray[np.int64]


class FederatedError(RuntimeError):
    """Hospitals cannot train together; one line with the mend."""


def hospitals_of(rows: IntArray, n_hospitals: int, rng: np.random.Generator) -> list[IntArray]:
    """Patients dealt to hospitals of unequal size, at random."""
    shares = np.arange(1, n_hospitals + 1) / (n_hospitals * (n_hospitals + 1) / 2)
    cuts = np.round(np.cumsum(shares)[:-1] * len(rows)).astype(int)
    return [np.sort(part) for part in np.split(rng.permutation(rows), cuts)]


def train_federated(
    make: Callable[[], PatientClassifier],
    cohort: TokenCohort,
    classes: IntArray,
    hospitals: Sequence[IntArray],
    training: ClassTraining,
    *,
    rounds: int,
    seed: int,
) -> PatientClassifier:
    """Trains one classifier over hospitals.

    Args:
        make: Gives an untrained classifier, the same each time.
        cohort: All patients; each hospital looks at its own alone.
        classes: Class of each.
        hospitals: Rows of each hospital.
        training: Of a centre with all patients; its steps are spread over the rounds.
        rounds: Exchanges of weights.
        seed: Where dropout comes from.

    Raises:
        FederatedError: If Flower is not installed, or a hospital could not train.
    """
    os.environ.setdefault("FLWR_TELEMETRY_ENABLED", "0")
    try:
        from flwr.app import ArrayRecord, Message, MetricRecord, RecordDict
        from flwr.clientapp import ClientApp
        from flwr.serverapp.strategy import FedAvg
    except ImportError as error:
        raise FederatedError(
            "federated training needs flwr; pip install 'iatros[federated]'"
        ) from error
    logging.getLogger("flwr").setLevel(logging.ERROR)
    local = replace(training, steps=max(1, training.steps // rounds))
    client: Any = ClientApp()

    @client.train()  # type: ignore[untyped-decorator, unused-ignore]
    def train(message: Any, context: Any) -> Any:
        place = int(context.node_id) - 1
        rows = hospitals[place]
        model = make()
        model.load_state_dict(message.content["arrays"].to_torch_state_dict())
        number = int(message.content["config"]["server-round"])
        own_seed = seed * 10_000 + number * 100 + place
        train_classifier(model, cohort.select(rows), classes[rows], local, seed=own_seed)
        answer = {
            "arrays": ArrayRecord(model.state_dict()),
            "metrics": MetricRecord({"num-examples": len(rows)}),
        }
        return Message(content=RecordDict(answer), reply_to=message)

    shared = make()
    n = len(hospitals)
    strategy: Any = FedAvg(fraction_evaluate=0.0, min_train_nodes=n, min_available_nodes=n)
    found = strategy.start(
        grid=_in_process(client, n),
        initial_arrays=ArrayRecord(shared.state_dict()),
        num_rounds=rounds,
    )
    shared.load_state_dict(found.arrays.to_torch_state_dict())
    shared.eval()
    return shared


def _in_process(client: Any, n_hospitals: int) -> Any:
    """Flower's grid over hospitals that answer here and now, in their order."""
    from flwr.app import Context, RecordDict
    from flwr.serverapp import Grid
    from flwr.supercore.task_identity import TaskIdentity

    class InProcessGrid(Grid):  # type: ignore[misc, unused-ignore]
        def get_node_ids(self) -> Iterable[int]:
            return range(1, n_hospitals + 1)

        def send_and_receive(
            self,
            messages: Iterable[Any],
            *,
            timeout: float | None = None,  # noqa: ARG002
        ) -> Iterable[Any]:
            return [
                client(
                    message,
                    Context(
                        run_id=0,
                        node_id=message.metadata.dst_node_id,
                        node_config={},
                        state=RecordDict(),
                        run_config={},
                    ),
                )
                for message in sorted(messages, key=lambda m: int(m.metadata.dst_node_id))
            ]

    # Flower's processes are told who they are when they start; this one is the server.
    TaskIdentity.run_id = TaskIdentity.task_id = TaskIdentity.node_id = 0
    # A hospital answers at once, so what Flower splits into pushing and pulling is not needed.
    InProcessGrid.__abstractmethods__ = frozenset()
    return InProcessGrid()
