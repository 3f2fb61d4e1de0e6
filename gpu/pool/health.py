"""The watch over the nodes in the background: is it there, does it move, may it come back?

A hung engine answers 200 on /health, so progress counts: work in flight and no token for a while is a fault.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from contextlib import aclosing
from typing import Final

from core.chat import ChatMessage, ChatRequest
from core.errors import CatchupError, ModelRefused
from gpu.node import metrics
from gpu.pool.node import Node, Reading
from gpu.pool.policy import PoolPolicy
from gpu.pool.statistics import Now
from gpu.watch import Patience

CANARY: Final = ChatRequest(messages=(ChatMessage(role="user", content="Say yes."),), max_tokens=1)
_ABSENT: Final = frozenset({401, 403, 404, 405, 501})
_REFUSED_BUT_WELL: Final = frozenset({400, 401, 403, 404, 413, 422, 429})
_JITTER: Final = 0.2


class Watcher:
    """Polls each node for as long as the pool is open; `start` it in the loop that uses the pool."""

    def __init__(self, nodes: Sequence[Node], policy: PoolPolicy, *, rng: random.Random, now: Now) -> None:
        self._nodes = nodes
        self._policy = policy
        self._rng = rng
        self._now = now
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin, once; without polls (health_s 0) there is nothing to begin."""
        if self._tasks or self._policy.health_s <= 0:
            return
        loop = asyncio.get_running_loop()
        self._tasks = [
            loop.create_task(NodeWatch(node, self._policy, rng=self._rng, now=self._now).run())
            for node in self._nodes
        ]

    async def close(self) -> None:
        """End the polls."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class NodeWatch:
    """Watches one node."""

    def __init__(self, node: Node, policy: PoolPolicy, *, rng: random.Random, now: Now) -> None:
        self._node = node
        self._policy = policy
        self._rng = rng
        self._now = now
        self._misses = 0
        self._has_health = True
        self._has_metrics = True
        self._moved_at = now()

    async def run(self) -> None:
        """Poll until cancelled."""
        while True:
            spread = 1 + _JITTER * (2 * self._rng.random() - 1)
            await asyncio.sleep(self._policy.health_s * spread)
            await self.poll()

    async def poll(self) -> None:
        """Look once: health, progress, and whether an open breaker may close again."""
        await self._look_at_health()
        await self._read_metrics()
        self._look_at_progress()
        if self._node.breaker.due:
            await self._send_canary()

    async def _look_at_health(self) -> None:
        """Open the breaker of a node that says it is dead, or has not said anything several times."""
        if not self._has_health:
            return
        try:
            status, _ = await self._node.transport.get("/health", self._policy.health_timeout_s)
        except CatchupError:
            self._misses += 1
            if self._misses > self._policy.misses_allowed:
                self._put_off("unreachable")
            return
        self._misses = 0
        self._has_health = status not in _ABSENT
        if status >= 500:
            self._put_off("unhealthy")

    async def _read_metrics(self) -> None:
        """Take a reading; a server that is not vLLM has none."""
        if not self._has_metrics:
            return
        in_flight = self._node.ledger.in_flight
        try:
            status, text = await self._node.transport.get("/metrics", self._policy.health_timeout_s)
            if status != 200:
                self._has_metrics = status not in _ABSENT
                return
            reading = Reading(metrics=metrics.parse(text), at=self._now(), in_flight=in_flight)
        except (CatchupError, ValueError):  # no answer, or a page that is no vLLM's: nothing is known
            return
        before, self._node.reading = self._node.reading, reading
        if before is None or before.metrics.iterations != reading.metrics.iterations:
            self._moved_at = reading.at
        if not reading.metrics.running:
            self._moved_at = reading.at

    def _look_at_progress(self) -> None:
        """Open the breaker of a node that has work and has brought no token for `hung_s`, by either book."""
        node = self._node
        frozen_s = node.reading.at - self._moved_at if node.reading else 0.0
        if max(node.silent_s, frozen_s) > self._policy.hung_s:
            self._put_off("hung")

    async def _send_canary(self) -> None:
        """Ask for one token; only a node that brings it gets requests again."""
        patience = Patience(first_token_s=self._policy.canary_s, idle_s=self._policy.canary_s)
        try:
            async with aclosing(self._node.transport.attempt(CANARY, patience)) as deltas:
                async for _ in deltas:
                    self._node.last_token = self._now()
        except ModelRefused as error:
            if error.status not in _REFUSED_BUT_WELL:
                self._node.failed("canary", at_once=True)
                return
        except CatchupError:
            self._node.failed("canary", at_once=True)
            return
        self._moved_at = self._now()
        self._node.succeeded()

    def _put_off(self, reason: str) -> None:
        """Open the breaker, once."""
        if self._node.breaker.share > 0:
            self._node.failed(reason, at_once=True)
