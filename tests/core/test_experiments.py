"""Assignment: even, sticky, by weight, independent between experiments."""

from __future__ import annotations

import math
import subprocess
import sys
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidInput
from core.experiments import Arm, Experiment, assign, bucket

EVEN = Experiment(name="ranker", arms=(Arm(name="a", weight=0.5), Arm(name="b", weight=0.5)))
UNITS = [f"acme:{n}" for n in range(20_000)]


def chi_square(counts: Counter[str], shares: dict[str, float]) -> float:
    total = counts.total()
    return sum((counts[name] - share * total) ** 2 / (share * total) for name, share in shares.items())


def test_buckets_are_uniform_over_the_unit_interval():
    counts = Counter(str(int(bucket("salt", unit) * 20)) for unit in UNITS)

    assert chi_square(counts, {str(n): 0.05 for n in range(20)}) < 43.8  # 99.9% point, 19 degrees of freedom


@given(salt=st.text(max_size=20), unit=st.text(max_size=20))
def test_a_bucket_lies_in_the_half_open_unit_interval(salt: str, unit: str):
    assert 0.0 <= bucket(salt, unit) < 1.0


@given(unit=st.text(max_size=30))
def test_a_unit_stays_in_its_arm(unit: str):
    assert assign(EVEN, unit) == assign(EVEN, unit)


def test_another_process_assigns_alike():
    here = [assign(EVEN, unit).name for unit in UNITS[:50]]

    code = "from tests.core.test_experiments import *; print(*[assign(EVEN, u).name for u in UNITS[:50]])"
    there = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert there.stdout.split() == here


@pytest.mark.parametrize(
    "weights", [(1.0, 1.0), (0.05, 0.95), (1.0, 2.0, 7.0), (50.0, 50.0), (1e-3, 0.5, 0.25)]
)
def test_shares_follow_weights_whatever_they_sum_to(weights: tuple[float, ...]):
    experiment = Experiment(
        name="w", arms=tuple(Arm(name=str(n), weight=weight) for n, weight in enumerate(weights))
    )

    counts = Counter(assign(experiment, unit).name for unit in UNITS)

    shares = {str(n): weight / sum(weights) for n, weight in enumerate(weights)}
    assert chi_square(counts, shares) < 13.9  # 99.9% point, 2 degrees of freedom


def test_two_experiments_split_independently():
    other = Experiment(name="layout", arms=EVEN.arms)

    both = sum(assign(EVEN, unit) == assign(other, unit) for unit in UNITS)

    assert abs(both - len(UNITS) / 2) < 4 * math.sqrt(len(UNITS) / 4)


def test_growing_an_arm_moves_units_only_into_it():
    before = Experiment(name="x", arms=(Arm(name="new", weight=5), Arm(name="old", weight=95)))
    after = Experiment(name="x", arms=(Arm(name="new", weight=50), Arm(name="old", weight=50)))

    moved = {(assign(before, u).name, assign(after, u).name) for u in UNITS}

    assert ("new", "old") not in moved


def test_a_single_arm_gets_everybody():
    only = Experiment(name="x", arms=(Arm(name="control", weight=0.1),))

    assert {assign(only, unit).name for unit in UNITS[:100]} == {"control"}


@pytest.mark.parametrize("weights", [(), (0.0,), (1.0, -1.0), (1.0, float("nan"))])
def test_an_experiment_without_positive_weights_is_refused(weights: tuple[float, ...]):
    with pytest.raises(InvalidInput, match="positive weights"):
        Experiment(name="x", arms=tuple(Arm(name=str(n), weight=weight) for n, weight in enumerate(weights)))
