"""The keys and values of several sequences in one cache: left-padded rows that join and leave.

Positions are each sequence's own and the padding is masked, so that a row is continued as it would be alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol, cast

import torch
from torch.nn.functional import pad

if TYPE_CHECKING:
    from transformers.cache_utils import DynamicCache

    from gpu.hub import LoadedModel

CHUNK: Final = 1024
"""Tokens of a prompt that are read in one pass: bounds memory, and how long a cancelled prompt is read on."""


class _Layer(Protocol):
    """Keys and values of one layer, shape (sequences, heads, tokens, size)."""

    keys: torch.Tensor
    values: torch.Tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A prompt that was read: its cache, its length, and the logits after its last token."""

    cache: DynamicCache
    length: int
    logits: torch.Tensor


class Batch:
    """Sequences that are continued together, in the order they joined."""

    def __init__(self, loaded: LoadedModel) -> None:
        self._loaded = loaded
        self._cache: DynamicCache | None = None
        self._lengths: list[int] = []

    def read(self, prompt: Sequence[int], cancelled: Callable[[], bool]) -> Read | None:
        """Read a prompt, alone; None if it was cancelled on the way."""
        cache, logits = self._loaded.new_cache(), torch.empty(0)
        chunk = CHUNK if self._loaded.batchable else len(prompt)
        for start in range(0, len(prompt), chunk):
            if cancelled():
                return None
            ids = prompt[start : start + chunk]
            mask = torch.ones(1, start + len(ids), dtype=torch.long)
            positions = torch.arange(start, start + len(ids))[None]
            logits = self._loaded.forward(torch.tensor([list(ids)]), mask, positions, cache)
        return Read(cache=cache, length=len(prompt), logits=logits[0])

    def join(self, read: Read) -> None:
        """Add a sequence; the shorter side is padded on the left."""
        self._lengths.append(read.length)
        if self._cache is None:
            self._cache = read.cache
            return
        for layer, new in zip(_layers(self._cache), _layers(read.cache), strict=True):
            layer.keys = _stacked(layer.keys, new.keys)
            layer.values = _stacked(layer.values, new.values)

    def keep(self, rows: Sequence[int]) -> None:
        """Forget every sequence but these, and the padding that no longer separates any."""
        self._lengths = [self._lengths[row] for row in rows]
        if not rows or self._cache is None:
            self._cache = None
            return
        index = torch.tensor(list(rows), device=self._loaded.device)
        longest = max(self._lengths)
        for layer in _layers(self._cache):
            layer.keys = layer.keys[index, :, -longest:]
            layer.values = layer.values[index, :, -longest:]

    def step(self, tokens: Sequence[int]) -> torch.Tensor:
        """Return the logits after one more token of each sequence, shape (sequences, vocabulary)."""
        if self._cache is None:
            raise ValueError("there is no sequence to continue")
        lengths = torch.tensor(self._lengths)
        columns = torch.arange(max(self._lengths) + 1)
        mask = (columns[None] >= columns[-1] - lengths[:, None]).long()
        ids = torch.tensor(list(tokens))[:, None]
        logits = self._loaded.forward(ids, mask, lengths[:, None], self._cache)
        self._lengths = [length + 1 for length in self._lengths]
        return logits


def _layers(cache: DynamicCache) -> list[_Layer]:
    return cast("list[_Layer]", cache.layers)


def _stacked(rows: torch.Tensor, new: torch.Tensor) -> torch.Tensor:
    """Return tensors of shape (sequences, heads, tokens, size) as one, zeros on the left of the shorter."""
    longest = max(rows.shape[2], new.shape[2])
    padded = [pad(part, (0, 0, longest - part.shape[2], 0)) for part in (rows, new)]
    return torch.cat(padded)
