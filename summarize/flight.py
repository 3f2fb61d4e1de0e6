"""Single flight: who asks the same at the same time shares one generation."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from types import TracebackType
from typing import Generic, TypeVar

T = TypeVar("T")


class Flights(Generic[T]):
    """Generators under way, by key, in this process.

    A key must name everything the outcome follows from and who may see it: two readers share only if their permitted
    messages are the same (see `segment_key`). Every value is kept until its flight ends, so that who joins late
    sees all and who is slow holds nobody up.
    """

    def __init__(self) -> None:
        self._flights: dict[str, _Flight[T]] = {}

    def __len__(self) -> int:
        """Return how many generators run."""
        return len(self._flights)

    async def join(self, key: str, start: Callable[[], AsyncGenerator[T, None]]) -> AsyncGenerator[T, None]:
        """Yield every value of the generator under way for `key` from its first on; start one if there is none.

        Its error is raised in all who joined. When the last one leaves, by closing or being cancelled, the generator
        is closed before this returns.
        """
        flight = self._flights.get(key)
        if flight is None:
            flight = self._flights[key] = _Flight[T]()
            flight.task = asyncio.create_task(self._fly(key, flight, start), name="flight")
        flight.riders += 1
        try:
            async with aclosing(flight.values()) as values:
                async for value in values:
                    yield value
        finally:
            flight.riders -= 1
            if flight.riders == 0:
                self._end(key, flight)
                await flight.abandon()

    async def _fly(self, key: str, flight: _Flight[T], start: Callable[[], AsyncGenerator[T, None]]) -> None:
        try:
            async with aclosing(start()) as values:
                async for value in values:
                    flight.land(value)
        except (
            Exception,
            asyncio.CancelledError,
        ) as error:  # it is not ours: it is raised in those who joined
            flight.fail(error)
        finally:
            self._end(key, flight)
            flight.finish()

    def _end(self, key: str, flight: _Flight[T]) -> None:
        """Free the key, unless another flight has it by now."""
        if self._flights.get(key) is flight:
            del self._flights[key]


class _Flight(Generic[T]):
    """One generator, what it has yielded so far, and how many listen."""

    def __init__(self) -> None:
        self.task: asyncio.Task[None] | None = None
        self.riders = 0
        self._landed: list[T] = []
        self._finished = False
        self._error: tuple[BaseException, TracebackType | None] | None = None
        self._news = asyncio.Event()

    async def values(self) -> AsyncGenerator[T, None]:
        """Yield all that was landed and will be, then raise what the generator raised."""
        seen = 0
        while True:
            for value in self._landed[seen:]:
                seen += 1
                yield value
            if seen < len(self._landed):
                continue
            if self._finished:
                break
            await self._news.wait()
        if self._error is not None:
            error, place = self._error
            raise error.with_traceback(place)  # one error, raised in many: each from where it happened

    def land(self, value: T) -> None:
        """Show everybody one more value."""
        self._landed.append(value)
        self._tell()

    def fail(self, error: BaseException) -> None:
        """Note what is to be raised in everybody, once they have seen what came before."""
        self._error = (error, error.__traceback__)

    def finish(self) -> None:
        """Let everybody come to an end."""
        self._finished = True
        self._tell()

    async def abandon(self) -> None:
        """Cancel the generator where it waits, and see it end."""
        if self.task is not None and not self.task.done():
            self.task.cancel()
            await asyncio.wait([self.task])

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()
