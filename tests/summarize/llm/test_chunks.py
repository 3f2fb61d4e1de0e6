"""Segments of a channel's history keep their borders while the window slides and grows."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from summarize.llm.chunks import quantized, segments
from summarize.llm.layout import weight
from summarize.material import Entry
from tests.support.talk import ANN, BEN, material, said

HISTORY = material(
    [
        said(
            minute * 3,
            ANN if minute % 3 else BEN,
            f"Step {minute} of the migration takes about {minute} hours",
        )
        for minute in range(600)
    ]
).entries


def ids(parts: list[tuple[Entry, ...]]) -> set[tuple[str, ...]]:
    return {tuple(entry.message.id for entry in part) for part in parts}


def cut(start: int, end: int, tokens: int = 1500) -> list[tuple[Entry, ...]]:
    return [segment.entries for segment in segments(HISTORY[start:end], tokens=tokens)]


@given(st.integers(0, 500), st.integers(1, 600))
def test_every_message_is_in_exactly_one_segment_in_order(start: int, length: int):
    parts = cut(start, start + length)

    assert tuple(entry for part in parts for entry in part) == HISTORY[start : start + length]


@given(st.integers(200, 4000))
def test_no_segment_exceeds_its_tokens_unless_it_is_one_message(tokens: int):
    for part in cut(0, 300, tokens):
        assert len(part) == 1 or sum(map(weight, part)) <= tokens


@given(st.integers(1, 599), st.integers(1, 100))
def test_growing_moves_no_border_but_the_last(end: int, more: int):
    before = segments(HISTORY[:end], tokens=1500)
    after = segments(HISTORY[: end + more], tokens=1500)

    finished = [one for one in before if one.finished]
    assert after[: len(finished)] == finished


def test_a_window_that_slides_meets_most_borders_again():
    whole = ids(cut(0, 600))

    shared = [len(ids(cut(start, 600)) & whole) / len(cut(start, 600)) for start in range(20, 300, 20)]

    assert sum(shared) / len(shared) > 0.7


def test_windows_that_begin_at_different_moments_begin_at_the_same_line():
    def first(start: int) -> str:
        lead = [replace(entry, context=True) for entry in HISTORY[start - 48 : start]]
        return quantized([*lead, *HISTORY[start : start + 5]])[0].message.id

    begins = [first(start) for start in range(100, 200)]

    assert len(set(begins)) < 30


def test_without_a_border_before_the_window_nothing_is_read_along():
    assert quantized(HISTORY[100:110]) == list(HISTORY[100:110])
