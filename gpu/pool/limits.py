"""How many requests one node may have in flight: as many as do not make the first token slower than it was.

Source: Netflix concurrency-limits (Gradient2), fed with the time to first token per uncached token, since the whole
latency of a generation says more of its length than of the node.
"""

from __future__ import annotations

import math
from typing import Final

from gpu.pool.policy import PoolPolicy
from gpu.pool.statistics import Ewma

_TOLERANCE: Final = 2.0
_SMOOTHING: Final = 0.2
_WARM_UP: Final = 20


class AdaptiveLimit:
    """Grows while the node is used and as fast as ever, shrinks while it is slower, halves when it refuses."""

    def __init__(self, policy: PoolPolicy) -> None:
        self._policy = policy
        self._limit = float(policy.first_limit)
        self._long = Ewma(1 / 600)
        self._short = Ewma(1 / 10)
        self._seen = 0

    @property
    def value(self) -> int:
        """The requests that the node may have in flight."""
        return int(self._limit)

    def measured(self, s_per_token: float, in_flight: int) -> None:
        """Take in what one answer's first token took, per uncached token of its own, and the requests in flight."""
        self._long.add(s_per_token)
        self._short.add(s_per_token)
        self._seen += 1
        if self._seen < _WARM_UP or not self._long.value or not self._short.value:
            return
        if self._long.value > 2 * self._short.value:  # the load is over: forget the slow times quickly
            self._long.value *= 0.95
        gradient = max(0.5, min(1.0, _TOLERANCE * self._long.value / self._short.value))
        if gradient == 1.0 and in_flight < self._limit / 2:
            return  # nothing is learned of a limit that is not approached
        aim = self._limit * gradient + math.sqrt(self._limit)
        self._set(self._limit + _SMOOTHING * (aim - self._limit))

    def refused(self) -> None:
        """Note that the node said it has too much to do."""
        self._set(self._limit * 0.5)

    def _set(self, limit: float) -> None:
        self._limit = max(float(self._policy.least_limit), min(float(self._policy.largest_limit), limit))
