from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.embedding import HashingEmbedder, Vectors
from core.errors import InvalidInput
from gpu.embedding_cache import CachedEmbedder


class Counting:
    """A HashingEmbedder that remembers what it was asked."""

    name = "counting"

    def __init__(self) -> None:
        self.asked: list[str] = []

    def embed(self, texts: Sequence[str]) -> Vectors:
        self.asked += texts
        return HashingEmbedder().embed(texts)


def test_a_text_seen_before_is_not_computed_again():
    behind = Counting()
    cached = CachedEmbedder(behind)

    cached.embed(["a", "b"])
    cached.embed(["b", "c"])

    assert behind.asked == ["a", "b", "c"]


def test_a_text_twice_in_one_call_is_computed_once():
    behind = Counting()

    CachedEmbedder(behind).embed(["a", "a", "a"])

    assert behind.asked == ["a"]


def test_the_least_recently_used_text_makes_room():
    behind = Counting()
    cached = CachedEmbedder(behind, capacity=2)

    cached.embed(["a", "b"])
    cached.embed(["a"])
    cached.embed(["c"])
    cached.embed(["a", "b"])

    assert behind.asked == ["a", "b", "c", "b"]
    assert len(cached) == 2


def test_a_forgotten_text_is_computed_anew():
    behind = Counting()
    cached = CachedEmbedder(behind)
    cached.embed(["a"])

    cached.forget(["a", "never seen"])
    cached.embed(["a"])

    assert behind.asked == ["a", "a"]


def test_changing_an_answer_does_not_change_the_cache():
    cached = CachedEmbedder(HashingEmbedder())
    cached.embed(["a"])[:] = 7

    assert np.linalg.norm(cached.embed(["a"])) == pytest.approx(1)


def test_its_name_is_that_of_the_embedder_behind():
    assert CachedEmbedder(HashingEmbedder()).name == HashingEmbedder().name


def test_a_capacity_of_nothing_is_refused():
    with pytest.raises(InvalidInput, match="capacity: must be at least 1"):
        CachedEmbedder(HashingEmbedder(), capacity=0)


@given(st.lists(st.lists(st.sampled_from("abcdef"), max_size=8), max_size=8), st.integers(1, 4))
def test_answers_are_those_of_the_embedder_behind(calls: list[list[str]], capacity: int):
    cached = CachedEmbedder(HashingEmbedder(), capacity=capacity)

    for texts in calls:
        np.testing.assert_array_equal(cached.embed(texts), HashingEmbedder().embed(texts))
