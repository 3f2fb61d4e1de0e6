"""Compressed sparse rows over plain NumPy arrays, so that a snapshot is memory-mapped and needs no parsing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from recommend.models import Floats, Ints

_T = TypeVar("_T", bound=np.generic)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Row `r` holds `columns[starts[r]:starts[r + 1]]`, ascending, with parallel `values` (float32)."""

    starts: NDArray[np.int64]
    columns: Ints
    values: Floats

    @property
    def height(self) -> int:
        """How many rows there are."""
        return len(self.starts) - 1

    def span(self, row: int) -> slice:
        """Return where a row lies; a row beyond the last is empty."""
        if not 0 <= row < self.height:
            return slice(0, 0)
        return slice(int(self.starts[row]), int(self.starts[row + 1]))

    def gather(self, rows: Ints) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the places of all entries of several rows, and for each which of `rows` it came from."""
        known = (rows >= 0) & (rows < self.height)
        first = np.where(known, self.starts[np.where(known, rows, 0)], 0)
        last = np.where(known, self.starts[np.where(known, rows, 0) + 1], 0)
        lengths = last - first
        origin = np.repeat(np.arange(len(rows)), lengths)
        offsets = np.arange(int(lengths.sum())) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        return first[origin] + offsets, origin

    def weighted_sum(self, rows: Ints, weights: Floats, width: int) -> Floats:
        """Return the dense sum of rows times weights, shape (width,)."""
        places, origin = self.gather(rows)
        values = self.values[places] * weights[origin]
        return np.bincount(self.columns[places], weights=values, minlength=width)[:width].astype(np.float32)

    def counted(self, rows: Ints, width: int) -> Ints:
        """Return in how many of the rows each column occurs, shape (width,)."""
        places, _ = self.gather(rows)
        return np.bincount(self.columns[places], minlength=width)[:width].astype(np.int32)


def pack(rows: Ints, columns: Ints, values: Floats, *, height: int) -> Rows:
    """Return triplets as Rows; each (row, column) must occur once."""
    order = np.lexsort((columns, rows))
    starts = np.zeros(height + 1, dtype=np.int64)
    np.cumsum(np.bincount(rows, minlength=height)[:height], out=starts[1:])
    return Rows(
        starts=starts,
        columns=np.ascontiguousarray(columns[order], dtype=np.int32),
        values=np.ascontiguousarray(values[order], dtype=np.float32),
    )


def row_numbers(packed: Rows) -> Ints:
    """Return the row of every entry."""
    return np.repeat(np.arange(packed.height, dtype=np.int32), np.diff(packed.starts)).astype(np.int32)


def transposed(packed: Rows, *, width: int) -> Rows:
    """Return columns as rows."""
    return pack(packed.columns, row_numbers(packed), packed.values, height=width)


def padded(values: NDArray[_T], size: int) -> NDArray[_T]:
    """Return the values, followed by zeros up to a size."""
    if len(values) >= size:
        return values[:size]
    return np.concatenate([values, np.zeros(size - len(values), dtype=values.dtype)])
