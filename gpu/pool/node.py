"""One node as the pool knows it: its open work, its speed, its faults."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Final, Protocol

from core.chat import ChatDelta, ChatRequest
from gpu.node.metrics import NodeMetrics
from gpu.pool.breaker import Breaker, BreakerState
from gpu.pool.events import NodeReport, PoolEvent, PoolEventKind, PoolHook, unheard
from gpu.pool.ledger import Ledger, Ticket
from gpu.pool.limits import AdaptiveLimit
from gpu.pool.policy import PoolPolicy
from gpu.pool.prefix import CacheSize
from gpu.pool.statistics import Decaying, Ewma, Now
from gpu.watch import Patience

OVERHEAD_TOKENS: Final = 128
"""What a request costs besides its own prefill, in tokens of prefill."""
DECODING_TOKENS: Final = 16
"""What a running sequence takes from the prefill of others."""
_UNMEASURED_S_PER_TOKEN: Final = 1e-4
_TYPICAL_TOKENS: Final = 1000
_FULL_CACHE: Final = 0.97
_WEIGHT: Final = 0.1
_SUSPICIOUS: Final = 3.0
_SUSPICIOUS_S: Final = 0.1


class Transport(Protocol):
    """What carries requests to one node."""

    def attempt(
        self, request: ChatRequest, patience: Patience, *, continuing: bool = False
    ) -> AsyncGenerator[ChatDelta, None]:
        """Yield one answer; `continuing` goes on with the assistant's message that is the last."""
        ...

    async def count_tokens(self, text: str) -> int:
        """Return how many tokens the node's tokenizer makes of a text."""
        ...

    async def get(self, path: str, timeout_s: float) -> tuple[int, str]:
        """Return the status and the text of a page of the node's."""
        ...

    async def close(self) -> None:
        """Release connections."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A node's metrics, when they were read, and what our ledger had in flight then."""

    metrics: NodeMetrics
    at: float
    in_flight: int


class Node:
    """The state of one node; all of it is read and changed in one event loop, never across an await."""

    def __init__(
        self, url: str, transport: Transport, *, policy: PoolPolicy, now: Now, hook: PoolHook = unheard
    ) -> None:
        self.url = url
        self.transport = transport
        self.ledger = Ledger()
        self.limit = AdaptiveLimit(policy)
        self.breaker = Breaker(policy, now, canaries=policy.health_s > 0)
        self.cache = CacheSize()
        self.recent = Decaying(policy.half_life_s)
        self.reading: Reading | None = None
        self.epoch = 0
        self.requests = 0
        self.errors = 0
        self.last_token = now()
        self._busy_since = self.last_token
        self.cool_until = 0.0
        self._ttft = Ewma(_WEIGHT)
        self._s_per_token = Ewma(_WEIGHT)
        self._policy = policy
        self._now = now
        self._hook = hook

    @property
    def cooling(self) -> bool:
        """Whether the node asked to be left alone for a while."""
        return self._now() < self.cool_until

    @property
    def share(self) -> float:
        """The share of its usual traffic that the node may have now."""
        return 0.0 if self.cooling else self.breaker.share

    @property
    def s_per_token(self) -> float:
        """Seconds to first token per token of prefill in front of it, live; a guess before the first answer."""
        return self._s_per_token.value or _UNMEASURED_S_PER_TOKEN

    @property
    def silent_s(self) -> float:
        """How long the node has had work of ours and brought no token."""
        return self._now() - max(self._busy_since, self.last_token) if self.ledger.in_flight else 0.0

    @property
    def suspect(self) -> bool:
        """Whether the node is silent for much longer than the work in front of it explains."""
        silent_s = self.silent_s
        return silent_s > _SUSPICIOUS_S and silent_s > _SUSPICIOUS * self._backlog_s(0)

    def open(self, *, prefill: int, decode: int) -> Ticket:
        """Enter a request into the ledger."""
        if not self.ledger.in_flight:
            self._busy_since = self._now()
        return self.ledger.open(prefill=prefill, decode=decode)

    def work(self, uncached: int) -> int:
        """Return what is in front of a request's first token, in tokens of prefill, were it sent now."""
        books = self.ledger
        running = (books.in_flight + self._foreign()) * DECODING_TOKENS
        return OVERHEAD_TOKENS + uncached + books.queued_tokens + running

    def estimate_s(self, uncached: int) -> float:
        """Return the estimated time to first token of a request with so many uncached tokens.

        A node that is silent with work to do is not believed to be faster than that.
        """
        return max(self.silent_s, self._backlog_s(uncached))

    def heard_first(self, ttft_s: float, *, work: int, uncached: int) -> None:
        """Take in a time to first token, with the work that was in front of it."""
        self._ttft.add(ttft_s)
        self._s_per_token.add(ttft_s / work)
        self.limit.measured(ttft_s / (OVERHEAD_TOKENS + uncached), self.ledger.in_flight)

    def succeeded(self) -> None:
        """Note an answer that came whole."""
        was = self.breaker.state
        self.breaker.succeeded()
        if was is not BreakerState.CLOSED and self.breaker.state is BreakerState.CLOSED:
            self._hook(PoolEvent(kind=PoolEventKind.BREAKER_CLOSED, node=self.url))

    def failed(self, reason: str, *, at_once: bool = False) -> None:
        """Note a failure of the node's own; `at_once` opens the breaker without waiting for more."""
        self.errors += 1
        self._hook(PoolEvent(kind=PoolEventKind.FAILURE, node=self.url, detail=reason))
        was = self.breaker.state
        (self.breaker.trip if at_once else self.breaker.failed)()
        if was is not BreakerState.OPEN and self.breaker.state is BreakerState.OPEN:
            self.epoch += 1  # a node that comes back may come back with an empty cache
            self._hook(PoolEvent(kind=PoolEventKind.BREAKER_OPENED, node=self.url, detail=reason))

    def refused(self, retry_after_s: float | None) -> None:
        """Leave the node alone for as long as it says, within bounds."""
        wanted = self._policy.cool_s if retry_after_s is None else retry_after_s
        self.cool_until = self._now() + max(0.1, min(self._policy.longest_cool_s, wanted))
        self.limit.refused()
        self._hook(PoolEvent(kind=PoolEventKind.COOLED, node=self.url))

    def report(self) -> NodeReport:
        """Return the state for people and dashboards."""
        metrics = self.reading.metrics if self.reading else None
        cooling = self.breaker.state is BreakerState.CLOSED and self.cooling
        state = "up" if self.breaker.state is BreakerState.CLOSED else self.breaker.state.value
        return NodeReport(
            url=self.url,
            state="cooling" if cooling else state,
            in_flight=self.ledger.in_flight,
            limit=self.limit.value,
            queued_tokens=self.ledger.queued_tokens,
            decode_tokens=self.ledger.decode_tokens,
            requests=self.requests,
            errors=self.errors,
            ttft_s=self._ttft.value,
            s_per_token=self._s_per_token.value,
            kv_cache_usage=metrics.kv_cache_usage if metrics else None,
            prefix_hit_rate=(
                metrics.prefix_hits / metrics.prefix_queries if metrics and metrics.prefix_queries else None
            ),
        )

    def _backlog_s(self, uncached: int) -> float:
        """Return how long the work in front of a first token should take."""
        return self.s_per_token * (self.work(uncached) + self._waiting_tokens())

    def _fresh(self) -> Reading | None:
        """Return the last reading if it is fresh enough to route by."""
        reading = self.reading
        return reading if reading and self._now() - reading.at <= self._policy.fresh_s else None

    def _foreign(self) -> int:
        """Return how many requests of others the node runs, by a fresh reading."""
        reading = self._fresh()
        return max(0, reading.metrics.running + reading.metrics.waiting - reading.in_flight) if reading else 0

    def _waiting_tokens(self) -> int:
        """Return what others' waiting requests and a full cache add, by a fresh reading."""
        reading = self._fresh()
        if reading is None:
            return 0
        full = reading.metrics.kv_cache_usage >= _FULL_CACHE
        return _TYPICAL_TOKENS * (min(reading.metrics.waiting, self._foreign()) + (4 if full else 0))
