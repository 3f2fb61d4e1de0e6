from __future__ import annotations

import math

from gpu.pool.patience import Expectations
from gpu.pool.policy import PoolPolicy


def told(*seconds: float) -> Expectations:
    """Return expectations after these times to first token."""
    expectations = Expectations(PoolPolicy())
    for each in seconds:
        expectations.heard(each)
    return expectations


def test_a_try_gets_a_share_of_the_time_left_while_nothing_is_known():
    patience = told().patience(left_s=5, estimate_s=0.1, others=True)

    assert patience.first_token_s == 2.0


def test_the_last_node_there_is_gets_all_the_time():
    patience = told().patience(left_s=5, estimate_s=0.1, others=False)

    assert (patience.first_token_s, patience.idle_s) == (math.inf, 32)


def test_it_follows_the_live_p95_but_not_below_its_floor():
    fast = told(*[0.01] * 50).patience(left_s=60, estimate_s=0.01, others=True)
    slow = told(*[0.5] * 90, *[1.0] * 10).patience(left_s=60, estimate_s=0.01, others=True)

    assert (fast.first_token_s, slow.first_token_s) == (1.5, 4.0)


def test_a_long_prompt_is_given_what_it_is_estimated_to_need():
    patience = told(*[0.01] * 50).patience(left_s=60, estimate_s=3.0, others=True)

    assert patience.first_token_s == 12.0


def test_there_is_no_time_to_hedge_at_before_enough_is_known():
    assert told(*[0.5] * 5).hedge_after_s() is None
    assert told(*[0.5] * 30).hedge_after_s() == 0.5
    assert told(*[0.01] * 30).hedge_after_s() == 0.25
