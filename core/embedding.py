"""The Embedder port, and its shipped in-memory twin."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]

_WORD = re.compile(r"\w+")


class Embedder(Protocol):
    """Turns texts into unit vectors; similar texts get a large dot product."""

    @property
    def name(self) -> str:
        """A stable name of model and version; part of every cache key."""
        ...

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return one row of unit length per text, float32, shape (len(texts), dimension)."""
        ...


class HashingEmbedder:
    """Words hashed into 256 signed buckets: deterministic, no weights, no download.

    Knows no synonyms; for tests and for machines without the MiniLM weights.
    Source: Weinberger et al. 2009, "Feature Hashing for Large Scale Multitask Learning".
    """

    dimension = 256

    @property
    def name(self) -> str:
        """A stable name of model and version."""
        return f"hashing-{self.dimension}"

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return unit rows; an empty text gets the first basis vector."""
        rows = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in _WORD.findall(text.lower()):
                code = zlib.crc32(word.encode())
                row[code % self.dimension] += 1.0 if code & 0x80000000 else -1.0
        rows[~rows.any(axis=1), 0] = 1.0
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)
