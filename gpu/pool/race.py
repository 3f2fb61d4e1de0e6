"""Two nodes for one answer: the first to say something gives all of it, the other is let go.

Source: Dean and Barroso, The Tail at Scale (2013), hedged requests.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from typing import TypeAlias

from core.chat import ChatDelta
from core.errors import CatchupError

Deltas: TypeAlias = AsyncGenerator[ChatDelta, None]
_First: TypeAlias = "asyncio.Task[ChatDelta]"


async def race(first: Deltas, second: Callable[[], Deltas | None], after_s: float) -> Deltas:
    """Yield the answer of the first; or of a second, asked after so many seconds, if that one begins earlier.

    Raises what the first failed with when neither answers. Whatever ends it, both are closed.
    """
    runners: dict[_First, Deltas] = {_start(first): first}
    try:
        await asyncio.wait(runners, timeout=after_s)
        if not any(task.done() for task in runners) and (other := second()) is not None:
            runners[_start(other)] = other
        winner = await _winner(list(runners))
        deltas = runners.pop(winner)
        await _let_go(runners)
        yield winner.result()
        async for delta in deltas:
            yield delta
        await deltas.aclose()
    finally:
        await _let_go(runners)
        await first.aclose()


async def _winner(tasks: list[_First]) -> _First:
    """Return the task that has a delta first, or the first task where none gets one."""
    waiting = set(tasks)
    while waiting:
        done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            if task.exception() is None:
                return task
    return tasks[0]


async def _let_go(runners: dict[_First, Deltas]) -> None:
    """Close what was not chosen."""
    while runners:
        task, deltas = runners.popitem()
        task.cancel()
        with suppress(CatchupError, asyncio.CancelledError, StopAsyncIteration):
            await task
        await deltas.aclose()


def _start(deltas: Deltas) -> _First:
    async def first() -> ChatDelta:
        return await anext(deltas)

    return asyncio.get_running_loop().create_task(first())
