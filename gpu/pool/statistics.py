"""Running figures: a mean that forgets, and a quantile of the last few."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final, TypeAlias

Now: TypeAlias = Callable[[], float]
"""Seconds of a clock that never goes back."""

_RECOUNT_EVERY: Final = 8


class Ewma:
    """An exponentially weighted mean: each value weighs `weight`, the past the rest; None before the first."""

    def __init__(self, weight: float) -> None:
        self._weight = weight
        self.value: float | None = None

    def add(self, value: float) -> None:
        """Take a value in."""
        self.value = value if self.value is None else self.value + self._weight * (value - self.value)


class RecentQuantile:
    """A quantile of the last `size` values; None until there are `least`."""

    def __init__(self, quantile: float, *, size: int = 256, least: int = 20) -> None:
        self._quantile = quantile
        self._least = least
        self._values: deque[float] = deque(maxlen=size)
        self._uncounted = 0
        self.value: float | None = None

    def add(self, value: float) -> None:
        """Take a value in; every few values the quantile is counted anew."""
        self._values.append(value)
        self._uncounted += 1
        if len(self._values) >= self._least and (self.value is None or self._uncounted >= _RECOUNT_EVERY):
            ordered = sorted(self._values)
            self.value = ordered[min(len(ordered) - 1, int(self._quantile * len(ordered)))]
            self._uncounted = 0


class Decaying:
    """A count that halves every `half_life_s`."""

    def __init__(self, half_life_s: float) -> None:
        self._half_life_s = half_life_s
        self._value = 0.0
        self._at = 0.0

    def at(self, now: float) -> float:
        """Return the count now."""
        if now > self._at:
            self._value *= 0.5 ** ((now - self._at) / self._half_life_s)
            self._at = now
        return self._value

    def set(self, value: float, now: float) -> None:
        """Replace the count."""
        self._value, self._at = value, now
