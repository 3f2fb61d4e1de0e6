"""Logged propensities are the frequencies with which the policy really deals places."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.ids import RequestId
from recommend.policy import Slate, choose, generator
from recommend.usecase import Exploration

pytestmark = pytest.mark.slow

SCORES = np.array([1.0, 0.2, 0.9, 0.5, -3.0], dtype=np.float32)
DRAWS = 20_000
KINDS = [
    Exploration(kind="epsilon", epsilon=0.3, pool=4),
    Exploration(kind="epsilon", epsilon=1.0, pool=5),
    Exploration(kind="plackett_luce", temperature=0.5, pool=4),
    Exploration(kind="plackett_luce", temperature=5.0, pool=5),
]


def deal(exploration: Exploration, k: int, draws: int = DRAWS) -> list[Slate]:
    rng = np.random.default_rng(1)
    return [choose(SCORES, k, exploration, rng) for _ in range(draws)]


@pytest.mark.parametrize("exploration", KINDS, ids=lambda kind: f"{kind.kind}-{kind.pool}")
def test_the_propensity_of_a_slate_is_how_often_it_is_dealt(exploration: Exploration):
    slates = deal(exploration, 2)

    counts = Counter(tuple(slate.places) for slate in slates)
    stated = {tuple(slate.places): float(np.prod(slate.propensities)) for slate in slates}

    for places, count in counts.items():
        p = stated[places]
        assert abs(count / DRAWS - p) < 4.5 * np.sqrt(p * (1 - p) / DRAWS), places
    assert sum(stated.values()) == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("exploration", KINDS, ids=lambda kind: f"{kind.kind}-{kind.pool}")
def test_weighting_by_the_inverse_gives_every_first_place_the_same_share(exploration: Exploration):
    """What an IPS estimator does with the log: the weighted frequency of every action is 1."""
    weights = Counter[int]()
    for slate in deal(exploration, 1):
        weights[int(slate.places[0])] += 1 / slate.propensities[0] / DRAWS

    assert len(weights) == exploration.pool
    assert all(value == pytest.approx(1.0, abs=0.25) for value in weights.values())


@pytest.mark.parametrize("exploration", KINDS, ids=lambda kind: f"{kind.kind}-{kind.pool}")
def test_a_propensity_is_the_same_whenever_the_same_choice_is_made(exploration: Exploration):
    stated: dict[tuple[int, ...], set[float]] = {}
    for slate in deal(exploration, 3, 2_000):
        stated.setdefault(tuple(slate.places), set()).add(round(float(np.prod(slate.propensities)), 9))

    assert all(len(values) == 1 for values in stated.values())


def test_without_exploration_the_best_come_first_and_are_certain():
    slate = choose(SCORES, 3, Exploration(kind="none"), np.random.default_rng(0))

    assert slate.places.tolist() == [0, 2, 3]
    assert slate.propensities.tolist() == [1, 1, 1]


def test_ties_go_to_the_earlier_candidate():
    slate = choose(np.zeros(4, dtype=np.float32), 4, Exploration(), np.random.default_rng(0))

    assert slate.places.tolist() == [0, 1, 2, 3]


def test_scores_far_apart_leave_propensities_above_zero():
    scores = np.array([0.0, -1e4, -2e4], dtype=np.float32)

    slate = choose(scores, 3, Exploration(kind="plackett_luce", temperature=1.0), np.random.default_rng(0))

    assert slate.propensities == pytest.approx([1.0, 1.0, 1.0])


@given(
    scores=st.lists(st.floats(-100, 100, width=32), max_size=30),
    k=st.integers(1, 40),
    kind=st.sampled_from(["none", "epsilon", "plackett_luce"]),
    seed=st.integers(0, 2**32),
)
def test_every_slate_holds_distinct_candidates_with_lawful_propensities(
    scores: list[float], k: int, kind: str, seed: int
):
    exploration = Exploration.model_validate({"kind": kind})
    slate = choose(np.array(scores, dtype=np.float32), k, exploration, np.random.default_rng(seed))

    assert len(slate.places) == len(slate.propensities) == min(k, len(scores))
    assert len(set(slate.places.tolist())) == len(slate.places)
    assert ((slate.propensities >= 0) & (slate.propensities <= 1 + 1e-9)).all()


def test_a_request_can_be_dealt_again_from_its_id():
    first, again = generator(RequestId("rec_1")).random(5), generator(RequestId("rec_1")).random(5)

    assert first.tolist() == again.tolist()
    assert generator(RequestId("rec_2")).random(5).tolist() != first.tolist()
