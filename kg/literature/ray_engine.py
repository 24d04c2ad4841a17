"""Mining on a Ray cluster: the same jobs as at home, each a file, handed out by Ray Data.

Decides how jobs travel. What a job writes, what a finished job is and how parts are joined is
decided in `kg.literature.mining`, so that the result is the same to the byte. The folder of the
output has to be on storage that all machines of the cluster see.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

__all__ = ["RayMissingError", "in_ray"]

Job = TypeVar("Job")


class RayMissingError(ImportError):
    """Ray is not installed; one line with the mend."""


def in_ray(
    jobs: Sequence[Job], prepare: Callable[[], None], work: Callable[[Job], str], *, workers: int
) -> Iterator[str]:
    """Do jobs on actors of Ray; gives the name of each as it is done.

    A cluster is joined when `RAY_ADDRESS` names one; else Ray is started on this machine. A job
    that an actor dies with is given to another one: it has written nothing that counts.

    Args:
        jobs: Picklable.
        prepare: Done once in each actor.
        work: Done for each job; gives its name.
        workers: Actors.

    Raises:
        RayMissingError: Ray is not installed.
    """
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise RayMissingError("Ray is not installed; pip install 'iatros[ray]'") from error

    class Actor:
        def __init__(self) -> None:
            prepare()

        def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
            return {"name": [work(jobs[number]) for number in batch["item"]]}

    started = not ray.is_initialized()
    if started:
        ray.init(
            num_cpus=None if os.environ.get("RAY_ADDRESS") else workers + 1,
            log_to_driver=False,
            include_dashboard=False,
            configure_logging=False,
        )
    try:
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        numbers = ray.data.from_items(list(range(len(jobs))), override_num_blocks=len(jobs))
        done = numbers.map_batches(Actor, batch_size=1, concurrency=workers, num_cpus=1)
        for row in done.iter_rows():
            yield row["name"]
    finally:
        if started:
            ray.shutdown()
