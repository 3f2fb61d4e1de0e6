"""A message too long for any request is read from its beginning, and counted."""

from __future__ import annotations

from dataclasses import replace

from summarize.llm.layout import weight
from summarize.material import Entry, Material

_CUT = " … (the rest of this message is not here)"


def clipped(material: Material, *, tokens: int) -> tuple[Material, int]:
    """Return the material with each message within so many tokens, and how many were cut."""
    entries = [_cut(entry, tokens) if weight(entry) > tokens else entry for entry in material.entries]
    count = sum(new is not old for new, old in zip(entries, material.entries, strict=True))
    return (replace(material, entries=tuple(entries)), count) if count else (material, 0)


def _cut(entry: Entry, tokens: int) -> Entry:
    room = max(60, 3 * (tokens - 30) - len(_CUT.encode()))
    kept = entry.text.encode()[:room].decode(errors="ignore")
    return replace(entry, text=kept.rsplit(" ", 1)[0] + _CUT)
