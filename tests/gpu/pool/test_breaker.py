from __future__ import annotations

from gpu.pool.breaker import Breaker, BreakerState
from gpu.pool.policy import PoolPolicy
from tests.gpu.pool.times import Hand

POLICY = PoolPolicy(breaker_failures=3, breaker_open_s=1, breaker_longest_s=4, ramp=0.1)


def opened(hand: Hand, *, canaries: bool) -> Breaker:
    """Return a breaker that has just opened."""
    breaker = Breaker(POLICY, hand, canaries=canaries)
    for _ in range(3):
        breaker.failed()
    return breaker


def test_it_opens_at_the_third_failure_in_a_row_and_a_success_starts_the_count_anew():
    breaker = Breaker(POLICY, Hand(), canaries=True)
    for _ in range(2):
        breaker.failed()
    breaker.succeeded()
    for _ in range(2):
        breaker.failed()
    before = breaker.state

    breaker.failed()

    assert (before, breaker.state, breaker.share) == (BreakerState.CLOSED, BreakerState.OPEN, 0.0)


def test_without_canaries_time_alone_half_opens_it():
    hand = Hand()
    breaker = opened(hand, canaries=False)

    hand.at += 1

    assert (breaker.state, breaker.share) == (BreakerState.HALF_OPEN, 0.1)


def test_with_canaries_it_waits_for_a_success_after_its_time():
    hand = Hand()
    breaker = opened(hand, canaries=True)
    breaker.succeeded()  # an answer that began before it opened
    early = breaker.state
    hand.at += 1
    waiting = breaker.state

    breaker.succeeded()

    assert (early, waiting) == (BreakerState.OPEN, BreakerState.OPEN)
    assert breaker.state is BreakerState.HALF_OPEN


def test_the_share_doubles_with_each_success_until_it_is_closed():
    hand = Hand()
    breaker = opened(hand, canaries=False)
    hand.at += 1
    shares = [breaker.share]

    while breaker.state is not BreakerState.CLOSED:
        breaker.succeeded()
        shares.append(breaker.share)

    assert shares == [0.1, 0.2, 0.4, 0.8, 1.0]


def test_one_failure_on_its_return_opens_it_for_twice_as_long_up_to_a_bound():
    hand = Hand()
    breaker = opened(hand, canaries=False)
    times: list[float] = []

    for _ in range(4):
        began = hand.at
        while breaker.state is BreakerState.OPEN:
            hand.at += 0.25
        times.append(hand.at - began)
        breaker.failed()

    assert times == [1, 2, 4, 4]


def test_failures_while_open_do_not_prolong_it():
    hand = Hand()
    breaker = opened(hand, canaries=False)
    hand.at += 0.5
    breaker.failed()
    breaker.trip()

    hand.at += 0.5

    assert breaker.state is BreakerState.HALF_OPEN
