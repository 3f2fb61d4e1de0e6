"""Means and differences with intervals: they cover what they claim to."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InvalidInput
from core.statistics import difference_interval, mean_interval

samples = st.lists(st.floats(0, 1, allow_subnormal=False), min_size=2, max_size=30)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "mean"), [("uniform", 0.5), ("skewed", 2 / 7), ("rare", 0.3)], ids=["uniform", "skewed", "rare"]
)
def test_a_95_percent_interval_covers_the_true_mean_about_95_times_in_100(name: str, mean: float):
    rng = np.random.default_rng(7)
    draws = {
        "uniform": lambda: rng.uniform(size=60),
        "skewed": lambda: rng.beta(2, 5, size=60),
        "rare": lambda: (rng.uniform(size=60) < 0.3).astype(float),
    }
    trials = 400

    found = [mean_interval(draws[name]().tolist(), resamples=499, seed=trial) for trial in range(trials)]

    covered = sum(interval.low <= mean <= interval.high for interval in found) / trials
    assert 0.92 <= covered <= 0.98


def test_paired_differences_have_a_narrower_interval_than_their_sides():
    rng = np.random.default_rng(1)
    hardness = rng.uniform(size=100)
    baseline = hardness + rng.normal(0, 0.02, size=100)
    candidate = hardness + 0.05 + rng.normal(0, 0.02, size=100)

    difference = difference_interval(candidate.tolist(), baseline.tolist())
    side = mean_interval(candidate.tolist())

    assert 0.04 < difference.low < 0.05 < difference.high < 0.06
    assert difference.high - difference.low < (side.high - side.low) / 5


@settings(max_examples=30, deadline=None)
@given(samples)
def test_an_interval_is_in_order_and_within_the_values(values: list[float]):
    interval = mean_interval(values, resamples=199)

    assert min(values) - 1e-12 <= interval.low <= interval.high <= max(values) + 1e-12
    assert interval.estimate == pytest.approx(float(np.mean(values)))
    assert interval.n == len(values)


@settings(max_examples=30, deadline=None)
@given(samples, samples)
def test_swapping_the_sides_turns_the_sign_of_the_estimate(a: list[float], b: list[float]):
    size = min(len(a), len(b))

    there = difference_interval(a[:size], b[:size])
    back = difference_interval(b[:size], a[:size])

    assert there.estimate == pytest.approx(-back.estimate)


@settings(max_examples=20, deadline=None)
@given(samples)
def test_the_same_values_and_seed_give_the_same_interval(values: list[float]):
    assert mean_interval(values, resamples=199, seed=3) == mean_interval(values, resamples=199, seed=3)


@pytest.mark.parametrize("values", [[0.25], [0.25, 0.25, 0.25]])
def test_one_value_or_equal_ones_give_a_point(values: list[float]):
    interval = mean_interval(values)

    assert (interval.estimate, interval.low, interval.high) == (0.25, 0.25, 0.25)


@pytest.mark.parametrize("values", [[], [0.5, float("nan")], [float("inf")]])
def test_no_values_or_values_that_are_none_are_refused(values: list[float]):
    with pytest.raises(InvalidInput, match="at least one value, all finite"):
        mean_interval(values)


def test_sides_of_unequal_length_are_refused():
    with pytest.raises(InvalidInput, match="one value per case"):
        difference_interval([0.1, 0.2], [0.1])


@pytest.mark.slow
def test_ten_thousand_cases_are_resampled_in_bounded_memory():
    import tracemalloc

    values = np.random.default_rng(0).uniform(size=10_000).tolist()
    tracemalloc.start()

    mean_interval(values, resamples=999)

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 64 * 2**20
