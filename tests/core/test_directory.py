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


async def test_people_are_found_by_id_and_by_number_in_the_order_of_numbers(database: Database):
    directory = Directory(database)
    await directory.put_people(ACME, [ANN, GUEST])
    await directory.put_people(OTHER, [Person(id=ANN.id, handle="not-ann")])

    by_id = await directory.people_by_id(ACME, [GUEST.id, UserId("U-none"), ANN.id])
    by_number = await directory.people_numbered(ACME, [2, 1, 0, -1, 99])

    assert [person.handle for person in by_id] == ["ann", "gus"]
    assert by_number == by_id
    assert await directory.people_by_id(ACME, []) == await directory.people_numbered(ACME, []) == []


async def test_more_people_than_one_query_takes_are_found_too(sqlite_database: Database):
    directory = Directory(sqlite_database)
    every = [Person(id=UserId(f"U{n}"), handle=f"h{n}") for n in range(501)]
    await directory.put_people(ACME, every)

    assert len(await directory.people_by_id(ACME, [person.id for person in every])) == 501
    assert len(await directory.namesakes(ACME, [person.handle for person in every])) == 501


async def test_namesakes_share_a_display_name_a_real_name_or_a_handle(database: Database):
    directory = Directory(database)
    sams = [
        Person(id=UserId("U1"), handle="sam"),
        Person(id=UserId("U2"), handle="x", real_name="sam"),
        Person(id=UserId("U3"), handle="y", display_name="sam"),
    ]
    await directory.put_people(ACME, [*sams, Person(id=UserId("U4"), handle="samantha")])
    await directory.put_people(OTHER, [Person(id=UserId("U9"), handle="sam")])

    assert [person.id for person in await directory.namesakes(ACME, ["sam", ""])] == ["U1", "U2", "U3"]
    assert await directory.namesakes(ACME, [""]) == []


async def test_of_numbered_channels_only_those_one_may_read_at_this_moment_come_back(database: Database):
    directory = Directory(database)
    await directory.put_people(ACME, [ANN, GUEST])
    await directory.put_channels(ACME, [PUBLIC, PRIVATE])
    await directory.add_members(ACME, [Membership(channel=PRIVATE.id, person=GUEST.id)])
    await directory.add_members(OTHER, [Membership(channel=PRIVATE.id, person=ANN.id)])

    anns = await directory.readable_numbered(ACME, ANN, [2, 1, 7])
    guests = await directory.readable_numbered(ACME, GUEST, [1, 2])

    assert [channel.name for channel in anns] == ["general"]
    assert [channel.name for channel in guests] == ["pay"]
