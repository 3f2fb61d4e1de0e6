"""Rankers: features in, one score per candidate out, all behind one port."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
import orjson

from core.ids import VersionId
from recommend.models import Floats


class Ranker(Protocol):
    """Scores candidates; higher is better."""

    @property
    def name(self) -> str:
        """What kind of ranker it is."""
        ...

    @property
    def version(self) -> VersionId:
        """A content hash: the same version gives the same scores."""
        ...

    def score(self, features: Floats) -> Floats:
        """Return one finite score per row; columns are in the order the ranker was made for."""
        ...

    def explain(self, features: Floats) -> Floats:
        """Return what each feature adds to each score, shape of `features`."""
        ...


class HandTunedRanker:
    """A weighted sum, with weights a person wrote; exact explanations."""

    name = "hand_tuned"

    def __init__(self, weights: Mapping[str, float]) -> None:
        self._weights = np.array(list(weights.values()), dtype=np.float32)
        self.features: Sequence[str] = tuple(weights)
        canonical = orjson.dumps(sorted(weights.items()))
        self.version = VersionId(hashlib.sha256(canonical).hexdigest()[:16])

    def score(self, features: Floats) -> Floats:
        """Return the weighted sums."""
        return features @ self._weights

    def explain(self, features: Floats) -> Floats:
        """Return each weight times its feature; rows sum to the scores."""
        return features * self._weights
