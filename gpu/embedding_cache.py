"""Vectors of texts seen before, kept in memory under a hash of the text; the text itself is not kept."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Sequence

import numpy as np

from core.embedding import Embedder, Vectors
from core.errors import InvalidInput


class CachedEmbedder:
    """Asks another Embedder only for texts it has not seen lately, each distinct text once a call.

    Keeps the `capacity` most recently used vectors (1.5 KB each at 384 dimensions). Any number of threads may
    call it; two that miss the same text at once may both compute it.
    """

    def __init__(self, embedder: Embedder, *, capacity: int = 20_000) -> None:
        if capacity < 1:
            raise InvalidInput(
                "capacity", capacity, "must be at least 1", remedy="Use the Embedder uncached."
            )
        self._embedder = embedder
        self._capacity = capacity
        self._vectors: OrderedDict[bytes, Vectors] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """The name of the embedder behind: the vectors are the same."""
        return self._embedder.name

    def __len__(self) -> int:
        return len(self._vectors)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return one row per text, as the embedder behind would."""
        keys = [_key(text) for text in texts]
        found = self._known(keys)
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in found}
        if missing or not texts:
            rows = self._embedder.embed(list(missing.values()))
            if not texts:
                return rows
            found |= {key: row.copy() for key, row in zip(missing, rows, strict=True)}
        self._remember(found)
        return np.stack([found[key] for key in keys])

    def forget(self, texts: Sequence[str]) -> None:
        """Drop the vectors of texts, as a deletion demands."""
        with self._lock:
            for text in texts:
                self._vectors.pop(_key(text), None)

    def _known(self, keys: Sequence[bytes]) -> dict[bytes, Vectors]:
        """Return the vectors that are kept."""
        with self._lock:
            return {key: vector for key in keys if (vector := self._vectors.get(key)) is not None}

    def _remember(self, vectors: dict[bytes, Vectors]) -> None:
        """Keep vectors as the most recently used, within capacity."""
        with self._lock:
            for key, vector in vectors.items():
                self._vectors[key] = vector
                self._vectors.move_to_end(key)
            while len(self._vectors) > self._capacity:
                self._vectors.popitem(last=False)


def _key(text: str) -> bytes:
    """Return a digest of a text; surrogates that no UTF-8 has are kept apart."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
