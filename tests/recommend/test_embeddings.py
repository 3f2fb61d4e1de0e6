"""ALS factors: communities are found, results repeat, and folding in is ALS's own half-step."""

from __future__ import annotations

import numpy as np
from threadpoolctl import threadpool_limits

from recommend import embeddings
from recommend.embeddings import Factors, confidence, factorize, fold_in
from recommend.sparse import Rows, pack


def blocks(communities: int, people: int, channels: int, *, holes: float = 0.2, seed: int = 0) -> Rows:
    """Return a matrix in which everybody is active in most channels of the own community alone."""
    rng = np.random.default_rng(seed)
    there = np.kron(np.eye(communities), np.ones((people, channels))) * (
        rng.random((communities * people, communities * channels)) > holes
    )
    rows, columns = np.nonzero(there)
    amounts = rng.uniform(0.5, 3, len(rows))
    return pack(
        rows.astype(np.int32),
        columns.astype(np.int32),
        amounts.astype(np.float32),
        height=communities * people,
    )


def exact_row(channels: np.ndarray, liked: np.ndarray, amounts: np.ndarray) -> np.ndarray:
    """Return the minimum of the weighted squares by brute force, every channel one by one."""
    left = embeddings.REGULARIZATION * np.eye(channels.shape[1])
    right = np.zeros(channels.shape[1])
    sure = dict(zip(liked.tolist(), confidence(amounts).tolist(), strict=True))
    for channel, factor in enumerate(channels.astype(np.float64)):
        weight = sure.get(channel, 1.0)
        left += weight * np.outer(factor, factor)
        right += weight * factor if channel in sure else 0.0
    return np.linalg.solve(left, right)


def test_the_holes_of_ones_own_community_score_highest():
    matrix = blocks(4, 15, 6)
    factors = factorize(matrix, width=24)

    for person in range(60):
        scores = factors.channels @ factors.people[person]
        own = slice(person // 15 * 6, person // 15 * 6 + 6)
        assert scores[own].min() > np.delete(scores, np.arange(24)[own]).max()


def test_the_same_input_gives_the_same_factors_whatever_the_threads():
    matrix = blocks(3, 40, 10)
    first = factorize(matrix, width=30)

    with threadpool_limits(1):
        again = factorize(matrix, width=30)

    np.testing.assert_array_equal(first.people, again.people)
    np.testing.assert_array_equal(first.channels, again.channels)


def test_folding_in_solves_the_least_squares_exactly():
    matrix = blocks(3, 20, 8)
    channels = factorize(matrix, width=24).channels
    liked, amounts = np.array([1, 3, 20], dtype=np.int32), np.array([0.5, 2.0, 1.0], dtype=np.float32)

    found = fold_in(channels, channels.T @ channels, liked, amounts)

    np.testing.assert_allclose(found, exact_row(channels, liked, amounts), rtol=1e-3, atol=1e-4)


def test_folding_a_known_person_in_again_points_where_als_put_them():
    matrix = blocks(3, 20, 8)
    factors = factorize(matrix, width=24)
    gram = factors.channels.T @ factors.channels

    for person in (0, 25, 59):
        span = matrix.span(person)
        again = fold_in(factors.channels, gram, matrix.columns[span], matrix.values[span])
        trained = factors.people[person]
        assert again @ trained / np.linalg.norm(again) / np.linalg.norm(trained) > 0.99


def test_who_is_unknown_gets_zeros_not_noise():
    matrix = pack(
        np.array([1, 1], dtype=np.int32),
        np.array([2, 3], dtype=np.int32),
        np.ones(2, dtype=np.float32),
        height=4,
    )

    factors = factorize(matrix, width=6)

    assert factors.people.any(axis=1).tolist() == [False, True, False, False]
    assert factors.channels.any(axis=1).tolist() == [False, False, True, True, False, False]


def test_an_empty_matrix_gives_zeros():
    nothing = np.zeros(0, dtype=np.int32)
    factors = factorize(pack(nothing, nothing, nothing.astype(np.float32), height=3), width=2)

    assert isinstance(factors, Factors)
    assert not factors.people.any()
    assert factors.channels.shape == (2, embeddings.FACTORS)


def test_folding_in_nothing_or_only_unknown_channels_gives_zeros():
    channels = np.ones((3, embeddings.FACTORS), dtype=np.float32)

    for liked in ([], [99]):
        amounts = np.ones(len(liked), dtype=np.float32)
        found = fold_in(channels, channels.T @ channels, np.array(liked, dtype=np.int32), amounts)
        assert not found.any()
