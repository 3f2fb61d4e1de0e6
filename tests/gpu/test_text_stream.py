from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from gpu.text_stream import Detokenizer, StopScanner

TEXT = st.text("abc", max_size=30)


def bytes_to_text(ids: Sequence[int]) -> str:
    """A tokenizer whose tokens are bytes."""
    return bytes(ids).decode("utf-8", "replace")


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\N{REPLACEMENT CHARACTER}")))
def test_pieces_join_to_the_text_and_never_show_half_a_character(text: str):
    detokenizer = Detokenizer(bytes_to_text)

    pieces = [detokenizer.push(token) for token in text.encode()]

    assert "".join(pieces) == text
    assert detokenizer.flush() == ""
    assert not any("\N{REPLACEMENT CHARACTER}" in piece for piece in pieces)


def test_a_character_that_is_never_finished_is_left_out():
    detokenizer = Detokenizer(bytes_to_text)

    shown = "".join(detokenizer.push(token) for token in "aé".encode()[:-1]) + detokenizer.flush()

    assert shown == "a"


def test_text_ends_before_the_stop_string():
    scanner = StopScanner(["END"])

    shown = [scanner.push(piece) for piece in ("one E", "N", "D two")]

    assert shown == ["one ", "", ""]
    assert scanner.stopped


def test_what_only_began_like_a_stop_string_is_shown():
    scanner = StopScanner(["END"])

    shown = scanner.push("the EN") + scanner.push("TRY") + scanner.flush()

    assert shown == "the ENTRY"
    assert not scanner.stopped


def test_of_two_stop_strings_the_one_complete_first_counts():
    scanner = StopScanner(["abcd", "b"])

    assert scanner.push("xabcd") == "xa"


@given(
    text=TEXT,
    stops=st.lists(st.text("abc", max_size=4), max_size=3),
    cuts=st.lists(st.integers(0, 30), max_size=8),
)
def test_any_cutting_shows_the_same_text(text: str, stops: list[str], cuts: list[int]):
    whole = StopScanner(stops)
    expected = whole.push(text)
    expected += "" if whole.stopped else whole.flush()

    scanner, shown = StopScanner(stops), ""
    edges = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    for a, b in pairwise(edges):
        shown += "" if scanner.stopped else scanner.push(text[a:b])
    shown += "" if scanner.stopped else scanner.flush()

    assert shown == expected
    assert scanner.stopped == whole.stopped


@given(text=TEXT, stop=st.text("abc", min_size=1, max_size=4))
def test_one_stop_string_cuts_at_its_first_place(text: str, stop: str):
    scanner = StopScanner([stop])

    shown = scanner.push(text) + scanner.flush()

    assert shown == text.partition(stop)[0]
