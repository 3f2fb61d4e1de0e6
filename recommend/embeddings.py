"""Activity embeddings: implicit-feedback ALS over people x channels, and folding in who came later."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from recommend.models import Floats, Ints, Reals
from recommend.sparse import Rows

FACTORS = 32
REGULARIZATION = 1.0
ITERATIONS = 15
SEED = 20_260_302
_THREADS = 0  # every core; the result does not depend on it (a test says so)


@dataclass(frozen=True, slots=True, kw_only=True)
class Factors:
    """One row per person and per channel, float32; a row of zeros is somebody or something unknown."""

    people: Floats
    channels: Floats


def confidence(activity: Floats) -> Floats:
    """Return how sure a decayed amount of activity makes us that somebody belongs: 1 + 4 ln(1 + a)."""
    return (1.0 + 4.0 * np.log1p(activity)).astype(np.float32)


def factorize(activity: Rows, *, width: int, factors: int = FACTORS, seed: int = SEED) -> Factors:
    """Return ALS factors of a people x channels matrix; the same input and seed give the same factors.

    Source: Hu, Koren and Volinsky 2008; conjugate gradient after Takács, Pilászy and Tikk 2011 (implicit).
    """
    if not len(activity.columns):
        return Factors(
            people=np.zeros((activity.height, factors), dtype=np.float32),
            channels=np.zeros((width, factors), dtype=np.float32),
        )
    people, channels = _als(activity, width, factors, seed)
    seen = np.zeros(width, dtype=np.bool_)
    seen[activity.columns] = True
    people[np.diff(activity.starts) == 0] = 0.0
    channels[~seen] = 0.0
    return Factors(people=people, channels=channels)


def fold_in(channels: Floats, gram: Floats, liked: Ints, activity: Floats) -> Floats:
    """Return the factor of a person with this activity, exactly as one ALS half-step would, shape (factors,).

    `gram` is channels.T @ channels. Costs well under a millisecond, so a newcomer counts from the first action.
    """
    known = liked < len(channels)
    rows: Floats = channels[liked[known]]
    sure = confidence(activity[known])
    if not rows.any():
        return np.zeros(len(gram), dtype=np.float32)
    weighted: Reals = rows.T @ (rows * (sure - 1.0)[:, None])
    left: Reals = gram + REGULARIZATION * np.eye(len(gram), dtype=np.float32) + weighted
    solved: Reals = np.linalg.solve(left, rows.T @ sure)
    return solved.astype(np.float32)


def _als(activity: Rows, width: int, factors: int, seed: int) -> tuple[Floats, Floats]:
    from implicit.cpu.als import AlternatingLeastSquares  # slow to import, and only the pipeline needs it
    from scipy.sparse import csr_matrix
    from threadpoolctl import threadpool_limits

    shape = (activity.height, width)
    matrix: Any = csr_matrix((confidence(activity.values), activity.columns, activity.starts), shape=shape)
    with threadpool_limits(1, "blas"):
        model: Any = AlternatingLeastSquares(
            factors=factors,
            regularization=REGULARIZATION,
            iterations=ITERATIONS,
            random_state=seed,
            num_threads=_THREADS,
        )
        model.fit(matrix, show_progress=False)
    return np.array(model.user_factors), np.array(model.item_factors)
