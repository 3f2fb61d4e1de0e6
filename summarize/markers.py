"""Read markers: up to where somebody has read a channel, as their chat client says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from sqlalchemy import Column, String, Table, select

from core.database import Database, UtcMicros, metadata, upsert
from core.errors import InvalidInput
from core.ids import ChannelId, UserId, WorkspaceId
from summarize.access import View
from summarize.asks import Between

read_markers = Table(
    "read_markers",
    metadata,
    Column("workspace", String(64), primary_key=True),
    Column("person", String(64), primary_key=True),
    Column("channel", String(64), primary_key=True),
    Column("read_to", UtcMicros, nullable=False),
)
_AT_ONCE = 500
_TICK = timedelta(microseconds=1)
_LATEST = datetime.max.replace(tzinfo=UTC) - _TICK  # what has anything after it


class ReadMarkers:
    """The last message that each person has read of each channel, by its time; the latest word counts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(
        self, workspace: WorkspaceId, person: UserId, markers: Mapping[ChannelId, datetime]
    ) -> None:
        """Set markers, back too: a client may mark as unread. What lies at that moment itself is read."""
        rows = [
            {"workspace": workspace, "person": person, "channel": channel, "read_to": moment}
            for channel, moment in markers.items()
        ]
        async with self._database.writing() as connection:
            await upsert(
                connection, read_markers, rows, key=["workspace", "person", "channel"], update=["read_to"]
            )

    async def of(
        self, workspace: WorkspaceId, person: UserId, channels: Iterable[ChannelId]
    ) -> dict[ChannelId, datetime]:
        """Return the markers that there are for these channels."""
        wanted = sorted(channels)
        found: dict[ChannelId, datetime] = {}
        for start in range(0, len(wanted), _AT_ONCE):
            query = select(read_markers.c.channel, read_markers.c.read_to).where(
                read_markers.c.workspace == workspace,
                read_markers.c.person == person,
                read_markers.c.channel.in_(wanted[start : start + _AT_ONCE]),
            )
            rows = await self._database.read(lambda connection, query=query: connection.execute(query).all())
            found |= {ChannelId(channel): read_to for channel, read_to in rows}
        return found

    async def unread(self, view: View, *, now: datetime) -> Between:
        """Return what a reader has not read of a channel; raises InvalidInput if no client has said so far."""
        found = await self.of(view.workspace, view.reader.id, [view.channel.id])
        if view.channel.id not in found:
            raise InvalidInput(
                "unread",
                view.channel.id,
                "no read marker is known for this channel",
                remedy="Post one to /v1/read-markers, or give unread_from or last.",
            )
        return after(found[view.channel.id], now)


def after(read_to: datetime, now: datetime) -> Between:
    """Return the span that begins right after a marker."""
    since = min(read_to, _LATEST) + _TICK
    return Between(since=since, until=max(now, since))
