from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from summarize.flight import Flights


class Source:
    """A generator under control: yields what it is given, counts its starts and closes."""

    def __init__(self) -> None:
        self.starts = 0
        self.closes = 0
        self._queue: asyncio.Queue[int | Exception | None] = asyncio.Queue()

    async def generate(self) -> AsyncGenerator[int, None]:
        self.starts += 1
        try:
            while (given := await self._queue.get()) is not None:
                if isinstance(given, Exception):
                    raise given
                yield given
        finally:
            self.closes += 1

    def give(self, *values: int | Exception | None) -> None:
        for value in values:
            self._queue.put_nowait(value)


async def collected(flights: Flights[int], source: Source, key: str = "k") -> list[int]:
    async with aclosing(flights.join(key, source.generate)) as values:
        return [value async for value in values]


async def settled() -> None:
    """Let everything that can run do so."""
    for _ in range(20):
        await asyncio.sleep(0)


def others() -> set[asyncio.Task[object]]:
    return asyncio.all_tasks() - {asyncio.current_task()}  # type: ignore[arg-type]


async def test_identical_keys_share_one_generator_and_each_sees_every_value() -> None:
    flights, source = Flights[int](), Source()
    riders = [asyncio.create_task(collected(flights, source)) for _ in range(5)]
    await settled()

    source.give(1, 2, 3, None)

    assert await asyncio.gather(*riders) == [[1, 2, 3]] * 5
    assert (source.starts, source.closes, len(flights)) == (1, 1, 0)


async def test_who_joins_late_sees_all_values_from_the_first() -> None:
    flights, source = Flights[int](), Source()
    early = asyncio.create_task(collected(flights, source))
    source.give(1, 2)
    await settled()

    late = asyncio.create_task(collected(flights, source))
    await settled()
    source.give(3, None)

    assert await early == await late == [1, 2, 3]
    assert source.starts == 1


async def test_other_keys_are_other_flights() -> None:
    flights, one, two = Flights[int](), Source(), Source()
    one.give(1, None)
    two.give(2, None)

    got = await asyncio.gather(collected(flights, one, "a"), collected(flights, two, "b"))

    assert got == [[1], [2]]


async def test_after_the_end_the_key_is_free_again() -> None:
    flights, source = Flights[int](), Source()
    source.give(1, None, 2, None)

    assert await collected(flights, source) == [1]
    assert await collected(flights, source) == [2]
    assert source.starts == 2


async def test_an_error_reaches_all_after_the_values_before_it_and_frees_the_key() -> None:
    flights, source = Flights[int](), Source()
    seen: list[int] = []

    async def ride() -> None:
        async with aclosing(flights.join("k", source.generate)) as values:
            async for value in values:
                seen.append(value)

    riders = [asyncio.create_task(ride()) for _ in range(3)]
    await settled()
    error = ValueError("no more")
    source.give(7, error)

    assert await asyncio.gather(*riders, return_exceptions=True) == [error] * 3
    assert seen == [7] * 3
    assert len(flights) == 0
    source.give(8, None)
    assert await collected(flights, source) == [8]


async def test_when_the_last_one_leaves_the_generator_is_closed_before_that_returns() -> None:
    flights, source = Flights[int](), Source()
    source.give(1)
    first, second = flights.join("k", source.generate), flights.join("k", source.generate)
    assert (await anext(first), await anext(second)) == (1, 1)

    await first.aclose()
    still = source.closes
    await second.aclose()

    assert (still, source.closes, len(flights)) == (0, 1, 0)
    assert others() == set()


async def test_a_cancelled_rider_does_not_disturb_the_others() -> None:
    flights, source = Flights[int](), Source()
    leaver, stayer = (asyncio.create_task(collected(flights, source)) for _ in range(2))
    source.give(1)
    await settled()

    leaver.cancel()
    await asyncio.wait([leaver])
    source.give(2, None)

    assert leaver.cancelled()
    assert await stayer == [1, 2]
    assert source.starts == 1


async def test_cancelling_the_last_rider_before_the_first_value_frees_the_model() -> None:
    flights, source = Flights[int](), Source()
    rider = asyncio.create_task(collected(flights, source))
    await settled()

    rider.cancel()
    await asyncio.wait([rider])

    assert (source.starts, source.closes, len(flights)) == (1, 1, 0)
    assert others() == set()


async def test_a_slow_rider_holds_nobody_up() -> None:
    flights, source = Flights[int](), Source()
    source.give(1, 2, 3, None)
    slow = flights.join("k", source.generate)
    assert await anext(slow) == 1

    await settled()

    assert source.closes == 1
    assert [value async for value in slow] == [2, 3]


async def test_who_joins_while_the_last_flight_is_being_closed_starts_a_new_one() -> None:
    flights = Flights[int]()
    held, starts = asyncio.Event(), 0

    async def reluctant() -> AsyncGenerator[int, None]:
        nonlocal starts
        starts += 1
        try:
            yield starts
            await asyncio.Event().wait()
        finally:
            await held.wait()

    first = flights.join("k", reluctant)
    assert await anext(first) == 1
    closing = asyncio.create_task(first.aclose())
    await settled()

    second = flights.join("k", reluctant)

    assert await anext(second) == 2
    held.set()
    await closing
    assert len(flights) == 1
    await second.aclose()
    assert others() == set()


async def test_a_generator_nobody_listens_to_is_never_started() -> None:
    flights, source = Flights[int](), Source()

    await flights.join("k", source.generate).aclose()

    assert (source.starts, len(flights)) == (0, 0)


async def test_an_error_when_starting_is_raised_too() -> None:
    flights = Flights[int]()

    def broken() -> AsyncGenerator[int, None]:
        raise ValueError("cannot start")

    with pytest.raises(ValueError, match="cannot start"):
        _ = [value async for value in flights.join("k", broken)]
    assert len(flights) == 0


class Play:
    """What Hypothesis may do to one key, and what must be true after each step."""

    def __init__(self) -> None:
        self.flights = Flights[int]()
        self.starts: list[list[int]] = []
        self.queues: list[asyncio.Queue[int | None]] = []
        self.closed: list[int] = []
        self.riders: list[tuple[asyncio.Task[None], list[int], int]] = []

    async def generate(self) -> AsyncGenerator[int, None]:
        number = len(self.starts)
        self.starts.append([])
        self.queues.append(asyncio.Queue())
        try:
            while (value := await self.queues[number].get()) is not None:
                yield value
        finally:
            self.closed.append(number)

    def join(self) -> None:
        seen: list[int] = []

        async def ride() -> None:
            async with aclosing(self.flights.join("k", self.generate)) as values:
                async for value in values:
                    seen.append(value)

        fresh = len(self.flights) == 0
        flight = len(self.starts) if fresh else len(self.starts) - 1
        self.riders.append((asyncio.create_task(ride()), seen, flight))

    def leave(self, at: int) -> None:
        running = [task for task, _, _ in self.riders if not task.done()]
        if running:
            running[at % len(running)].cancel()

    def give(self, value: int | None) -> None:
        if len(self.flights):
            self.queues[-1].put_nowait(value)
            if value is not None:
                self.starts[-1].append(value)

    def holds(self) -> None:
        alive = {flight for task, _, flight in self.riders if not task.done()}
        assert set(range(len(self.starts))) - set(self.closed) == alive
        assert len(self.flights) == len(alive) <= 1
        for task, seen, flight in self.riders:
            given = self.starts[flight]
            assert seen == (given[: len(seen)] if task.cancelled() else given)


STEPS = st.one_of(
    st.just(Play.join),
    st.integers(0, 5).map(lambda at: lambda play: play.leave(at)),
    st.integers(0, 9).map(lambda value: lambda play: play.give(value)),
    st.just(lambda play: play.give(None)),
)


@settings(deadline=None)
@given(st.lists(STEPS, max_size=25))
def test_whatever_the_order_one_generator_runs_while_somebody_listens_and_nothing_leaks(
    steps: list[Callable[[Play], None]],
) -> None:
    async def played() -> None:
        play = Play()
        for step in steps:
            step(play)
            await settled()
            play.holds()
        for _ in range(len(play.riders)):
            play.leave(0)
            await settled()
        play.holds()
        assert others() == set()

    asyncio.run(played())
