"""A channel's history in segments whose borders do not depend on the window: content-defined chunking.

A border falls where the hash of a message's id says so, more readily after a pause, within a least and a most size.
So a window that slides or grows meets the same borders again, and finished segments keep their hash. An edit moves
no border, for the text has no say. Cf. Muthitacharoen, Chen and Mazieres 2001, "A Low-bandwidth Network File System".
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from summarize.llm.layout import weight
from summarize.material import Entry

_PAUSE = timedelta(minutes=45)
_ONE_IN, _ONE_IN_AFTER_PAUSE = 24, 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """Consecutive entries; `finished` once a border after it is known, which nothing later can move."""

    entries: tuple[Entry, ...]
    finished: bool


def segments(entries: Sequence[Entry], *, tokens: int) -> list[Segment]:
    """Return entries (oldest first) in segments of at most about so many tokens, one entry at least."""
    found: list[Segment] = []
    some: list[Entry] = []
    size = 0
    for entry in entries:
        cost = weight(entry)
        if some and (size + cost > tokens or (size >= tokens // 3 and _is_border(some[-1], entry))):
            found.append(Segment(entries=tuple(some), finished=True))
            some, size = [], 0
        some.append(entry)
        size += cost
    return [*found, Segment(entries=tuple(some), finished=False)] if some else found


def is_group_end(key: str) -> bool:
    """Tell whether a group of finished segments ends with the one that has this key."""
    return int(key[:8], 16) % 6 == 0


def _is_border(before: Entry, after: Entry) -> bool:
    pause = after.message.at - before.message.at >= _PAUSE
    chance = _ONE_IN_AFTER_PAUSE if pause else _ONE_IN
    hashed = hashlib.blake2b(str(after.message.id).encode(), digest_size=8).digest()
    return int.from_bytes(hashed) % chance == 0
