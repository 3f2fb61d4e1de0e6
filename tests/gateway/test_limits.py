from __future__ import annotations

from datetime import timedelta

import pytest

from core.clock import ManualClock
from core.errors import RateLimited
from gateway.limits import MemoryLimiter


async def test_a_burst_passes_and_the_next_call_does_not(clock: ManualClock):
    limiter = MemoryLimiter(clock, rate=2, burst=3)
    for _ in range(3):
        await limiter.take("k")

    with pytest.raises(RateLimited) as raised:
        await limiter.take("k")

    assert raised.value.retry_after_s == pytest.approx(0.5)


async def test_waiting_as_told_is_enough(clock: ManualClock):
    limiter = MemoryLimiter(clock, rate=2, burst=1)
    await limiter.take("k")

    clock.advance(timedelta(seconds=0.5))

    await limiter.take("k")


async def test_refused_calls_do_not_count(clock: ManualClock):
    limiter = MemoryLimiter(clock, rate=1, burst=1)
    await limiter.take("k")
    for _ in range(5):
        with pytest.raises(RateLimited):
            await limiter.take("k")

    clock.advance(timedelta(seconds=1))

    await limiter.take("k")


async def test_keys_do_not_share_a_bucket(clock: ManualClock):
    limiter = MemoryLimiter(clock, rate=1, burst=1)

    await limiter.take("one")
    await limiter.take("two")


async def test_a_clock_that_goes_backwards_gives_nothing_away(clock: ManualClock):
    limiter = MemoryLimiter(clock, rate=1, burst=1)
    await limiter.take("k")

    clock.advance(timedelta(hours=-1))

    with pytest.raises(RateLimited):
        await limiter.take("k")
