"""How often a key may call: the Limiter port and its in-memory twin (Redis comes with more than one machine)."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from core.clock import Clock
from core.errors import RateLimited

_KEPT = 10_000


class Limiter(Protocol):
    """Says no when a key calls too often."""

    async def take(self, key: str) -> None:
        """Count one call of a key; raises RateLimited with the seconds to wait."""
        ...


class MemoryLimiter:
    """A token bucket per key: `burst` at once, `rate` a second in the long run, in this process."""

    def __init__(self, clock: Clock, *, rate: float, burst: int) -> None:
        self._clock = clock
        self._rate = rate
        self._burst = float(burst)
        self._buckets: dict[str, tuple[float, datetime]] = {}

    async def take(self, key: str) -> None:
        """Count one call of a key."""
        now = self._clock.now()
        tokens = self._tokens(key, now)
        if tokens < 1:
            raise RateLimited(
                f"key {key} calls more than {self._rate:g} times a second.",
                retry_after_s=(1 - tokens) / self._rate,
                remedy="Wait as Retry-After says; spread calls out.",
            )
        self._buckets[key] = (tokens - 1, now)
        if len(self._buckets) > _KEPT:
            self._forget_full(now)

    def _tokens(self, key: str, now: datetime) -> float:
        tokens, at = self._buckets.get(key, (self._burst, now))
        return min(self._burst, tokens + max(0.0, (now - at).total_seconds()) * self._rate)

    def _forget_full(self, now: datetime) -> None:
        """Drop buckets that are full again: they are as if never used."""
        self._buckets = {
            key: bucket for key, bucket in self._buckets.items() if self._tokens(key, now) < self._burst
        }
