"""Where words go: results to standard output, progress and warnings to standard error."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from rich.console import Console
from rich.progress import Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn, track

__all__ = ["progress_bar", "stderr", "stdout", "tracked", "warn"]

T = TypeVar("T")

stdout = Console()
stderr = Console(stderr=True)


def warn(message: str) -> None:
    """One warning line on standard error."""
    stderr.print(
        f"warning: {message}", style="yellow", markup=False, highlight=False, soft_wrap=True
    )


def tracked(items: Iterable[T], *, total: int | None, description: str) -> Iterable[T]:
    """The items, with a progress bar on standard error when it is a terminal."""
    return track(items, total=total, description=description, console=stderr, transient=True)


def progress_bar() -> Progress:
    """A progress display on standard error."""
    return Progress(
        TextColumn("{task.description}"), TimeElapsedColumn(), TimeRemainingColumn(),
        console=stderr, transient=True,
    )  # fmt: skip


Report = Callable[[str], None]
