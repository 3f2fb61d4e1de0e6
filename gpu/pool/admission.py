"""The door in front of the nodes: so many requests inside, a bounded queue by priority, and a quick no.

Source: Google SRE book, chapters 21 and 22 (shed early, criticality); Netflix, prioritized load shedding (2024).
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Final

from core.chat import BATCH
from core.errors import ModelOverloaded
from gpu.pool.statistics import Ewma, Now

_LONGEST_RETRY_AFTER_S: Final = 60.0


@dataclass(order=True, slots=True)
class _Waiter:
    """A request that waits: the lower priority first, then the one that came first."""

    priority: int
    number: int
    turn: asyncio.Future[None] = field(compare=False)


class Admission:
    """Lets `limit()` requests in at a time; batch requests may hold `batch_share` of the places.

    A request that cannot be served before its deadline by what requests took of late is refused at once, as is one
    that finds the queue full of others as urgent.
    """

    def __init__(self, limit: Callable[[], int], *, queue: int, batch_share: float, now: Now) -> None:
        self._limit = limit
        self._queue = queue
        self._batch_share = batch_share
        self._now = now
        self._numbers = count()
        self._waiting: list[_Waiter] = []
        self._seconds = Ewma(0.1)
        self.running = 0
        self.running_batch = 0

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiting)

    async def enter(self, priority: int, deadline: float) -> None:
        """Return when it is this request's turn; raise ModelOverloaded when that cannot be in time."""
        if self._may_enter(priority) and not (self._waiting and self._waiting[0].priority <= priority):
            self._count(priority, 1)
            return
        self._refuse_what_cannot_be(priority, deadline)
        waiter = _Waiter(priority, next(self._numbers), asyncio.get_running_loop().create_future())
        heapq.heappush(self._waiting, waiter)
        await self._turn(waiter, deadline)

    def leave(self, priority: int, seconds: float) -> None:
        """Give the place up after so many seconds in it; who waits longest among the most urgent has it next."""
        self._count(priority, -1)
        self._seconds.add(seconds)
        self._admit()

    def wait_s(self, priority: int = 0) -> float:
        """Return how long one more request would wait, by what requests took of late."""
        ahead = sum(waiter.priority <= priority for waiter in self._waiting)
        return (ahead + 1) * (self._seconds.value or 0.0) / max(1, self._limit())

    async def _turn(self, waiter: _Waiter, deadline: float) -> None:
        """Wait until the turn comes or the deadline passes."""
        try:
            async with asyncio.timeout(max(0.0, deadline - self._now())):
                await waiter.turn
        except BaseException as error:
            self._withdraw(waiter)
            if isinstance(error, TimeoutError):
                raise self._overloaded(waiter.priority) from error
            raise

    def _withdraw(self, waiter: _Waiter) -> None:
        """Strike one who waits no more; a turn that came as it left goes to the next."""
        if waiter in self._waiting:
            self._waiting.remove(waiter)
            heapq.heapify(self._waiting)
        elif waiter.turn.done() and not waiter.turn.cancelled() and waiter.turn.exception() is None:
            self._count(waiter.priority, -1)
        self._admit()

    def _refuse_what_cannot_be(self, priority: int, deadline: float) -> None:
        """Raise ModelOverloaded for one with no hope; a full queue loses its least urgent to one more urgent."""
        if self.wait_s(priority) > deadline - self._now():
            raise self._overloaded(priority)
        if len(self._waiting) < self._queue:
            return
        last = max(self._waiting, default=None)
        if last is None or last.priority <= priority:
            raise self._overloaded(priority)
        self._waiting.remove(last)
        heapq.heapify(self._waiting)
        if not last.turn.done():
            last.turn.set_exception(self._overloaded(last.priority))

    def _may_enter(self, priority: int) -> bool:
        limit = max(1, self._limit())
        if self.running >= limit:
            return False
        return priority < BATCH or self.running_batch < max(1, int(self._batch_share * limit))

    def _admit(self) -> None:
        """Let in all whose turn it is."""
        while self._waiting and self._may_enter(self._waiting[0].priority):
            waiter = heapq.heappop(self._waiting)
            if not waiter.turn.done():
                self._count(waiter.priority, 1)
                waiter.turn.set_result(None)

    def _count(self, priority: int, by: int) -> None:
        self.running += by
        if priority >= BATCH:
            self.running_batch += by

    def _overloaded(self, priority: int) -> ModelOverloaded:
        after = min(_LONGEST_RETRY_AFTER_S, max(1.0, self.wait_s(priority)))
        return ModelOverloaded(
            "The model's nodes have more to do than they can do in time.",
            retry_after_s=after,
            remedy=f"Come back in {after:.0f} s, or add nodes.",
        )
