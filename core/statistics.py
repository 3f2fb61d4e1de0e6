"""Means and differences with intervals that say how far to trust them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.errors import InvalidInput

_BATCH = 1_000_000  # resampled values held at once: 8 MB, whatever the number of cases


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """An estimate, its confidence interval at `level`, and the number of values it rests on."""

    estimate: float
    low: float
    high: float
    n: int
    level: float = 0.95


def mean_interval(
    values: Sequence[float], *, level: float = 0.95, resamples: int = 9_999, seed: int = 0
) -> Interval:
    """Return the mean with its BCa bootstrap interval (Efron 1987); one value, or equal ones, give a point.

    Raises InvalidInput for no values or values that are not finite.
    """
    sample = np.asarray(values, dtype=np.float64)
    if sample.size == 0 or not np.isfinite(sample).all():
        raise InvalidInput(
            "values",
            sample.size,
            "needs at least one value, all finite",
            remedy="Count missing outcomes apart; do not average them.",
        )
    mean = float(sample.mean())
    if sample.size == 1 or np.ptp(sample) == 0.0:
        return Interval(estimate=mean, low=mean, high=mean, n=sample.size, level=level)
    low, high = _bca(sample, level, resamples, seed)
    return Interval(estimate=mean, low=low, high=high, n=sample.size, level=level)


def difference_interval(
    candidate: Sequence[float], baseline: Sequence[float], *, level: float = 0.95, seed: int = 0
) -> Interval:
    """Return the mean paired difference candidate - baseline with its BCa bootstrap interval.

    Raises InvalidInput unless both have one value per case.
    """
    if len(candidate) != len(baseline):
        raise InvalidInput(
            "candidate",
            len(candidate),
            f"must have one value per case, {len(baseline)}",
            remedy="Score both on the same cases, in the same order.",
        )
    return mean_interval(np.subtract(candidate, baseline).tolist(), level=level, seed=seed)


def _bca(sample: np.ndarray, level: float, resamples: int, seed: int) -> tuple[float, float]:
    from scipy import stats  # here, for it is slow to import

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", category=RuntimeWarning)  # degenerate tails fall back below
        found = stats.bootstrap(
            (sample,),
            np.mean,
            confidence_level=level,
            n_resamples=resamples,
            batch=max(1, _BATCH // sample.size),
            method="BCa",
            vectorized=True,
            rng=np.random.default_rng(seed),
        ).confidence_interval
    if np.isfinite([found.low, found.high]).all():
        return float(found.low), float(found.high)
    spread = stats.t.ppf(0.5 + level / 2, sample.size - 1) * stats.sem(sample)
    return float(sample.mean() - spread), float(sample.mean() + spread)
