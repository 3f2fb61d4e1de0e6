"""Rows against a dense matrix that says the same."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from recommend.query import top
from recommend.sparse import Rows, pack, row_numbers, transposed

HEIGHT, WIDTH = 6, 8


@st.composite
def matrices(draw: st.DrawFn) -> tuple[Rows, np.ndarray]:
    dense = np.array(
        draw(
            st.lists(
                st.lists(st.integers(0, 3), min_size=WIDTH, max_size=WIDTH), min_size=HEIGHT, max_size=HEIGHT
            )
        ),
        dtype=np.float32,
    )
    rows, columns = np.nonzero(dense)
    shuffled = draw(st.permutations(range(len(rows))))
    rows, columns = rows[shuffled].astype(np.int32), columns[shuffled].astype(np.int32)
    return pack(rows, columns, dense[rows, columns], height=HEIGHT), dense


def unpacked(rows: Rows, width: int) -> np.ndarray:
    dense = np.zeros((rows.height, width), dtype=np.float32)
    dense[row_numbers(rows), rows.columns] = rows.values
    return dense


@given(matrix=matrices())
def test_packing_keeps_every_value(matrix: tuple[Rows, np.ndarray]):
    packed, dense = matrix

    np.testing.assert_array_equal(unpacked(packed, WIDTH), dense)


@given(matrix=matrices())
def test_transposing_twice_gives_the_same(matrix: tuple[Rows, np.ndarray]):
    packed, dense = matrix

    np.testing.assert_array_equal(unpacked(transposed(packed, width=WIDTH), HEIGHT), dense.T)


@given(matrix=matrices(), chosen=st.lists(st.integers(-2, HEIGHT + 2), max_size=8))
def test_a_weighted_sum_of_rows_is_that_of_the_dense_matrix(
    matrix: tuple[Rows, np.ndarray], chosen: list[int]
):
    packed, dense = matrix
    rows = np.array(chosen, dtype=np.int32)
    weights = np.arange(1, len(chosen) + 1, dtype=np.float32)

    found = packed.weighted_sum(rows, weights, WIDTH)

    expected = sum(
        (w * dense[r] for r, w in zip(chosen, weights, strict=True) if 0 <= r < HEIGHT), np.zeros(WIDTH)
    )
    np.testing.assert_allclose(found, expected)


@given(matrix=matrices(), chosen=st.lists(st.integers(-2, HEIGHT + 2), max_size=8))
def test_counting_tells_in_how_many_rows_a_column_occurs(matrix: tuple[Rows, np.ndarray], chosen: list[int]):
    packed, dense = matrix

    found = packed.counted(np.array(chosen, dtype=np.int32), WIDTH)

    expected = sum(
        ((dense[r] > 0).astype(int) for r in chosen if 0 <= r < HEIGHT), np.zeros(WIDTH, dtype=int)
    )
    np.testing.assert_array_equal(found, expected)


@given(values=st.lists(st.sampled_from([-1.0, 0.0, 0.5, 1.0, 2.0]), max_size=40), limit=st.integers(1, 10))
def test_top_is_a_stable_sort_of_what_is_positive(values: list[float], limit: int):
    found = top(np.array(values, dtype=np.float32), limit)

    expected = sorted(
        (place for place, value in enumerate(values) if value > 0), key=lambda p: (-values[p], p)
    )
    assert found.tolist() == expected[:limit]
