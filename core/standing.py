"""Narrow reads for whoever judges many channels and people at once: what decides who may see what, and no more.

Every function works on one synchronous connection, so that a whole look is one consistent view and one crossing into
a thread: `await database.read(lambda connection: ...)`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import orjson
from sqlalchemy import (
    JSON,
    BindParameter,
    Connection,
    Integer,
    RowMapping,
    Select,
    Table,
    Text,
    bindparam,
    cast,
    func,
    select,
)

from core.directory import (
    Channel,
    ChannelKind,
    Guest,
    Person,
    as_channel,
    as_person,
    channels,
    memberships,
    people,
    the_one,
)
from core.ids import UserId, WorkspaceId


class ChannelStanding(NamedTuple):
    """What decides who may see a channel."""

    number: int
    id: str
    kind: ChannelKind
    archived: bool


class PersonStanding(NamedTuple):
    """What decides who may see a person."""

    number: int
    id: str
    is_bot: bool
    deactivated: bool
    guest: Guest


_HERE: BindParameter[str] = bindparam("workspace")
_PERSON = select(people).where(people.c.workspace == _HERE)
_BY_ID = _PERSON.where(people.c.id == bindparam("named"))
_BY_HANDLE = _PERSON.where(people.c.handle == bindparam("named"))
_JOINED = (
    select(channels.c.number)
    .where(memberships.c.workspace == _HERE, memberships.c.person == bindparam("person"))
    .join(
        memberships,
        (channels.c.workspace == memberships.c.workspace) & (channels.c.id == memberships.c.channel),
    )
)
_mine, _theirs = memberships.alias("mine"), memberships.alias("theirs")
_NEAR = (
    select(_theirs.c.person)
    .distinct()
    .join(_mine, (_mine.c.workspace == _theirs.c.workspace) & (_mine.c.channel == _theirs.c.channel))
    .where(
        _mine.c.workspace == _HERE,
        _mine.c.person == bindparam("person"),
        _theirs.c.person.in_(bindparam("others", expanding=True)),
    )
)


def _numbered(table: Table) -> Select[Any]:
    few = table.c.number.in_(bindparam("numbers", expanding=True))
    return select(table).where(table.c.workspace == _HERE, few)


def _narrow(table: Table, columns: Sequence[str]) -> dict[str, Select[Any]]:
    """Return the query of each dialect: many numbers go as one JSON array, for as many parameters cost more."""
    query = select(*(table.c[name] for name in columns)).where(table.c.workspace == _HERE)
    return {name: query.where(table.c.number.in_(listed)) for name, listed in _LISTED.items()}


_NUMBERS: BindParameter[str] = bindparam("numbers", type_=Text())
_LISTED: dict[str, Select[Any]] = {
    "sqlite": select(func.json_each(_NUMBERS).table_valued("value").c.value),
    "postgresql": select(
        cast(func.json_array_elements_text(cast(_NUMBERS, JSON)).column_valued("value"), Integer)
    ),
}
_CHANNELS, _CHANNEL_STANDINGS = _numbered(channels), _narrow(channels, ChannelStanding._fields)
_PEOPLE, _PERSON_STANDINGS = _numbered(people), _narrow(people, PersonStanding._fields)
_KINDS = {kind.value: kind for kind in ChannelKind}
_GUESTS = {guest.value: guest for guest in Guest}


def find_person(connection: Connection, workspace: WorkspaceId, named: str) -> Person:
    """Return a person by id, else by `@handle` or handle; raises NotFound. An id costs one look-up in an index."""
    given = {"workspace": workspace, "named": named}
    found = connection.execute(_BY_ID, given).mappings().all()
    if not found:
        given["named"] = named.removeprefix("@")
        found = connection.execute(_BY_HANDLE, given).mappings().all()
    every = [as_person(row) for row in found]
    return the_one("user", named, every, remedy="Give the user's id or @handle as in the workspace.")


def joined(connection: Connection, workspace: WorkspaceId, person: UserId) -> frozenset[int]:
    """Return the numbers of the conversations of every kind that a person is a member of."""
    given = {"workspace": workspace, "person": person}
    return frozenset(connection.execute(_JOINED, given).scalars().all())


def channel_standings(
    connection: Connection, workspace: WorkspaceId, numbers: Iterable[int]
) -> list[ChannelStanding]:
    """Return how those of the channels stand that exist, in no order."""
    rows = _narrow_rows(connection, _CHANNEL_STANDINGS, workspace, numbers)
    return [ChannelStanding(number, id, _KINDS[kind], archived) for number, id, kind, archived in rows]


def person_standings(
    connection: Connection, workspace: WorkspaceId, numbers: Iterable[int]
) -> list[PersonStanding]:
    """Return how those of the people stand who exist, in no order."""
    rows = _narrow_rows(connection, _PERSON_STANDINGS, workspace, numbers)
    return [PersonStanding(number, id, bot, gone, _GUESTS[guest]) for number, id, bot, gone, guest in rows]


def channels_numbered(
    connection: Connection, workspace: WorkspaceId, numbers: Iterable[int]
) -> list[Channel]:
    """Return those of the channels that exist, in no order."""
    return [as_channel(row) for row in _rows(connection, _CHANNELS, workspace, numbers)]


def people_numbered(connection: Connection, workspace: WorkspaceId, numbers: Iterable[int]) -> list[Person]:
    """Return those of the people who exist, in no order."""
    return [as_person(row) for row in _rows(connection, _PEOPLE, workspace, numbers)]


def near(
    connection: Connection, workspace: WorkspaceId, person: UserId, others: Iterable[str]
) -> frozenset[str]:
    """Return those of the others who share a conversation with a person."""
    given = {"workspace": workspace, "person": person, "others": list(others)}
    return frozenset(connection.execute(_NEAR, given).scalars().all())


def _rows(
    connection: Connection, query: Select[Any], workspace: WorkspaceId, numbers: Iterable[int]
) -> Iterable[RowMapping]:
    return connection.execute(query, {"workspace": workspace, "numbers": list(numbers)}).mappings().all()


def _narrow_rows(
    connection: Connection, queries: dict[str, Select[Any]], workspace: WorkspaceId, numbers: Iterable[int]
) -> Sequence[Any]:
    given = {"workspace": workspace, "numbers": orjson.dumps(list(numbers)).decode()}
    return connection.execute(queries[connection.dialect.name], given).all()
