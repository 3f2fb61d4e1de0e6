"""How much extra work may be made of trouble: a share of the traffic, so that retries never feed an overload.

Source: Google SRE book, chapter 21 (retry budgets); Dean and Barroso, The Tail at Scale (hedged requests).
"""

from __future__ import annotations

from collections import deque
from typing import Final

from gpu.pool.statistics import Now

_SLICES: Final = 10


class Budget:
    """Lets through at most `share` of the requests of the last `window_s` seconds, plus `floor`."""

    def __init__(self, *, share: float, floor: int, window_s: float, now: Now) -> None:
        self._share = share
        self._floor = floor
        self._slice_s = window_s / _SLICES
        self._now = now
        self._slices: deque[list[int]] = deque()
        self._asked = 0
        self._taken = 0

    def asked(self) -> None:
        """Count a request."""
        self._current()[1] += 1
        self._asked += 1

    def take(self) -> bool:
        """Count one piece of extra work and return True, or return False where the budget does not allow it."""
        current = self._current()
        if self._taken + 1 > self._floor + self._share * self._asked:
            return False
        current[2] += 1
        self._taken += 1
        return True

    def _current(self) -> list[int]:
        """Return the counts [slice, asked, taken] of the present slice; those of old slices are forgotten."""
        number = int(self._now() / self._slice_s)
        while self._slices and self._slices[0][0] <= number - _SLICES:
            _, asked, taken = self._slices.popleft()
            self._asked -= asked
            self._taken -= taken
        if not self._slices or self._slices[-1][0] != number:
            self._slices.append([number, 0, 0])
        return self._slices[-1]
