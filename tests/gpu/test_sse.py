from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ModelUnavailable
from gpu.sse import MAX_EVENT_BYTES, SseParser

DATA = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), min_size=1, max_size=20)


def events_of(stream: bytes, cuts: list[int] | None = None) -> list[str]:
    """Return the events of a stream fed in pieces that end at the cuts."""
    parser = SseParser()
    edges = [0, *sorted(cut % (len(stream) + 1) for cut in cuts or []), len(stream)]
    return [event for a, b in pairwise(edges) for event in parser.feed(stream[a:b])]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_an_event_ends_at_its_blank_line_whatever_ends_a_line(end: bytes):
    assert events_of(b"data: one" + end + end + b"data: two" + end + end) == ["one", "two"]


def test_data_lines_of_one_event_are_joined():
    assert events_of(b"data: a\ndata:b\ndata:  c\n\n") == ["a\nb\n c"]


def test_comments_names_ids_and_unknown_fields_are_skipped():
    assert events_of(b": ping\n\nevent: x\nid: 7\nretry: 5\ndata\nwhat: ever\ndata: a\n\n") == ["\na"]


def test_blank_lines_alone_are_no_events():
    assert events_of(b"\n\n\n: only a comment\n\n") == []


def test_an_event_without_its_blank_line_is_no_event():
    assert events_of(b"data: whole\n\ndata: half\n") == ["whole"]


def test_a_byte_order_mark_is_skipped():
    assert events_of(b"\xef\xbb\xbfdata: a\n\n", cuts=[1, 2]) == ["a"]


def test_bytes_that_are_not_utf8_are_replaced():
    assert events_of(b"data: \xff\n\n") == ["\N{REPLACEMENT CHARACTER}"]


def test_an_endless_event_is_refused():
    with pytest.raises(ModelUnavailable, match="event of more than"):
        events_of((b"data: " + b"x" * (MAX_EVENT_BYTES // 8) + b"\n") * 10)


def test_an_endless_line_is_refused():
    with pytest.raises(ModelUnavailable, match="event of more than"):
        SseParser().feed(b"x" * (MAX_EVENT_BYTES + 1))


@given(
    events=st.lists(st.tuples(DATA, st.sampled_from([b"\n", b"\r\n", b"\r"]), st.booleans()), max_size=6),
    cuts=st.lists(st.integers(0, 10_000), max_size=12),
)
def test_any_cutting_gives_the_same_events(events: list[tuple[str, bytes, bool]], cuts: list[int]):
    stream = b"".join(
        (b": comment" + end if comment else b"") + b"data: " + data.encode() + end + end
        for data, end, comment in events
    )

    assert events_of(stream, cuts) == [data for data, _, _ in events]


@given(stream=st.binary(max_size=200), cuts=st.lists(st.integers(0, 10_000), max_size=12))
def test_any_bytes_give_the_same_events_in_one_piece_and_in_many(stream: bytes, cuts: list[int]):
    assert events_of(stream, cuts) == events_of(stream)
