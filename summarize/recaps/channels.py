"""Narrow reads over somebody's channels: which they are, and how much was said in them. Numbers only, no text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, case, exists, func, or_, select

from core.database import Database
from core.directory import Channel, Person, as_channel, channels, may_read, memberships
from core.ids import ChannelId, UserId, WorkspaceId
from summarize.models import MessageKind
from summarize.recaps.models import Activity
from summarize.store import messages

_AT_ONCE = 200
_TALK = [str(kind) for kind in (MessageKind.TEXT, MessageKind.BOT, MessageKind.FILE, MessageKind.POLL)]


class OwnChannels:
    """The channels of a reader, by what the directory says at this moment."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def joined(self, workspace: WorkspaceId, reader: Person) -> list[Channel]:
        """Return the channels that a reader is a member of and may read, by number."""
        mine = and_(
            memberships.c.workspace == channels.c.workspace,
            memberships.c.channel == channels.c.id,
            memberships.c.person == reader.id,
        )
        query = select(channels).join(memberships, mine).where(channels.c.workspace == workspace)
        rows = await self._database.read(
            lambda connection: connection.execute(query.order_by(channels.c.number)).mappings().all()
        )
        return [found for row in rows if may_read(reader, found := as_channel(row), member=True)]

    async def readable(
        self, workspace: WorkspaceId, reader: Person, ids: Iterable[ChannelId]
    ) -> dict[ChannelId, Channel]:
        """Return those of the channels that a reader may read, by id."""
        mine = and_(
            memberships.c.workspace == workspace,
            memberships.c.channel == channels.c.id,
            memberships.c.person == reader.id,
        )
        wanted, found = sorted(set(ids)), dict[ChannelId, Channel]()
        for start in range(0, len(wanted), _AT_ONCE):
            some = and_(
                channels.c.workspace == workspace, channels.c.id.in_(wanted[start : start + _AT_ONCE])
            )
            query = select(channels, exists().where(mine).label("member")).where(some)
            rows = await self._database.read(
                lambda connection, query=query: connection.execute(query).mappings().all()
            )
            for row in map(dict, rows):
                member, channel = bool(row.pop("member")), as_channel(row)
                if may_read(reader, channel, member=member):
                    found[channel.id] = channel
        return found

    async def activity(
        self, workspace: WorkspaceId, reader: UserId, since: Mapping[ChannelId, datetime], until: datetime
    ) -> dict[ChannelId, Activity]:
        """Return how much others said in each channel from its own moment on, in one consistent view."""
        wanted = list(since.items())

        def count(connection: Connection) -> dict[ChannelId, Activity]:
            found: dict[ChannelId, Activity] = {}
            for start in range(0, len(wanted), _AT_ONCE):
                within = and_(
                    messages.c.workspace == workspace,
                    messages.c.author != reader,
                    messages.c.at < until,
                    _from(wanted[start : start + _AT_ONCE]),
                )
                found |= {one.channel: one for one in _counted(connection, within, reader)}
            return found

        return await self._database.read(count)


def _from(wanted: Sequence[tuple[ChannelId, datetime]]) -> ColumnElement[bool]:
    """Return each channel from its moment on; those that share one go as one list."""
    shared: dict[datetime, list[ChannelId]] = {}
    for channel, since in wanted:
        shared.setdefault(since, []).append(channel)
    return or_(
        *(and_(messages.c.channel.in_(some), messages.c.at >= since) for since, some in shared.items())
    )


def _counted(connection: Connection, within: ColumnElement[bool], reader: UserId) -> list[Activity]:
    named = case((messages.c.text.contains(f"<@{reader}>", autoescape=True), 1), else_=0)
    query = select(messages.c.channel, func.count(), func.sum(named)).where(within)
    rows = connection.execute(query.where(messages.c.kind.in_(_TALK)).group_by(messages.c.channel)).all()
    return [
        Activity(channel=ChannelId(channel), messages=count, mentions=int(mentions))
        for channel, count, mentions in rows
    ]
