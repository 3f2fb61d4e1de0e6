"""A progress bar for long work, on stderr; nothing where nobody watches."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn


@contextmanager
def showing() -> Generator[ProgressBar]:
    """Give a bar that is gone again afterwards."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[done]:,} done"),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        yield ProgressBar(progress)


class ProgressBar:
    """Shows how far an import has come (`gateway.importers.report.Progress`)."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task: TaskID | None = None

    def begin(self, total: int, *, unit: str) -> None:
        """Start a bar of so many units; one without an end if the total is not known."""
        self._task = self._progress.add_task(f"Reading {unit}", total=total or None, done=0)

    def advance(self, amount: int, *, done: int) -> None:
        """Move on."""
        if self._task is not None:
            self._progress.update(self._task, advance=amount, done=done)
