"""The published measures, on cases worked out by hand."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from summarize.conversations.measures import Measures, Tally, clusters

CHAINS = st.lists(st.integers(0, 30), min_size=2, max_size=30).map(
    lambda to: {10 + at: (10 + min(at, one),) for at, one in enumerate(to)}
)


def measured(gold: dict[int, tuple[int, ...]], found: dict[int, tuple[int, ...]]) -> Measures:
    tally = Tally()
    tally.add(gold, found)
    return tally.measures()


def test_links_count_each_of_several_and_those_of_a_first_message_to_itself():
    gold = {10: (10,), 11: (10,), 12: (10, 11)}
    found = {10: (10,), 11: (11,), 12: (11,)}

    m = measured(gold, found)

    assert m.link_precision == pytest.approx(200 / 3)
    assert m.link_recall == pytest.approx(200 / 4)
    assert m.link_f1 == pytest.approx(400 / 7)


def test_one_to_one_overlap_matches_conversations_for_the_greatest_sum():
    gold = {10: (10,), 11: (10,), 12: (10,), 13: (13,), 14: (13,), 15: (13,)}
    found = {10: (10,), 11: (10,), 12: (12,), 13: (12,), 14: (14,), 15: (14,)}

    m = measured(gold, found)

    assert m.one_to_one == pytest.approx(100 * 4 / 6)


def test_variation_of_information_of_one_whole_against_its_two_halves_is_one_bit():
    gold = {10: (10,), 11: (10,), 12: (12,), 13: (12,)}
    found = {10: (10,), 11: (10,), 12: (11,), 13: (12,)}

    m = measured(gold, found)

    assert m.vi == pytest.approx(100 * (1 - 1 / math.log2(4)))


def test_exact_conversations_of_a_single_message_do_not_count():
    gold = {10: (10,), 11: (10,), 12: (12,), 13: (13,), 14: (13,)}
    found = {10: (10,), 11: (10,), 12: (12,), 13: (13,), 14: (14,)}

    m = measured(gold, found)

    assert (m.exact_precision, m.exact_recall) == (100, 50)


def test_conversations_are_compared_over_the_annotated_messages_alone():
    assert clusters({10: (3,), 11: (3,), 12: (12,)}) == [frozenset({10, 11}), frozenset({12})]


def test_logs_add_up_without_mixing_their_messages():
    tally = Tally()

    tally.add({10: (10,), 11: (10,)}, {10: (10,), 11: (10,)})
    tally.add({10: (10,), 11: (10,)}, {10: (10,), 11: (11,)})

    assert tally.measures().one_to_one == pytest.approx(75)
    assert tally.measures().exact_recall == pytest.approx(50)


@given(CHAINS)
def test_what_the_annotators_say_scores_full_marks(gold: dict[int, tuple[int, ...]]):
    m = measured(gold, gold)

    assert (m.link_f1, m.one_to_one) == (100, 100)
    assert m.vi == pytest.approx(100)


@given(CHAINS, CHAINS)
def test_measures_of_conversations_are_symmetric_in_what_they_compare(
    one: dict[int, tuple[int, ...]], other: dict[int, tuple[int, ...]]
):
    shared = sorted(one.keys() & other.keys())
    a, b = ({at: links[at] for at in shared} for links in (one, other))

    assert measured(a, b).vi == pytest.approx(measured(b, a).vi)
    assert measured(a, b).one_to_one == pytest.approx(measured(b, a).one_to_one)
