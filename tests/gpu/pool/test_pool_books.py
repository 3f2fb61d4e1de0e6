"""Whatever nodes do and whenever callers leave, the books of the pool are empty afterwards."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from core.chat import ChatDelta, ChatRequest, Usage
from core.errors import CatchupError, GenerationFailed, ModelRefused, ModelTimeout, ModelUnavailable
from gpu.pool.policy import PoolPolicy
from gpu.pool.pool import PooledChatModel
from gpu.watch import Patience
from tests.gpu.pool.nodes import asked

FAILURES: dict[str, CatchupError] = {
    "cut": ModelUnavailable("cut"),
    "500": ModelRefused("500", status=500),
    "429": ModelRefused("429", status=429, retry_after_s=0.2),
    "400": ModelRefused("400", status=400),
    "silent": ModelTimeout("silent", stalled=True),
    "prose": GenerationFailed("prose"),
}


class Fated:
    """A node that draws from a list what becomes of each answer: so many tokens, then an end or a failure."""

    def __init__(self, fates: list[tuple[int, str]], rng: random.Random) -> None:
        self.fates = fates
        self._rng = rng
        self.open = 0

    async def attempt(
        self, request: ChatRequest, patience: Patience, *, continuing: bool = False
    ) -> AsyncGenerator[ChatDelta, None]:
        self.open += 1
        try:
            tokens, end = self._rng.choice(self.fates)
            if end == "slow":
                await asyncio.sleep(0.01)
            for _ in range(tokens):
                await asyncio.sleep(0)
                yield ChatDelta(text="word ")
            await asyncio.sleep(0)
            if end in FAILURES:
                raise FAILURES[end]
            yield ChatDelta(
                text="",
                finish="stop",
                usage=Usage(prompt_tokens=9, completion_tokens=tokens, cached_tokens=3),
            )
        finally:
            self.open -= 1

    async def count_tokens(self, text: str) -> int:
        return len(text.split())

    async def get(self, path: str, timeout_s: float) -> tuple[int, str]:
        return 404, ""

    async def close(self) -> None:
        """Nothing is open."""


@dataclass(frozen=True)
class Caller:
    """Asks after some turns of the loop, and leaves after some deltas (-1: never), or is cancelled after some turns."""

    turns: int
    leaves_after: int
    cancelled_after: int
    schema: bool
    priority: int


FATES = st.lists(
    st.tuples(st.integers(0, 5), st.sampled_from(["end", "slow", *FAILURES])), min_size=1, max_size=4
)
CALLERS = st.lists(
    st.builds(
        Caller,
        turns=st.integers(0, 10),
        leaves_after=st.integers(-1, 4),
        cancelled_after=st.sampled_from([-1, -1, 0, 1, 3, 8]),
        schema=st.booleans(),
        priority=st.sampled_from([0, 10]),
    ),
    min_size=1,
    max_size=12,
)


async def call(pool: PooledChatModel, caller: Caller, number: int) -> None:
    """Ask as this caller does."""
    for _ in range(caller.turns):
        await asyncio.sleep(0)
    schema = {"type": "object"} if caller.schema else None
    request = asked(f"{number}", affinity=str(number % 3), schema=schema, priority=caller.priority)
    seen = 0
    async with aclosing(pool.stream(request)) as deltas:
        async for _ in deltas:
            seen += 1
            if seen == caller.leaves_after:
                return


async def warmed(pool: PooledChatModel, nodes: list[Fated]) -> None:
    """Let the pool see enough answers to know when to hedge."""
    fates = [node.fates for node in nodes]
    for node in nodes:
        node.fates = [(1, "end")]
    for number in range(25):
        await call(
            pool, Caller(turns=0, leaves_after=-1, cancelled_after=-1, schema=False, priority=0), number
        )
    for node, each in zip(nodes, fates, strict=True):
        node.fates = each


async def played(fates: list[list[tuple[int, str]]], callers: list[Caller], *, hedge: bool) -> list[int]:
    """Return every figure that must be 0 after all callers are done."""
    rng = random.Random(7)  # noqa: S311
    nodes = {f"http://n{n}": Fated(each, rng) for n, each in enumerate(fates)}
    limit = 8 if hedge else 2
    policy = PoolPolicy(
        health_s=0, hedge=hedge, hedge_share=1, hedge_floor_s=0, first_limit=limit, least_limit=1, queue=4
    )
    pool = PooledChatModel(list(nodes), "tiny", policy=policy, rng=rng, connect=nodes.__getitem__)
    if hedge:
        await warmed(pool, list(nodes.values()))
    tasks = [asyncio.create_task(call(pool, caller, n)) for n, caller in enumerate(callers)]
    for turn in range(10):
        for task, caller in zip(tasks, callers, strict=True):
            if caller.cancelled_after == turn:
                task.cancel()
        await asyncio.sleep(0)
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(
        result is None or isinstance(result, CatchupError | asyncio.CancelledError) for result in results
    ), results
    await pool.close()
    books = [
        figure
        for node in pool.report()
        for figure in (node.in_flight, node.queued_tokens, node.decode_tokens)
    ]
    return [*books, pool.waiting, pool.running, *(node.open for node in nodes.values())]


@settings(deadline=None)
@given(st.lists(FATES, min_size=1, max_size=3), CALLERS, st.booleans())
def test_the_books_are_empty_after_any_interleaving(
    fates: list[list[tuple[int, str]]], callers: list[Caller], hedge: bool
):
    assert not any(asyncio.run(played(fates, callers, hedge=hedge)))
