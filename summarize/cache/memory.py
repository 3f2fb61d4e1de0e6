"""Finished segments in memory: for one process, bounded, the least recently found goes first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from core.clock import Clock
from core.ids import ChannelId, MessageId, WorkspaceId
from summarize.models import Message
from summarize.store import alike

Stored = Callable[[WorkspaceId, Sequence[MessageId]], Awaitable[Mapping[MessageId, Message]]]
"""Tells the messages as they are stored now: `MessageStore.stored`."""
_ALWAYS = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    payload: bytes
    made_from: frozenset[MessageId]
    at: datetime


@dataclass(slots=True, kw_only=True)
class _Keeping:
    """A `keep` under way, and whether one of its messages was invalidated since it began."""

    workspace: WorkspaceId
    made_from: frozenset[MessageId]
    overtaken: bool = field(default=False)


class MemorySegmentCache:
    """A SegmentCache of at most `limit` entries.

    Without `stored` it trusts that `invalidate` tells of every change; without a clock all entries are of old.
    """

    def __init__(
        self, stored: Stored | None = None, *, clock: Clock | None = None, limit: int = 10_000
    ) -> None:
        self._stored = stored
        self._clock = clock
        self._limit = limit
        self._entries: OrderedDict[tuple[WorkspaceId, str], _Entry] = OrderedDict()
        self._keeping: list[_Keeping] = []

    async def find(self, workspace: WorkspaceId, keys: Sequence[str]) -> dict[str, bytes]:
        """Return what is kept, and remember that it was found."""
        found: dict[str, bytes] = {}
        for key in keys:
            entry = self._entries.get((workspace, key))
            if entry is not None:
                self._entries.move_to_end((workspace, key))
                found[key] = entry.payload
        return found

    async def keep(
        self,
        workspace: WorkspaceId,
        channel: ChannelId,
        key: str,
        payload: bytes,
        *,
        made_from: Sequence[Message],
    ) -> bool:
        """Keep a payload unless a message changed before or while this looked."""
        ids = [message.id for message in made_from]
        keeping = _Keeping(workspace=workspace, made_from=frozenset(ids))
        self._keeping.append(keeping)
        try:
            now = {m.id: m for m in made_from} if self._stored is None else await self._stored(workspace, ids)
        finally:
            self._keeping.remove(keeping)
        if keeping.overtaken or not all(alike(now.get(m.id), m) for m in made_from):
            return False
        entry = _Entry(
            payload=payload, made_from=keeping.made_from, at=self._clock.now() if self._clock else _ALWAYS
        )
        self._entries[workspace, key] = entry
        self._entries.move_to_end((workspace, key))
        while len(self._entries) > self._limit:
            self._entries.popitem(last=False)
        return True

    async def invalidate(self, workspace: WorkspaceId, ids: Sequence[MessageId]) -> int:
        """Delete what was made from these, and stop what is being made from them."""
        changed = set(ids)
        for keeping in self._keeping:
            if keeping.workspace == workspace and keeping.made_from & changed:
                keeping.overtaken = True
        return self._delete(lambda place, entry: place[0] == workspace and bool(entry.made_from & changed))

    async def forget(self, workspace: WorkspaceId, *, before: datetime | None = None) -> int:
        """Delete what was kept before a moment."""
        return self._delete(
            lambda place, entry: place[0] == workspace and (before is None or entry.at < before)
        )

    def _delete(self, chosen: Callable[[tuple[WorkspaceId, str], _Entry], bool]) -> int:
        gone = [place for place, entry in self._entries.items() if chosen(place, entry)]
        for place in gone:
            del self._entries[place]
        return len(gone)
