"""Questions to the directory that are asked together, in one read: who somebody is, what they may read, who is who.

person, channel, may = await directory.read(lambda connection: standing(connection, workspace, "@ana", "#general"))
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, TypeVar

from sqlalchemy import Connection, bindparam, or_, select

from core.directory import (
    Channel,
    Person,
    as_channel,
    as_person,
    channels,
    may_read,
    memberships,
    people,
    the_one,
)
from core.ids import ChannelId, UserId, WorkspaceId

_T = TypeVar("_T")
_AT_ONCE = 200  # values in one list: SQLite takes a bounded number of variables

# Made once, for a statement costs more to put together than to run.
_PERSON = select(people).where(
    people.c.workspace == bindparam("workspace"),
    or_(people.c.id == bindparam("named"), people.c.handle == bindparam("name")),
)
_CHANNEL = select(channels).where(
    channels.c.workspace == bindparam("workspace"),
    or_(channels.c.id == bindparam("named"), channels.c.name == bindparam("name")),
)
_MEMBER = select(memberships.c.person).where(
    memberships.c.workspace == bindparam("workspace"),
    memberships.c.channel == bindparam("channel"),
    memberships.c.person == bindparam("person"),
)
_PEOPLE = select(people).where(
    people.c.workspace == bindparam("workspace"), people.c.id.in_(bindparam("ids", expanding=True))
)
_NAMESAKES = select(people).where(
    people.c.workspace == bindparam("workspace"),
    or_(
        *(
            people.c[field].in_(bindparam("names", expanding=True))
            for field in ("display_name", "real_name", "handle")
        )
    ),
)
_CHANNELS = select(channels).where(
    channels.c.workspace == bindparam("workspace"), channels.c.id.in_(bindparam("ids", expanding=True))
)


class Standing(NamedTuple):
    """A person, a channel, and whether the one may read the other at this moment."""

    person: Person
    channel: Channel
    may_read: bool


def standing(connection: Connection, workspace: WorkspaceId, reader: str, channel: str) -> Standing:
    """Return how a person (id or @handle) stands to a channel (id or #name); raises NotFound for one of them."""
    said = {"workspace": workspace, "named": reader, "name": reader.removeprefix("@")}
    found = [as_person(row) for row in connection.execute(_PERSON, said).mappings()]
    person = the_one("user", reader, found, remedy="Give the user's id or @handle as in the workspace.")
    said = {"workspace": workspace, "named": channel, "name": channel.removeprefix("#")}
    named = [as_channel(row) for row in connection.execute(_CHANNEL, said).mappings()]
    here = the_one("channel", channel, named, remedy="Give the channel's id or #name as in the workspace.")
    member = _is_member(connection, workspace, here.id, person.id)
    return Standing(person, here, may_read(person, here, member=member))


def people_and_namesakes(
    connection: Connection, workspace: WorkspaceId, ids: Iterable[UserId]
) -> tuple[list[Person], list[Person]]:
    """Return those of these people who are in the directory, and everyone called as one of them is; by number."""
    found: list[Person] = []
    for some in _lots(sorted(set(ids))):
        rows = connection.execute(_PEOPLE, {"workspace": workspace, "ids": some})
        found += [as_person(row) for row in rows.mappings()]
    alike: dict[UserId, Person] = {}
    for some in _lots(sorted({person.name for person in found} - {""})):
        rows = connection.execute(_NAMESAKES, {"workspace": workspace, "names": some})
        alike |= {person.id: person for person in map(as_person, rows.mappings())}
    return sorted(found, key=_number), sorted(alike.values(), key=_number)


def readable_among(
    connection: Connection, workspace: WorkspaceId, reader: Person, ids: Iterable[ChannelId]
) -> list[Channel]:
    """Return those of the channels that this reader may read at this moment, by number."""
    found: list[Channel] = []
    for some in _lots(sorted(set(ids))):
        rows = connection.execute(_CHANNELS, {"workspace": workspace, "ids": some})
        found += [as_channel(row) for row in rows.mappings()]
    return sorted(
        (
            channel
            for channel in found
            if may_read(reader, channel, member=_is_member(connection, workspace, channel.id, reader.id))
        ),
        key=_number,
    )


def _is_member(connection: Connection, workspace: WorkspaceId, channel: ChannelId, person: UserId) -> bool:
    said = {"workspace": workspace, "channel": channel, "person": person}
    return connection.execute(_MEMBER, said).first() is not None


def _number(entry: Person | Channel) -> int:
    return entry.number


def _lots(values: Sequence[_T]) -> Iterator[Sequence[_T]]:
    for start in range(0, len(values), _AT_ONCE):
        yield values[start : start + _AT_ONCE]
