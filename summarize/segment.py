"""Interleaved talk into conversations: threads as they are, the rest by time, authors, mentions and meaning.

Greedy and online, as people read: each message joins the open conversation that explains it best, or starts one.
Cf. Elsner and Charniak 2010, "Disentangling Chat".
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from core.embedding import Vectors
from core.ids import MessageId, UserId
from summarize.facets import parts
from summarize.material import Entry

_OPEN = 8  # conversations that a message may join
_TAIL = 5  # messages of each that it is compared with
_PACE = 20.0  # minutes after which being next in line counts half
_JOIN = 0.36  # the least evidence to join
_MEANING, _NEXT, _SAME_AUTHOR, _NAMED, _NAMES, _ANSWER = 1.1, 0.45, 0.18, 0.5, 0.35, 0.2


@dataclass(slots=True, kw_only=True)
class _Conversation:
    """What is needed of an open conversation to see whether a message belongs to it."""

    members: list[int] = field(default_factory=list[int])


def conversations(entries: Sequence[Entry], vectors: Vectors) -> list[list[int]]:
    """Return the positions of entries by conversation, in order; `vectors` holds one unit row an entry."""
    found: list[_Conversation] = []
    by_thread: dict[MessageId, _Conversation] = {}
    for position, entry in enumerate(entries):
        key = entry.message.root or entry.message.id
        home = by_thread.get(key) or _best(position, entries, vectors, found[-_OPEN:])
        if home is None:
            home = _Conversation()
        elif home in found:
            found.remove(home)
        found.append(home)  # the latest to be spoken in is the last
        home.members.append(position)
        by_thread[key] = home
    apart = [part for home in found for part in parts(home.members, entries, vectors)]
    return sorted(apart, key=lambda members: members[0])


def _best(
    position: int, entries: Sequence[Entry], vectors: Vectors, near: Sequence[_Conversation]
) -> _Conversation | None:
    scored = [
        (_evidence(position, entries, vectors, one, rank), one) for rank, one in enumerate(reversed(near))
    ]
    best = max(scored, key=lambda pair: pair[0], default=None)
    return best[1] if best is not None and best[0] >= _JOIN else None


def _evidence(
    position: int, entries: Sequence[Entry], vectors: Vectors, one: _Conversation, rank: int
) -> float:
    """Return how much speaks for a message belonging to a conversation; `rank` 0 is the one spoken in last."""
    entry = entries[position]
    tail = one.members[-_TAIL:]
    last = entries[tail[-1]]
    minutes = (entry.message.at - last.message.at).total_seconds() / 60
    if last.message.root is not None and entry.message.root is None and not last.message.broadcast:
        rank += 1  # the channel goes on beside a thread
    authors = {entries[i].message.author for i in tail}
    score = _MEANING * max(0.0, float(np.max(vectors[tail] @ vectors[position])) - 0.1)
    score += _NEXT * math.exp2(-minutes / _PACE) / (1 + rank)
    score += _SAME_AUTHOR * math.exp2(-minutes / _PACE) * (entry.message.author in authors)
    score += _NAMED * _names_one(entry, authors) + _NAMES * _is_named(entry, entries, tail)
    score += (
        _ANSWER * (last.cues.question >= 0.7 and last.message.author != entry.message.author) * (minutes < 60)
    )
    return score * math.exp2(-max(0.0, minutes - 240) / 720)


def _names_one(entry: Entry, authors: set[UserId]) -> bool:
    return any(user in authors for user in entry.mentions)


def _is_named(entry: Entry, entries: Sequence[Entry], tail: Sequence[int]) -> bool:
    return any(entry.message.author in entries[i].mentions for i in tail)
