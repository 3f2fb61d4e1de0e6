"""The in-memory twin of the event log."""

from __future__ import annotations

from collections.abc import Sequence

from core.events.models import Appended, Event, Offset, Record
from core.ids import EventId, WorkspaceId


class MemoryEventLog:
    """Keeps events in a list, for tests and for trying things out; a restart forgets them."""

    def __init__(self) -> None:
        self._records: list[Record] = []
        self._known: dict[tuple[WorkspaceId, EventId], Offset] = {}

    async def append(self, events: Sequence[Event]) -> Sequence[Appended]:
        """Store events, each id once."""
        return [self._append(event) for event in events]

    async def read(self, *, after: Offset, limit: int) -> Sequence[Record]:
        """Return records after an offset, in order."""
        first = max(after, 0)
        return self._records[first : first + max(limit, 0)]

    async def end(self) -> Offset:
        """Return the offset of the last record."""
        return Offset(len(self._records))

    async def close(self) -> None:
        """Nothing to let go of."""

    def _append(self, event: Event) -> Appended:
        key = (event.workspace, event.id)
        if key in self._known:
            return Appended(offset=self._known[key], duplicate=True)
        offset = self._known[key] = Offset(len(self._records) + 1)
        self._records.append(Record(offset=offset, event=event))
        return Appended(offset=offset, duplicate=False)
