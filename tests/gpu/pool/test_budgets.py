from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gpu.pool.budgets import Budget
from tests.gpu.pool.times import Hand


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 0.5)), max_size=200))
def test_extra_work_is_never_more_than_the_share_and_the_floor_of_a_window(steps: list[tuple[bool, float]]):
    hand = Hand()
    budget = Budget(share=0.1, floor=3, window_s=10, now=hand)
    asked: list[float] = []
    taken: list[float] = []

    for asks, pause in steps:
        hand.at += pause
        if asks:
            budget.asked()
            asked.append(hand.at)
        elif budget.take():
            taken.append(hand.at)

        within = sum(at > hand.at - 9 for at in taken)
        assert within <= 3 + 0.1 * sum(at > hand.at - 11 for at in asked) + 1e-9


def test_a_floor_of_none_lets_nothing_through_until_there_is_traffic():
    budget = Budget(share=0.02, floor=0, window_s=100, now=Hand())
    first = budget.take()
    for _ in range(50):
        budget.asked()

    assert (first, budget.take(), budget.take()) == (False, True, False)


def test_what_is_old_is_forgotten():
    hand = Hand()
    budget = Budget(share=0, floor=1, window_s=10, now=hand)
    spent = (budget.take(), budget.take())

    hand.at += 10

    assert (*spent, budget.take()) == (True, False, True)
