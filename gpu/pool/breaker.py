"""A breaker per node: opened by the node's own failures, closed again in steps.

Source: Nygard, Release It! (circuit breaker); Envoy's outlier detection (ejection times that grow).
"""

from __future__ import annotations

from enum import StrEnum

from gpu.pool.policy import PoolPolicy
from gpu.pool.statistics import Now


class BreakerState(StrEnum):
    """Closed lets all traffic through, open none, half-open a growing share."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class Breaker:
    """Counts failures in a row; after so many it opens, each time for twice as long as the time before.

    `share` is the part of the traffic that the node may have now. Once its time is over, the node comes out of open
    by a success (a canary's, or that of a request sent in a panic) or, where no `canaries` are sent, by itself.
    """

    def __init__(self, policy: PoolPolicy, now: Now, *, canaries: bool) -> None:
        self._policy = policy
        self._now = now
        self._canaries = canaries
        self._failures = 0
        self._open_s = policy.breaker_open_s
        self._until = 0.0
        self._share = 1.0
        self._state = BreakerState.CLOSED

    @property
    def state(self) -> BreakerState:
        """The state now."""
        if self._state is BreakerState.OPEN and not self._canaries and self.due:
            self._half_open()
        return self._state

    @property
    def share(self) -> float:
        """The share of its usual traffic that the node may have: 0 when open, 1 when closed."""
        return 0.0 if self.state is BreakerState.OPEN else self._share

    @property
    def due(self) -> bool:
        """Whether an open breaker has been open long enough to try the node again."""
        return self._state is BreakerState.OPEN and self._now() >= self._until

    def succeeded(self) -> None:
        """Note a success: the count starts anew; a node on its return gets twice the share."""
        self._failures = 0
        if self.due:
            self._half_open()
        elif self._state is BreakerState.HALF_OPEN:
            self._share = min(1.0, self._share * 2)
            if self._share >= 1.0:
                self._state, self._open_s = BreakerState.CLOSED, self._policy.breaker_open_s

    def failed(self) -> None:
        """Note a failure of the node's own; on its return, one is enough."""
        self._failures += 1
        if self._state is BreakerState.HALF_OPEN or self._failures >= self._policy.breaker_failures:
            self.trip()

    def trip(self) -> None:
        """Open now; while open, only a failure after its time (a canary's) opens it for longer."""
        if self._state is BreakerState.OPEN and not self.due:
            return
        self._state, self._failures = BreakerState.OPEN, 0
        self._until = self._now() + self._open_s
        self._open_s = min(self._policy.breaker_longest_s, self._open_s * 2)

    def _half_open(self) -> None:
        self._state, self._share = BreakerState.HALF_OPEN, self._policy.ramp
