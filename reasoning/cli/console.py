"""Where words go: results to standard output, progress and warnings to standard error."""

from rich.console import Console
from rich.progress import Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

__all__ = ["progress_bar", "stderr", "stdout", "warn"]

stdout = Console()
stderr = Console(stderr=True)


def warn(message: str) -> None:
    """One warning line on standard error."""
    stderr.print(
        f"warning: {message}", style="yellow", markup=False, highlight=False, soft_wrap=True
    )


def progress_bar() -> Progress:
    """A progress display on standard error."""
    return Progress(
        TextColumn("{task.description}"), TimeElapsedColumn(), TimeRemainingColumn(),
        console=stderr, transient=True,
    )  # fmt: skip
