"""How long a first token may take, by how long it took of late."""

from __future__ import annotations

import math
from typing import Final

from gpu.pool.policy import PoolPolicy
from gpu.pool.statistics import RecentQuantile
from gpu.watch import Patience

_LAST: Final = 4
"""The last node may be silent for so many times as long: a laptop's server reads another's prompt meanwhile."""


class Expectations:
    """The live p95 of the time to first token over the whole pool, and what follows from it."""

    def __init__(self, policy: PoolPolicy) -> None:
        self._policy = policy
        self._p95 = RecentQuantile(0.95)

    def heard(self, ttft_s: float) -> None:
        """Take in a time to first token."""
        self._p95.add(ttft_s)

    def patience(self, *, left_s: float, estimate_s: float, others: bool) -> Patience:
        """Return the patience with one try, of the time left before the deadline.

        The last node there is gets all of it; before that, as much as leaves time for `others`.
        """
        policy = self._policy
        if not others:
            return Patience(first_token_s=math.inf, idle_s=_LAST * policy.idle_s)
        share_s = policy.first_token_share * left_s
        return Patience(
            first_token_s=min(share_s, self._expected(estimate_s)),
            idle_s=min(policy.idle_s, max(0.5, share_s)),
        )

    def slow_s(self) -> float:
        """Return a wait for a first token that is too long to be chance."""
        return self._expected(0.0) if self._p95.value is not None else self._policy.first_token_floor_s

    def hedge_after_s(self) -> float | None:
        """Return when to ask a second node; None as long as too little is known."""
        return None if self._p95.value is None else max(self._policy.hedge_floor_s, self._p95.value)

    def _expected(self, estimate_s: float) -> float:
        """Return a generous time to first token; endless as long as too little is known."""
        policy = self._policy
        if self._p95.value is None:
            return math.inf
        expected = policy.first_token_factor * max(self._p95.value, estimate_s)
        return max(policy.first_token_floor_s, expected)
