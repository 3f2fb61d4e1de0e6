"""Ask a model many things at once, and watch the clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from core.chat import ChatModel, ChatRequest, Usage
from core.errors import CatchupError


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """One answer as its client saw it; times in seconds from when it was asked, `error` a kind where it failed."""

    first_s: float = 0.0
    last_s: float = 0.0
    usage: Usage | None = None
    longest_gap_s: float = 0.0
    error: str = ""

    @property
    def between_s(self) -> float | None:
        """Seconds between two tokens, on average; None where there were fewer than two."""
        if self.usage is None or self.usage.completion_tokens < 2:
            return None
        return (self.last_s - self.first_s) / (self.usage.completion_tokens - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Everything that was answered, and the seconds that all of it took."""

    answers: Sequence[Answered]
    seconds: float


async def run(
    model: ChatModel,
    requests: Iterable[ChatRequest],
    concurrency: int,
    *,
    done: Callable[[], None] = lambda: None,
) -> Run:
    """Ask everything, so many at a time; `done` hears of each.

    A closed loop: the next is asked when one is answered.
    """
    loop = asyncio.get_running_loop()
    waiting, answers = iter(requests), list[Answered]()

    async def client() -> None:
        for request in waiting:
            answers.append(await ask(model, request))
            done()

    start = loop.time()
    async with asyncio.TaskGroup() as clients:
        for _ in range(concurrency):
            clients.create_task(client())
    return Run(answers=answers, seconds=loop.time() - start)


async def ask(model: ChatModel, request: ChatRequest) -> Answered:
    """Return what one answer took; a failure is an answer too."""
    loop = asyncio.get_running_loop()
    start = loop.time()
    first = last = gap = 0.0
    usage: Usage | None = None
    try:
        async with aclosing(model.stream(request)) as deltas:
            async for delta in deltas:
                usage = delta.usage or usage
                if delta.text:
                    now = loop.time() - start
                    first, gap = (first, max(gap, now - last)) if first else (now, gap)
                    last = now
    except CatchupError as error:
        return Answered(error=error.kind)
    if not first or usage is None:
        return Answered(error="no-text" if usage else "no-usage")
    return Answered(first_s=first, last_s=last, usage=usage, longest_gap_s=gap)
