"""Who spoke to whom, and when: counts and latest moments for many pairs at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from summarize.conversations.talk import NOBODY, Ints, Talk


@dataclass(frozen=True, slots=True)
class Index:
    """Sorted (key, moment) couples; asks how many moments a key has before another, and which is the last."""

    sorted: Ints
    size: int

    @staticmethod
    def of(keys: Ints, moments: Ints, size: int) -> Index:
        """Return an index of couples; `size` is above every moment."""
        return Index(np.sort(keys * size + moments), size)

    def rank(self, keys: Ints, moments: Ints) -> Ints:
        """Return for each couple its place among the sorted ones: differences of ranks of one key are counts."""
        return np.searchsorted(self.sorted, keys * self.size + moments)

    def last(self, keys: Ints, ranks: Ints) -> Ints:
        """Return the key's latest moment before each rank, -1 if there is none."""
        if not len(self.sorted):
            return np.full(len(keys), -1, dtype=np.int64)
        found = self.sorted[np.maximum(ranks - 1, 0)]
        mine = (ranks > 0) & (found // self.size == keys)
        return np.where(mine, found % self.size, -1)


@dataclass(frozen=True, slots=True)
class Events:
    """The indices of a talk: messages by author; namings by pair, by who is named, and by who names."""

    people: int
    spoken: Index
    pairs: Index
    naming: Index
    named: Index

    @staticmethod
    def of(talk: Talk) -> Events:
        """Return the indices of a talk."""
        size = len(talk) + 1
        people = int(max(talk.author.max(initial=0), talk.named.max(initial=0))) + 1
        moment, column = np.nonzero(talk.named != NOBODY)
        by, to = talk.author[moment], talk.named[moment, column]
        return Events(
            people=people,
            spoken=Index.of(talk.author, np.arange(len(talk)), size),
            pairs=Index.of(by * people + to, moment, size),
            naming=Index.of(by, moment, size),
            named=Index.of(to, moment, size),
        )
