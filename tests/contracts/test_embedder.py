"""One suite for every Embedder."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.embedding import Embedder, HashingEmbedder
from gpu.embedder import MiniLmEmbedder
from gpu.embedding_cache import CachedEmbedder

CAFE = "The café opens at nine"
BUILD = "The build is broken on main"


@pytest.fixture(scope="module", params=["hashing", "cached", pytest.param("minilm", marks=pytest.mark.slow)])
def embedder(request: pytest.FixtureRequest) -> Embedder:
    return {
        "hashing": HashingEmbedder,
        "cached": lambda: CachedEmbedder(HashingEmbedder(), capacity=3),
        "minilm": MiniLmEmbedder,
    }[request.param]()


def test_there_is_one_row_per_text_in_order(embedder: Embedder):
    rows = embedder.embed([CAFE, BUILD, CAFE])

    assert rows.shape[0] == 3
    np.testing.assert_allclose(rows[0], rows[2], atol=1e-5)
    assert not np.allclose(rows[0], rows[1], atol=0.1)


def test_rows_are_float32(embedder: Embedder):
    assert embedder.embed([CAFE]).dtype == np.float32


def test_no_texts_give_no_rows_of_the_same_width(embedder: Embedder):
    assert embedder.embed([]).shape == (0, embedder.embed([CAFE]).shape[1])


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(st.text(st.characters()), max_size=4))
def test_any_text_gets_a_row_of_unit_length(embedder: Embedder, texts: list[str]):
    rows = embedder.embed(texts)

    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), np.ones(len(texts)), atol=1e-5)


@pytest.mark.parametrize("text", ["", " ", "\n", "\x00", "\ud800", "👩‍👩‍👧", "a" * 100_000, "word " * 5_000])
def test_odd_texts_get_a_row_of_unit_length(embedder: Embedder, text: str):
    row = embedder.embed([text])[0]

    assert np.linalg.norm(row) == pytest.approx(1, abs=1e-5)


def test_a_row_does_not_depend_on_its_neighbours(embedder: Embedder):
    texts = ["ok", BUILD, "x " * 200, CAFE]

    together = embedder.embed(texts)
    apart = np.concatenate([embedder.embed([text]) for text in texts])

    np.testing.assert_allclose(together, apart, atol=1e-5)


def test_threads_may_share_it(embedder: Embedder):
    texts = [f"{BUILD} {number}" for number in range(8)]
    expected = embedder.embed(texts)
    rows: dict[int, np.ndarray] = {}

    threads = [
        threading.Thread(target=lambda n=number: rows.update({n: embedder.embed(texts)}))
        for number in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(rows) == 4
    for found in rows.values():
        np.testing.assert_allclose(found, expected, atol=1e-5)


def test_its_name_is_stable(embedder: Embedder):
    assert embedder.name == embedder.name
    assert embedder.name
