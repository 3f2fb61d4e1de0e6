from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.chat import BATCH, INTERACTIVE
from core.errors import ModelOverloaded
from gpu.pool.admission import Admission
from tests.gpu.pool.times import Hand

LATER = 2000.0


def door(places: int, *, queue: int = 10, hand: Hand | None = None) -> Admission:
    """Return a door with so many places behind it."""
    return Admission(lambda: places, queue=queue, batch_share=0.5, now=hand or Hand())


async def waiter(admission: Admission, priority: int, name: str, order: list[str]) -> None:
    await admission.enter(priority, LATER)
    order.append(name)


async def test_interactive_goes_before_batch_that_came_earlier():
    admission, order = door(1), list[str]()
    await admission.enter(INTERACTIVE, LATER)
    tasks = [
        asyncio.create_task(waiter(admission, priority, name, order))
        for name, priority in (("batch", BATCH), ("first", INTERACTIVE), ("second", INTERACTIVE))
    ]
    await asyncio.sleep(0)

    for _ in range(3):
        admission.leave(INTERACTIVE if len(order) < 3 else BATCH, 1.0)
        await asyncio.sleep(0.001)
    await asyncio.gather(*tasks)

    assert order == ["first", "second", "batch"]


async def test_batch_holds_at_most_its_share_while_interactive_walks_in():
    admission, order = door(4), list[str]()
    for _ in range(2):
        await admission.enter(BATCH, LATER)
    third = asyncio.create_task(waiter(admission, BATCH, "third batch", order))
    await asyncio.sleep(0)

    await admission.enter(INTERACTIVE, LATER)
    held = (admission.running, admission.waiting, list(order))
    admission.leave(BATCH, 1.0)
    await third

    assert held == (3, 1, [])
    assert order == ["third batch"]


async def test_a_full_queue_refuses_at_once_and_says_when_to_come_back():
    admission = door(1, queue=1)
    await admission.enter(INTERACTIVE, LATER)
    waits = asyncio.create_task(admission.enter(INTERACTIVE, LATER))
    await asyncio.sleep(0)

    with pytest.raises(ModelOverloaded) as caught:
        await admission.enter(INTERACTIVE, LATER)

    assert caught.value.retry_after_s >= 1
    waits.cancel()


async def test_in_a_full_queue_a_batch_request_makes_way_for_an_interactive_one():
    admission = door(1, queue=1)
    await admission.enter(INTERACTIVE, LATER)
    batch = asyncio.create_task(admission.enter(BATCH, LATER))
    await asyncio.sleep(0)
    urgent = asyncio.create_task(admission.enter(INTERACTIVE, LATER))

    with pytest.raises(ModelOverloaded):
        await batch
    admission.leave(INTERACTIVE, 1.0)
    await urgent

    assert (admission.running, admission.waiting) == (1, 0)


async def test_a_wait_longer_than_the_deadline_is_refused_at_once():
    hand = Hand()
    admission = door(1, hand=hand)
    await admission.enter(INTERACTIVE, LATER)
    admission.leave(INTERACTIVE, 10.0)
    await admission.enter(INTERACTIVE, LATER)

    with pytest.raises(ModelOverloaded, match=r"Come back in 10 s"):
        await admission.enter(INTERACTIVE, hand.at + 5)


async def test_nobody_waits_past_the_deadline():
    hand = Hand()
    admission = door(1, hand=hand)
    await admission.enter(INTERACTIVE, LATER)

    async with asyncio.timeout(1):
        with pytest.raises(ModelOverloaded):
            await admission.enter(INTERACTIVE, hand.at + 0.05)

    assert admission.waiting == 0


async def test_a_turn_that_comes_as_its_waiter_leaves_goes_to_the_next():
    admission = door(1)
    await admission.enter(INTERACTIVE, LATER)
    leaves = asyncio.create_task(admission.enter(INTERACTIVE, LATER))
    stays = asyncio.create_task(admission.enter(INTERACTIVE, LATER))
    await asyncio.sleep(0)

    admission.leave(INTERACTIVE, 1.0)
    leaves.cancel()
    async with asyncio.timeout(1):
        await stays

    assert (admission.running, admission.waiting) == (1, 0)


STEPS = st.lists(
    st.tuples(st.sampled_from(["enter", "leave", "cancel", "yield"]), st.sampled_from([0, 5, 10])),
    max_size=60,
)


class Visitors:
    """Requests that come, are inside, leave, or turn away."""

    def __init__(self) -> None:
        self.admission = door(3, queue=4)
        self.inside: list[int] = []
        self.tasks: list[asyncio.Task[None]] = []

    async def visit(self, priority: int) -> None:
        await self.admission.enter(priority, LATER)
        self.inside.append(priority)

    def leave(self) -> None:
        if self.inside:
            self.admission.leave(self.inside.pop(), 0.001)

    def step(self, step: str, priority: int) -> None:
        if step == "enter":
            self.tasks.append(asyncio.create_task(self.visit(priority)))
        elif step == "leave":
            self.leave()
        elif step == "cancel" and self.tasks:
            self.tasks[-1].cancel()

    async def all_leave(self) -> None:
        for _ in range(2 * len(self.tasks) + 2):
            await asyncio.sleep(0)
            self.leave()
        await asyncio.gather(*self.tasks, return_exceptions=True)


@given(STEPS)
def test_all_places_are_free_again_after_any_interleaving(steps: list[tuple[str, int]]):
    async def play() -> tuple[int, int, int]:
        visitors = Visitors()
        admission = visitors.admission
        for step, priority in steps:
            visitors.step(step, priority)
            if step == "yield":
                await asyncio.sleep(0)
            assert admission.running <= 3
            assert admission.waiting <= 4
        await visitors.all_leave()
        return admission.running, admission.running_batch, admission.waiting

    assert asyncio.run(play()) == (0, 0, 0)
