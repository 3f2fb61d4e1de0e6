from __future__ import annotations

from gpu.pool.limits import AdaptiveLimit
from gpu.pool.policy import PoolPolicy

POLICY = PoolPolicy(first_limit=32, least_limit=4, largest_limit=128)


def measured(limit: AdaptiveLimit, seconds: float, *, times: int, in_flight: int) -> int:
    for _ in range(times):
        limit.measured(seconds, in_flight)
    return limit.value


def test_it_grows_to_its_bound_while_a_busy_node_stays_fast():
    assert measured(AdaptiveLimit(POLICY), 0.001, times=500, in_flight=200) == 128


def test_it_stays_where_it_is_not_approached():
    assert measured(AdaptiveLimit(POLICY), 0.001, times=500, in_flight=3) == 32


def test_it_shrinks_when_the_same_work_takes_ten_times_as_long_and_recovers():
    limit = AdaptiveLimit(POLICY)
    usual = measured(limit, 0.001, times=100, in_flight=20)
    slow = measured(limit, 0.01, times=60, in_flight=60)

    again = measured(limit, 0.001, times=300, in_flight=60)

    assert slow < usual / 2
    assert again > usual


def test_a_refusal_halves_it_down_to_its_floor():
    limit = AdaptiveLimit(POLICY)
    values: list[int] = []
    for _ in range(4):
        limit.refused()
        values.append(limit.value)

    assert values == [16, 8, 4, 4]
