"""The narrow reads that decide who may see what."""

from __future__ import annotations

import pytest

from core import standing
from core.database import Database
from core.directory import Channel, ChannelKind, Directory, Guest, Membership, Person
from core.errors import NotFound
from core.ids import ChannelId, UserId, WorkspaceId

ACME, OTHER = WorkspaceId("acme"), WorkspaceId("other")
ANN = Person(id=UserId("U1"), handle="ann", number=1)
BEN = Person(id=UserId("U2"), handle="U1", guest=Guest.SINGLE, is_bot=True, number=2)
OPEN = Channel(id=ChannelId("C1"), name="open", number=1)
DEN = Channel(id=ChannelId("C2"), name="den", kind=ChannelKind.PRIVATE, archived=True, number=2)


@pytest.fixture
async def filled(database: Database) -> Database:
    """The same ids in two workspaces; Ann is in den here, in open there."""
    directory = Directory(database)
    for workspace in (ACME, OTHER):
        await directory.put_people(workspace, [ANN, BEN])
        await directory.put_channels(workspace, [OPEN, DEN])
    await directory.add_members(ACME, [Membership(channel=DEN.id, person=id) for id in (ANN.id, BEN.id)])
    await directory.add_members(OTHER, [Membership(channel=OPEN.id, person=ANN.id)])
    return database


async def test_an_id_counts_before_a_handle_and_either_is_found(filled: Database):
    by_id = await filled.read(lambda connection: standing.find_person(connection, ACME, "U1"))
    by_handle = await filled.read(lambda connection: standing.find_person(connection, ACME, "@ann"))

    assert by_id == by_handle == ANN
    with pytest.raises(NotFound, match="nobody"):
        await filled.read(lambda connection: standing.find_person(connection, ACME, "nobody"))


async def test_memberships_are_those_of_the_workspace(filled: Database):
    here = await filled.read(lambda connection: standing.joined(connection, ACME, ANN.id))
    there = await filled.read(lambda connection: standing.joined(connection, OTHER, ANN.id))

    assert (here, there) == ({2}, {1})


async def test_standings_are_what_whole_entries_say(filled: Database):
    rooms = await filled.read(lambda c: standing.channel_standings(c, ACME, [1, 2, 3]))
    people = await filled.read(lambda c: standing.person_standings(c, ACME, [1, 2, 3]))

    assert sorted(rooms) == sorted(
        (c.number, c.id, c.kind, c.archived)
        for c in await filled.read(lambda c: standing.channels_numbered(c, ACME, [1, 2, 3]))
    )
    assert sorted(people) == sorted(
        (p.number, p.id, p.is_bot, p.deactivated, p.guest)
        for p in await filled.read(lambda c: standing.people_numbered(c, ACME, [1, 2, 3]))
    )
    assert await filled.read(lambda c: standing.channel_standings(c, ACME, [])) == []


async def test_near_is_who_shares_a_conversation_in_the_same_workspace(filled: Database):
    here = await filled.read(lambda c: standing.near(c, ACME, ANN.id, ["U2", "U3"]))
    there = await filled.read(lambda c: standing.near(c, OTHER, ANN.id, ["U2", "U3"]))

    assert (here, there) == ({"U2"}, frozenset())
