"""People, channels and memberships of a workspace: who may read what, now."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol, TypeVar

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Index,
    Integer,
    RowMapping,
    Select,
    String,
    Table,
    Text,
    UniqueConstraint,
    and_,
    delete,
    exists,
    func,
    or_,
    select,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from core.database import Database, UtcMicros, metadata, upsert
from core.errors import NotFound
from core.ids import ChannelId, ChannelNumber, PersonNumber, UserId, WorkspaceId


class ChannelKind(StrEnum):
    """What a conversation is; everything but PUBLIC is readable by its members alone."""

    PUBLIC = "public"
    PRIVATE = "private"
    DIRECT = "direct"
    GROUP = "group"


class Guest(StrEnum):
    """Guests see only the channels they were added to."""

    NO = "no"
    MULTI = "multi-channel"
    SINGLE = "single-channel"


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """A tenant."""

    id: WorkspaceId
    name: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Someone (or a bot) in a workspace. `number` is given by the directory, 0 before."""

    id: UserId
    handle: str
    real_name: str = ""
    display_name: str = ""
    title: str = ""
    timezone: str = "UTC"
    is_bot: bool = False
    guest: Guest = Guest.NO
    deactivated: bool = False
    number: PersonNumber = PersonNumber(0)

    @property
    def name(self) -> str:
        """What people call them."""
        return self.display_name or self.real_name or self.handle


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A conversation. `number` is given by the directory, 0 before."""

    id: ChannelId
    name: str
    kind: ChannelKind = ChannelKind.PUBLIC
    archived: bool = False
    topic: str = ""
    purpose: str = ""
    creator: UserId | None = None
    created_at: datetime | None = None
    number: ChannelNumber = ChannelNumber(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """A person belongs to a channel, since a moment where it is known."""

    channel: ChannelId
    person: UserId
    since: datetime | None = None


class HasKind(Protocol):
    """A channel, or as much of one as decides who may read it."""

    @property
    def kind(self) -> ChannelKind:
        """What conversation it is."""
        ...


def may_read(person: Person, channel: HasKind, *, member: bool) -> bool:
    """Tell whether a person may read a channel at this moment.

    Members may; others may read public channels unless they are guests; nobody deactivated, and no bot, may.
    """
    if person.deactivated or person.is_bot:
        return False
    return member or (channel.kind is ChannelKind.PUBLIC and person.guest is Guest.NO)


workspaces = Table(
    "workspaces",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("name", Text, nullable=False),
    Column("created_at", UtcMicros, nullable=False),
)
people = Table(
    "people",
    metadata,
    Column("workspace", String(64), primary_key=True),
    Column("id", String(64), primary_key=True),
    Column("number", Integer, nullable=False),
    Column("handle", Text, nullable=False),
    Column("real_name", Text, nullable=False),
    Column("display_name", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("timezone", String(64), nullable=False),
    Column("is_bot", Boolean, nullable=False),
    Column("guest", String(16), nullable=False),
    Column("deactivated", Boolean, nullable=False),
    UniqueConstraint("workspace", "number", name="uq_people_number"),
    Index("ix_people_handle", "workspace", "handle"),
)
channels = Table(
    "channels",
    metadata,
    Column("workspace", String(64), primary_key=True),
    Column("id", String(64), primary_key=True),
    Column("number", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("archived", Boolean, nullable=False),
    Column("topic", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("creator", String(64)),
    Column("created_at", UtcMicros),
    UniqueConstraint("workspace", "number", name="uq_channels_number"),
)
memberships = Table(
    "memberships",
    metadata,
    Column("workspace", String(64), primary_key=True),
    Column("channel", String(64), primary_key=True),
    Column("person", String(64), primary_key=True),
    Column("since", UtcMicros),
    Index("ix_memberships_person", "workspace", "person", "channel"),
)


_Entry = TypeVar("_Entry", Person, Channel)
_Found = TypeVar("_Found")


class Directory:
    """The people, channels and memberships of every workspace."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put_workspace(self, workspace: Workspace) -> None:
        """Add a workspace, or rename it."""
        async with self._database.writing() as connection:
            await upsert(connection, workspaces, [asdict(workspace)], key=["id"], update=["name"])

    async def workspaces(self) -> list[Workspace]:
        """Return every workspace, oldest first."""
        rows = await self._rows(select(workspaces).order_by(workspaces.c.created_at, workspaces.c.id))
        return [Workspace(**row) for row in rows]

    async def workspace(self, id: WorkspaceId) -> Workspace:
        """Return a workspace; raises NotFound."""
        rows = await self._rows(select(workspaces).where(workspaces.c.id == id))
        if not rows:
            raise NotFound("workspace", id, remedy="Import one, or see `catchup workspaces`.")
        return Workspace(**rows[0])

    async def put_people(self, workspace: WorkspaceId, entries: Sequence[Person]) -> None:
        """Add people or bring them up to date; newcomers get the next numbers."""
        await self._put(people, workspace, [_columns(person) for person in entries])

    async def put_channels(self, workspace: WorkspaceId, entries: Sequence[Channel]) -> None:
        """Add channels or bring them up to date; newcomers get the next numbers."""
        await self._put(channels, workspace, [_columns(channel) for channel in entries])

    async def set_members(
        self, workspace: WorkspaceId, channel: ChannelId, entries: Iterable[Membership]
    ) -> None:
        """Make these the members of a channel, and nobody else."""
        rows = [{"workspace": workspace, **asdict(entry)} for entry in entries]
        here = and_(memberships.c.workspace == workspace, memberships.c.channel == channel)
        async with self._database.writing() as connection:
            await connection.execute(delete(memberships).where(here))
            await upsert(connection, memberships, rows, key=["workspace", "channel", "person"])

    async def add_members(self, workspace: WorkspaceId, entries: Iterable[Membership]) -> None:
        """Let people join channels; who is a member already stays one since then."""
        rows = [{"workspace": workspace, **asdict(entry)} for entry in entries]
        async with self._database.writing() as connection:
            await upsert(connection, memberships, rows, key=["workspace", "channel", "person"])

    async def remove_member(self, workspace: WorkspaceId, channel: ChannelId, person: UserId) -> None:
        """Let someone leave a channel; no error if they were not in it."""
        gone = and_(
            memberships.c.workspace == workspace,
            memberships.c.channel == channel,
            memberships.c.person == person,
        )
        async with self._database.writing() as connection:
            await connection.execute(delete(memberships).where(gone))

    async def people(self, workspace: WorkspaceId) -> list[Person]:
        """Return everyone, bots and the deactivated too, by number."""
        query = select(people).where(people.c.workspace == workspace).order_by(people.c.number)
        return [as_person(row) for row in await self._rows(query)]

    async def people_by_id(self, workspace: WorkspaceId, ids: Iterable[UserId]) -> list[Person]:
        """Return those of these people who are in the directory, by number."""
        wanted = sorted(set(ids))
        found: list[Person] = []
        for start in range(0, len(wanted), 500):
            some = and_(people.c.workspace == workspace, people.c.id.in_(wanted[start : start + 500]))
            found += [as_person(row) for row in await self._rows(select(people).where(some))]
        return sorted(found, key=lambda person: person.number)

    async def namesakes(self, workspace: WorkspaceId, names: Iterable[str]) -> list[Person]:
        """Return everyone whose display name, real name or handle is one of these, by number."""
        wanted = sorted(set(names) - {""})
        found: dict[UserId, Person] = {}
        for start in range(0, len(wanted), 200):
            some = wanted[start : start + 200]
            named = or_(*(people.c[field].in_(some) for field in ("display_name", "real_name", "handle")))
            rows = await self._rows(select(people).where(and_(people.c.workspace == workspace, named)))
            found |= {person.id: person for person in map(as_person, rows)}
        return sorted(found.values(), key=lambda person: person.number)

    async def channels(self, workspace: WorkspaceId) -> list[Channel]:
        """Return every conversation of every kind, by number. For readers use `readable_channels`."""
        query = select(channels).where(channels.c.workspace == workspace).order_by(channels.c.number)
        return [as_channel(row) for row in await self._rows(query)]

    async def members(self, workspace: WorkspaceId, channel: ChannelId) -> frozenset[UserId]:
        """Return the members of a channel."""
        here = and_(memberships.c.workspace == workspace, memberships.c.channel == channel)
        return frozenset(row["person"] for row in await self._rows(select(memberships).where(here)))

    async def memberships(self, workspace: WorkspaceId) -> list[Membership]:
        """Return every membership of a workspace."""
        query = select(memberships).where(memberships.c.workspace == workspace)
        rows = await self._rows(query.order_by(memberships.c.channel, memberships.c.person))
        return [Membership(channel=row["channel"], person=row["person"], since=row["since"]) for row in rows]

    async def find_person(self, workspace: WorkspaceId, named: str) -> Person:
        """Return a person by id, `@handle` or handle; raises NotFound."""
        handle = named.removeprefix("@")
        query = select(people).where(people.c.workspace == workspace)
        found = [as_person(row) for row in await self._rows(query.where(_either(people, named, handle)))]
        return the_one("user", named, found, remedy="Give the user's id or @handle as in the workspace.")

    async def find_channel(self, workspace: WorkspaceId, named: str) -> Channel:
        """Return a channel by id, `#name` or name; raises NotFound."""
        name = named.removeprefix("#")
        query = select(channels).where(channels.c.workspace == workspace)
        found = [as_channel(row) for row in await self._rows(query.where(_either(channels, named, name)))]
        return the_one("channel", named, found, remedy="Give the channel's id or #name as in the workspace.")

    async def may_read(self, workspace: WorkspaceId, reader: Person, channel: Channel) -> bool:
        """Tell whether this reader may read this channel at this moment."""
        here = and_(
            memberships.c.workspace == workspace,
            memberships.c.channel == channel.id,
            memberships.c.person == reader.id,
        )
        member = bool(await self._rows(select(memberships).where(here)))
        return may_read(reader, channel, member=member)

    async def readable_channels(self, workspace: WorkspaceId, reader: Person) -> list[Channel]:
        """Return the channels this reader may read at this moment, by number."""
        query = select(memberships.c.channel).where(
            memberships.c.workspace == workspace, memberships.c.person == reader.id
        )
        joined = {row["channel"] for row in await self._rows(query)}
        every = await self.channels(workspace)
        return [channel for channel in every if may_read(reader, channel, member=channel.id in joined)]

    async def readable_numbered(
        self, workspace: WorkspaceId, reader: Person, numbers: Iterable[int]
    ) -> list[Channel]:
        """Return those of the channels that this reader may read at this moment, by number."""
        mine = and_(
            memberships.c.workspace == workspace,
            memberships.c.channel == channels.c.id,
            memberships.c.person == reader.id,
        )
        query = select(channels, exists().where(mine).label("member")).where(
            channels.c.workspace == workspace, channels.c.number.in_(list(numbers))
        )
        rows = [dict(row) for row in await self._rows(query.order_by(channels.c.number))]
        found = [(row.pop("member"), as_channel(row)) for row in rows]
        return [channel for member, channel in found if may_read(reader, channel, member=bool(member))]

    async def people_numbered(self, workspace: WorkspaceId, numbers: Iterable[int]) -> list[Person]:
        """Return those of the people who exist, by number."""
        query = select(people).where(people.c.workspace == workspace, people.c.number.in_(list(numbers)))
        return [as_person(row) for row in await self._rows(query.order_by(people.c.number))]

    async def read(self, work: Callable[[Connection], _Found]) -> _Found:
        """Return what several lookups find in one consistent view (core/lookups.py); see `Database.read`."""
        return await self._database.read(work)

    async def _rows(self, query: Select[Any]) -> Sequence[RowMapping]:
        return await self._database.read(lambda connection: connection.execute(query).mappings().all())

    async def _put(self, table: Table, workspace: WorkspaceId, rows: list[dict[str, Any]]) -> None:
        async with self._database.writing() as connection:
            numbers = await _numbers(connection, table, workspace)
            for row in rows:
                row["workspace"] = workspace
                row["number"] = numbers.setdefault(row["id"], len(numbers) + 1)
            update = [column.name for column in table.c if column.name not in {"workspace", "id", "number"}]
            await upsert(connection, table, rows, key=["workspace", "id"], update=update)


async def _numbers(connection: AsyncConnection, table: Table, workspace: WorkspaceId) -> dict[str, int]:
    """Return the numbers given so far; locked against another process that gives some at the same time."""
    if connection.dialect.name == "postgresql":
        await connection.execute(
            select(func.pg_advisory_xact_lock(func.hashtext(f"{table.name}:{workspace}")))
        )
    query = select(table.c.id, table.c.number).where(table.c.workspace == workspace)
    return {row.id: row.number for row in await connection.execute(query)}


def _either(table: Table, id: str, name: str) -> ColumnElement[bool]:
    return or_(table.c.id == id, table.c["handle" if table is people else "name"] == name)


def the_one(what: str, named: str, found: list[_Entry], *, remedy: str) -> _Entry:
    """Return the entry with this id, else the only one; raises NotFound."""
    exact = [entry for entry in found if entry.id == named] or found
    if len(exact) != 1:
        raise NotFound(what, named, remedy=remedy if not exact else f"{len(exact)} have it; give the id.")
    return exact[0]


def _columns(entry: Person | Channel) -> dict[str, Any]:
    return {
        name: str(value) if isinstance(value, StrEnum) else value for name, value in asdict(entry).items()
    }


def as_person(row: Mapping[Any, Any]) -> Person:
    """Return a whole row of `people` as a person."""
    values: dict[str, Any] = {name: value for name, value in row.items() if name != "workspace"}
    values["guest"] = Guest(values["guest"])
    return Person(**values)


def as_channel(row: Mapping[Any, Any]) -> Channel:
    """Return a whole row of `channels` as a channel."""
    values: dict[str, Any] = {name: value for name, value in row.items() if name != "workspace"}
    values["kind"] = ChannelKind(values["kind"])
    return Channel(**values)
