"""The watch over a node, one look at a time."""

from __future__ import annotations

import random
from collections.abc import AsyncGenerator

import pytest

from core.chat import ChatDelta, ChatRequest, Usage, complete
from core.errors import ModelRefused, ModelTimeout, ModelUnavailable
from gpu.pool.health import NodeWatch
from gpu.pool.node import Node
from gpu.pool.policy import PoolPolicy
from gpu.watch import Patience
from tests.gpu.pool.nodes import asked, pooled, until
from tests.gpu.pool.times import Hand
from tests.gpu.pool.vllm_text import vllm_text
from tests.support.fault_server import FaultServer

POLICY = PoolPolicy(hung_s=10, misses_allowed=2, breaker_open_s=1)


class Pages:
    """A node whose pages and canary answers are set by the test; None stands for no answer."""

    def __init__(self) -> None:
        self.health: int | None = 200
        self.metrics: tuple[int, str] = (200, vllm_text())
        self.canary: Exception | None = None
        self.canaries = 0

    async def attempt(
        self, request: ChatRequest, patience: Patience, *, continuing: bool = False
    ) -> AsyncGenerator[ChatDelta, None]:
        self.canaries += 1
        if self.canary:
            raise self.canary
        yield ChatDelta(text="yes", finish="length", usage=Usage(prompt_tokens=3, completion_tokens=1))

    async def get(self, path: str, timeout_s: float) -> tuple[int, str]:
        if self.health is None:
            raise ModelUnavailable("no answer")
        return (self.health, "") if path == "/health" else self.metrics

    async def count_tokens(self, text: str) -> int:
        return 0

    async def close(self) -> None:
        """Nothing is open."""


class Watched:
    """A node under watch, and the hand of the clock."""

    def __init__(self) -> None:
        self.hand, self.pages = Hand(), Pages()
        self.node = Node("http://a", self.pages, policy=POLICY, now=self.hand)
        self.watch = NodeWatch(self.node, POLICY, rng=random.Random(1), now=self.hand)  # noqa: S311

    async def poll(self, times: int = 1, every_s: float = 1.0) -> str:
        """Look so many times; return the node's state."""
        for _ in range(times):
            await self.watch.poll()
            self.hand.at += every_s
        return self.node.report().state


async def test_a_node_that_says_it_is_dead_is_put_off_at_once():
    watched = Watched()
    watched.pages.health = 503

    assert await watched.poll() == "open"


async def test_a_node_that_does_not_answer_is_put_off_at_the_third_miss():
    watched = Watched()
    watched.pages.health = None

    assert await watched.poll(2) == "up"
    assert await watched.poll() == "open"


async def test_a_server_without_health_or_metrics_is_not_blamed():
    watched = Watched()
    watched.pages.health, watched.pages.metrics = 404, (404, "")

    assert await watched.poll(5) == "up"


async def test_a_node_with_work_of_ours_and_no_token_for_long_hangs_whatever_its_health_says():
    watched = Watched()
    watched.node.open(prefill=10, decode=10)

    assert await watched.poll(10) == "up"
    assert await watched.poll(2) == "open"


async def test_a_node_that_brings_tokens_does_not_hang():
    watched = Watched()
    watched.node.open(prefill=10, decode=10)
    for _ in range(30):
        watched.node.last_token = watched.hand.at

        assert await watched.poll() == "up"


async def test_a_node_whose_engine_runs_and_makes_no_step_hangs_though_the_work_is_not_ours():
    watched = Watched()
    watched.pages.metrics = (200, vllm_text(running=2, iterations=77))

    assert await watched.poll(11) == "up"
    assert await watched.poll(1) == "open"


async def test_an_engine_that_steps_or_rests_does_not_hang():
    watched = Watched()
    for step in range(30):
        watched.pages.metrics = (200, vllm_text(running=2, iterations=step))
        assert await watched.poll() == "up"
    watched.pages.metrics = (200, vllm_text(running=0, iterations=29))

    assert await watched.poll(30) == "up"


async def test_metrics_of_another_server_are_no_reading():
    watched = Watched()
    watched.pages.metrics = (200, "llamacpp:requests_processing 1\n")
    await watched.poll()

    assert watched.node.reading is None


@pytest.mark.parametrize("error", [ModelTimeout("silent", stalled=True), ModelRefused("500", status=500)])
async def test_a_node_returns_only_when_its_canary_is_answered(error: Exception):
    watched = Watched()
    watched.node.failed("500", at_once=True)
    watched.pages.canary = error

    assert await watched.poll(4) == "open"
    assert watched.pages.canaries >= 1
    watched.pages.canary = None
    assert await watched.poll(8) == "half-open"


async def test_a_canary_that_is_refused_for_what_it_asks_shows_a_living_node():
    watched = Watched()
    watched.node.failed("500", at_once=True)
    watched.pages.canary = ModelRefused("no", status=400)

    assert await watched.poll(4) == "half-open"


async def test_in_the_background_a_hung_node_is_found_put_off_and_taken_back():
    policy = PoolPolicy(health_s=0.02, breaker_open_s=0.1, canary_s=0.2, ramp=1.0, first_token_floor_s=0.2)
    async with pooled(FaultServer(fault="hang"), policy=policy) as here:
        for _ in range(3):
            with pytest.raises(ModelUnavailable):
                await complete(here.pool, asked(deadline_s=0.3))
        broken = here.pool.report()[0].state
        here.servers[0].fault = "none"

        await until(lambda: here.pool.report()[0].state != "open", seconds=3)
        await complete(here.pool, asked())

        assert broken == "open"
        assert here.pool.report()[0].state == "up"
        assert here.kinds()[-1] == "breaker-closed"
