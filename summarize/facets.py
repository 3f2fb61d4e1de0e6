"""Two conversations that alternate message by message look like one; a normalized cut tells them apart.

Source: Shi and Malik 2000, "Normalized Cuts and Image Segmentation", on an affinity of meaning, authors and mentions.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.embedding import Vectors
from summarize.material import Entry

_SMALLEST, _LARGEST = 12, 160  # messages of a conversation that is looked at
_SIDE = 3  # messages of a part, at least
_CUT = 0.57  # above this, the parts hang together
_ALTERNATION = 0.85  # changes of side, against what chance would give: below, it is one talk that moved on
_LIKENESS = 0.88  # mean similarity across, against within: above, they speak of the same
_SAME_AUTHOR = _MENTION = 0.5

Matrix = NDArray[np.float64]


def parts(members: Sequence[int], entries: Sequence[Entry], vectors: Vectors) -> list[list[int]]:
    """Return the interleaved conversations within one, or the one as it is."""
    if not _SMALLEST <= len(members) <= _LARGEST or _is_thread(members, entries):
        return [list(members)]
    rows = vectors[list(members)].astype(np.float64)
    side = _cut(_affinity([entries[i] for i in members], rows))
    if side is None or not _interleaved(side) or not _different(side, rows):
        return [list(members)]
    one = [i for i, here in zip(members, side, strict=True) if here]
    other = [i for i, here in zip(members, side, strict=True) if not here]
    return [*parts(one, entries, vectors), *parts(other, entries, vectors)]


def _is_thread(members: Sequence[int], entries: Sequence[Entry]) -> bool:
    return len({entries[i].message.root or entries[i].message.id for i in members}) == 1


def _affinity(entries: Sequence[Entry], rows: Matrix) -> Matrix:
    authors = np.array([entry.message.author for entry in entries])
    roots = np.array([entry.message.root or entry.message.id for entry in entries])
    names = np.array([[other.message.author in one.mentions for other in entries] for one in entries])
    found = np.maximum(rows @ rows.T - 0.1, 0.0) + _SAME_AUTHOR * (authors[:, None] == authors)
    found += _MENTION * (names | names.T) + 2.0 * (roots[:, None] == roots)
    np.fill_diagonal(found, 0.0)
    return found


def _cut(affinity: Matrix) -> NDArray[np.bool_] | None:
    """Return the sides of the best normalized cut along the Fiedler vector, None if it costs too much."""
    degree = affinity.sum(axis=1) + 1e-6
    scale = np.sqrt(degree)
    vectors: Matrix = np.linalg.eigh(np.eye(len(degree)) - affinity / np.outer(scale, scale))[1]
    order = np.argsort(vectors[:, 1] / scale)
    sorted_rows = affinity[np.ix_(order, order)]
    sizes = np.arange(_SIDE, len(order) - _SIDE + 1)
    cuts = np.array([sorted_rows[:size, size:].sum() for size in sizes])
    volume = np.cumsum(degree[order])[sizes - 1]
    cost = cuts / volume + cuts / (degree.sum() - volume)
    best = int(np.argmin(cost))
    if cost[best] >= _CUT:
        return None
    side = np.zeros(len(order), dtype=np.bool_)
    side[order[: sizes[best]]] = True
    return side


def _interleaved(side: NDArray[np.bool_]) -> bool:
    changes = float(np.count_nonzero(side[1:] != side[:-1]))
    return changes >= _ALTERNATION * 2 * side.sum() * (~side).sum() / len(side)


def _different(side: NDArray[np.bool_], rows: Matrix) -> bool:
    alike = np.maximum(rows @ rows.T, 0.0)
    within = (_mean(alike[np.ix_(side, side)]) + _mean(alike[np.ix_(~side, ~side)])) / 2
    return float(alike[np.ix_(side, ~side)].mean()) < _LIKENESS * within


def _mean(square: Matrix) -> float:
    """Return the mean off the diagonal."""
    size = len(square)
    return float((square.sum() - np.trace(square)) / (size * (size - 1)))
