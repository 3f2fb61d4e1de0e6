"""Which words two messages share, and how telling those are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from summarize.conversations.talk import Floats, Ints, Talk

SPAN = 100  # messages back that a message is compared with


class Shared(NamedTuple):
    """Pairs of messages with a word in common: the later, how far back the earlier is, and the word's rarity."""

    later: Ints
    back: Ints
    rarity: Floats
    local: Floats


def shared(talk: Talk, rarity: Mapping[str, float], unseen: float) -> Shared:
    """Return an entry for each word that two messages at most SPAN apart share; `rarity` 0 leaves a word out.

    `rarity` is the word's inverse document frequency in the training data, `unseen` that of a word not in it; `local`
    is the log of SPAN over how often the word was said in the SPAN messages before the later one.
    """
    where, which, weight = _occurrences(talk, rarity, unseen)
    later: list[Ints] = []
    back: list[Ints] = []
    rare: list[Floats] = []
    counts = np.zeros(len(where), dtype=np.int64)
    spots: list[Ints] = []
    for lag in range(1, len(where)):
        near = (which[lag:] == which[:-lag]) & (where[lag:] - where[:-lag] <= SPAN)
        spot = np.flatnonzero(near) + lag
        if not len(spot):
            break
        counts[spot] += 1
        spots.append(spot)
        later.append(where[spot])
        back.append(where[spot] - where[spot - lag])
        rare.append(weight[spot])
    if not spots:
        none, nothing = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32)
        return Shared(later=none, back=none, rarity=nothing, local=nothing)
    local = np.log(SPAN / counts[np.concatenate(spots)]).astype(np.float32)
    return Shared(np.concatenate(later), np.concatenate(back), np.concatenate(rare), local)


def _occurrences(talk: Talk, rarity: Mapping[str, float], unseen: float) -> tuple[Ints, Ints, Floats]:
    """Return where each word worth a look occurs, word by word, in order."""
    numbers: dict[str, int] = {}
    where: list[int] = []
    which: list[int] = []
    weight: list[float] = []
    for position, words in enumerate(talk.words):
        for word in words:
            value = rarity.get(word, unseen)
            if value > 0:
                where.append(position)
                which.append(numbers.setdefault(word, len(numbers)))
                weight.append(value)
    order = np.lexsort((np.array(where, dtype=np.int64), np.array(which, dtype=np.int64)))
    return (
        np.array(where, dtype=np.int64)[order],
        np.array(which, dtype=np.int64)[order],
        np.array(weight, dtype=np.float32)[order],
    )


def totals(talk: Talk, rarity: Mapping[str, float], unseen: float) -> NDArray[np.float32]:
    """Return the summed rarity of each message's words."""
    return np.array(
        [sum(rarity.get(word, unseen) for word in words) for words in talk.words], dtype=np.float32
    )
