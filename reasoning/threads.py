"""Blocks of cases on as many threads as PyTorch has been given.

Decides that one block runs on one thread, with single-threaded matrix products: those of one case
are too small to be worth dividing. A case gets the same answer on any number of threads.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

from fusion.predictor import Predictor

__all__ = ["in_threads"]

_Block = TypeVar("_Block")
_Result = TypeVar("_Result")

_MOST = 8


def in_threads(
    work: Callable[[_Block], _Result], blocks: Sequence[_Block], predictor: Predictor
) -> list[_Result]:
    """Results of the blocks, in order.

    Args:
        work: What is done with a block.
        blocks: The blocks.
        predictor: The model at work; what it computes once is computed before the threads start.
    """
    n_threads = min(torch.get_num_threads(), len(blocks), _MOST)
    if n_threads <= 1 or predictor.on_accelerator:
        return [work(block) for block in blocks]
    predictor.vectors  # noqa: B018 - encoded once, on all threads
    before = torch.get_num_threads()
    try:
        with ThreadPoolExecutor(
            n_threads, thread_name_prefix="iatros", initializer=torch.set_num_threads, initargs=(1,)
        ) as pool:
            return list(pool.map(work, blocks))
    finally:
        torch.set_num_threads(before)
