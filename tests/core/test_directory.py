"""Who is in a workspace, and who may read what."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from core.database import Database
from core.directory import Channel, ChannelKind, Directory, Guest, Membership, Person, Workspace, may_read
from core.errors import NotFound
from core.ids import ChannelId, UserId, WorkspaceId

ACME = WorkspaceId("T-acme")
OTHER = WorkspaceId("T-other")
PUBLIC = Channel(id=ChannelId("C1"), name="general")
PRIVATE = Channel(id=ChannelId("G1"), name="pay", kind=ChannelKind.PRIVATE)
ANN = Person(id=UserId("U1"), handle="ann")
GUEST = Person(id=UserId("U2"), handle="gus", guest=Guest.SINGLE)


@pytest.mark.parametrize(
    ("person", "channel", "member", "readable"),
    [
        (ANN, PUBLIC, False, True),
        (ANN, PRIVATE, False, False),
        (ANN, PRIVATE, True, True),
        (GUEST, PUBLIC, False, False),
        (GUEST, PUBLIC, True, True),
        (Person(id=UserId("U3"), handle="gone", deactivated=True), PUBLIC, True, False),
        (Person(id=UserId("B1"), handle="bot", is_bot=True), PUBLIC, True, False),
    ],
)
def test_members_read_and_others_only_public_channels_unless_guests(person, channel, member, readable):
    assert may_read(person, channel, member=member) is readable


async def test_numbers_are_given_once_and_kept_over_renames(database: Database):
    directory = Directory(database)
    await directory.put_people(ACME, [ANN, GUEST])

    await directory.put_people(ACME, [Person(id=UserId("U3"), handle="cy"), Person(id=ANN.id, handle="anna")])

    numbers = {person.handle: person.number for person in await directory.people(ACME)}
    assert numbers == {"anna": 1, "gus": 2, "cy": 3}


async def test_one_workspace_never_sees_another(database: Database):
    directory = Directory(database)
    await directory.put_workspace(
        Workspace(id=ACME, name="Acme", created_at=datetime(2026, 1, 1, tzinfo=UTC))
    )
    await directory.put_people(ACME, [ANN])
    await directory.put_channels(ACME, [PUBLIC])
    await directory.add_members(ACME, [Membership(channel=PUBLIC.id, person=ANN.id)])

    with pytest.raises(NotFound, match="no workspace 'T-other'"):
        await directory.workspace(OTHER)
    with pytest.raises(NotFound):
        await directory.find_person(OTHER, "ann")
    assert await directory.channels(OTHER) == []
    assert await directory.memberships(OTHER) == []


async def test_a_guest_reads_the_channels_they_were_added_to(database: Database):
    directory = Directory(database)
    await directory.put_people(ACME, [GUEST])
    await directory.put_channels(ACME, [PUBLIC, PRIVATE])
    await directory.set_members(ACME, PRIVATE.id, [Membership(channel=PRIVATE.id, person=GUEST.id)])

    readable = await directory.readable_channels(ACME, GUEST)

    assert [channel.name for channel in readable] == ["pay"]


async def test_leaving_takes_effect_at_once(database: Database):
    directory = Directory(database)
    await directory.put_people(ACME, [ANN])
    await directory.put_channels(ACME, [PRIVATE])
    await directory.add_members(ACME, [Membership(channel=PRIVATE.id, person=ANN.id)])

    await directory.remove_member(ACME, PRIVATE.id, ANN.id)

    assert not await directory.may_read(ACME, ANN, PRIVATE)


async def test_two_people_with_one_handle_are_told_apart_by_id(database: Database):
    directory = Directory(database)
    await directory.put_people(
        ACME, [Person(id=UserId("U1"), handle="sam"), Person(id=UserId("U2"), handle="sam")]
    )

    with pytest.raises(NotFound, match="2 have it; give the id"):
        await directory.find_person(ACME, "@sam")
    assert (await directory.find_person(ACME, "U2")).id == "U2"
