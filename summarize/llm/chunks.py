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
_ONE_IN, _ONE_IN_LEAD, _ONE_IN_AFTER_PAUSE = 24, 12, 3


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


def quantized(entries: Sequence[Entry]) -> list[Entry]:
    """Return entries without what was said before the window, back to the last border within it.

    So windows that begin at different moments begin at the same line, about every tenth message, and share their
    prefix. Roots of threads stay: replies hang on them.
    """
    roots = {entry.message.root for entry in entries if entry.message.root is not None}
    lead = [entry for entry in entries if entry.context and entry.message.id not in roots]
    places = range(len(lead) - 1, 0, -1)
    start = next((i for i in places if _is_border(lead[i - 1], lead[i], chance=_ONE_IN_LEAD)), len(lead))
    left_out = {entry.message.id for entry in lead[:start]}
    return [entry for entry in entries if entry.message.id not in left_out]


def is_group_end(key: str) -> bool:
    """Tell whether a group of finished segments ends with the one that has this key."""
    return int(key[:8], 16) % 6 == 0


def _is_border(before: Entry, after: Entry, *, chance: int = _ONE_IN) -> bool:
    if after.message.at - before.message.at >= _PAUSE:
        chance = _ONE_IN_AFTER_PAUSE
    hashed = hashlib.blake2b(str(after.message.id).encode(), digest_size=8).digest()
    return int.from_bytes(hashed) % chance == 0
