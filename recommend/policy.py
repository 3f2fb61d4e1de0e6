"""From scores to a shown order, with the probability of every choice.

All policies fill places from the top. A place's propensity is the probability of the item there given the items
above it, so the product over places is the probability of the answer, exactly: what counterfactual estimators need.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.ids import RequestId
from recommend.models import Floats
from recommend.usecase import Exploration


@dataclass(frozen=True, slots=True, kw_only=True)
class Slate:
    """Which candidates were chosen, in order, and how likely each was given those above it."""

    places: NDArray[np.intp]
    propensities: NDArray[np.float64]


def choose(scores: Floats, k: int, exploration: Exploration, rng: np.random.Generator) -> Slate:
    """Deal `k` places (fewer if there are fewer candidates); ties go to the earlier candidate."""
    ranked = np.argsort(-scores, kind="stable")
    pool = ranked[: reach(exploration, k)]
    if exploration.kind == "none" or len(pool) <= 1:
        return Slate(places=ranked[:k], propensities=np.ones(min(k, len(ranked))))
    if exploration.kind == "epsilon":
        return _epsilon(pool, k, exploration.epsilon, rng)
    return _plackett_luce(pool, scores[pool].astype(np.float64), k, exploration.temperature, rng)


def reach(exploration: Exploration, k: int) -> int:
    """Return how many of the best candidates `k` places are dealt among."""
    return k if exploration.kind == "none" else max(exploration.pool, k)


def generator(request: RequestId) -> np.random.Generator:
    """Return the randomness of one request: anybody who has the log can deal the same places again."""
    return np.random.default_rng(int.from_bytes(hashlib.sha256(request.encode()).digest()[:16], "big"))


def _epsilon(pool: NDArray[np.intp], k: int, epsilon: float, rng: np.random.Generator) -> Slate:
    left = pool.tolist()
    places: list[int] = []
    propensities: list[float] = []
    for _ in range(min(k, len(left))):
        even = epsilon / len(left)
        pick = int(rng.integers(len(left))) if rng.random() < epsilon else 0
        propensities.append(even + (1.0 - epsilon if pick == 0 else 0.0))
        places.append(left.pop(pick))
    return Slate(places=np.array(places, dtype=np.intp), propensities=np.array(propensities))


def _plackett_luce(
    pool: NDArray[np.intp], scores: NDArray[np.float64], k: int, temperature: float, rng: np.random.Generator
) -> Slate:
    """Sort by score plus Gumbel noise, which draws from Plackett-Luce (Kool, van Hoof and Welling 2019)."""
    logits = (scores - scores.max()) / temperature
    order = np.argsort(-(logits + rng.gumbel(size=len(logits))), kind="stable")
    dealt = logits[order]
    remaining = np.logaddexp.accumulate(dealt[::-1])[::-1]
    return Slate(places=pool[order[:k]], propensities=np.exp(dealt - remaining)[:k])
