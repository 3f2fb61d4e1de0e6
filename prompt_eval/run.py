"""Runs a task over cases, a bounded number at a time; a failed case is an outcome, counted, never dropped."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator, Sequence

from core.errors import CatchupError, InvalidInput
from prompt_eval.models import Case, Result, Scorer, Task

Progress = Callable[[Result], None]


async def run(
    task: Task,
    cases: Iterable[Case],
    scorers: Sequence[Scorer],
    *,
    concurrency: int = 8,
    progress: Progress = lambda _: None,
) -> list[Result]:
    """Return one result per case, in the order of the cases; `progress` is told of each as it ends.

    An error of ours fails its case alone; any other error is a defect and ends the run.
    """
    if concurrency < 1:
        raise InvalidInput("concurrency", concurrency, "is below 1", remedy="Give 1 or more.")
    queue = enumerate(cases)
    results: dict[int, Result] = {}

    async with asyncio.TaskGroup() as group:
        for _ in range(concurrency):
            group.create_task(_work(task, queue, scorers, results, progress))
    return [results[index] for index in sorted(results)]


async def _work(
    task: Task,
    queue: Iterator[tuple[int, Case]],
    scorers: Sequence[Scorer],
    results: dict[int, Result],
    progress: Progress,
) -> None:
    for index, case in queue:
        results[index] = await _one(task, case, scorers)
        progress(results[index])
        await asyncio.sleep(0)  # lets the others in where a task never waits


async def _one(task: Task, case: Case, scorers: Sequence[Scorer]) -> Result:
    started = time.perf_counter()
    try:
        outcome = await task.run(case)
    except CatchupError as error:
        return Result(case=case.id, seconds=time.perf_counter() - started, error=error.kind)
    seconds = time.perf_counter() - started
    scores = {name: value for scorer in scorers for name, value in scorer.score(case, outcome).items()}
    return Result(case=case.id, seconds=seconds, scores=scores, text=outcome.text)
