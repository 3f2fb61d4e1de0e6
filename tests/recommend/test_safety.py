"""What must never be shown, however much speaks for it. Each case makes the forbidden item the best candidate."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from core.database import Database
from core.directory import ChannelKind, Guest, Membership
from core.errors import NotPermitted
from core.ids import ChannelId, UserId
from recommend.feedback import Feedback
from recommend.safety import Asker, Rules, Safety
from tests.support.communities import ACME, World, channel, person

pytestmark = pytest.mark.slow

NEWCOMER = person(0, 4)
LACKING = channel(0, 3)
FRIEND = person(0, 0)


async def put_channel(world: World, id: ChannelId, **change: object) -> None:
    found = await world.directory.find_channel(ACME, id)
    await world.directory.put_channels(ACME, [replace(found, **change)])


async def put_person(world: World, id: UserId, **change: object) -> None:
    found = await world.directory.find_person(ACME, id)
    await world.directory.put_people(ACME, [replace(found, **change)])


@pytest.fixture(params=["after", "before"])
async def moment(request: pytest.FixtureRequest, teams: World):
    """Whether the change came after the snapshot was built, or the snapshot knows it already."""

    async def settle_down() -> None:
        if request.param == "before":
            await teams.build()

    return settle_down


@pytest.mark.parametrize("kind", [ChannelKind.PRIVATE, ChannelKind.DIRECT, ChannelKind.GROUP])
async def test_no_channel_that_is_not_public(teams: World, moment, kind: ChannelKind):
    await put_channel(teams, LACKING, kind=kind)
    await moment()

    assert LACKING not in await teams.channels_for(NEWCOMER, k=50)


async def test_no_archived_channel(teams: World, moment):
    await put_channel(teams, LACKING, archived=True)
    await moment()

    assert LACKING not in await teams.channels_for(NEWCOMER, k=50)


async def test_no_channel_one_has_joined(teams: World, moment):
    await teams.directory.add_members(ACME, [Membership(channel=LACKING, person=NEWCOMER)])
    await moment()

    assert LACKING not in await teams.channels_for(NEWCOMER, k=50)


async def test_no_channel_that_has_been_deleted(teams: World):
    answer = await teams.ask(NEWCOMER, k=50)

    known = {found.id for found in await teams.directory.channels(ACME)}
    assert {item.entry.id for item in answer.items} <= known


@pytest.mark.parametrize("kind", [Guest.MULTI, Guest.SINGLE])
async def test_no_channel_for_a_guest(teams: World, moment, kind: Guest):
    await put_person(teams, NEWCOMER, guest=kind)
    await moment()

    assert await teams.channels_for(NEWCOMER, k=50) == []


async def test_the_digest_of_a_member_may_hold_a_private_channel_but_no_direct_message(teams: World, moment):
    await put_channel(teams, channel(0, 0), kind=ChannelKind.PRIVATE)
    await put_channel(teams, channel(0, 1), kind=ChannelKind.GROUP)
    await moment()

    found = await teams.channels_for(NEWCOMER, "daily_digest", k=20)

    assert channel(0, 0) in found
    assert channel(0, 1) not in found


async def test_a_private_channel_is_gone_from_the_digest_once_one_has_left(teams: World):
    await put_channel(teams, channel(0, 0), kind=ChannelKind.PRIVATE)
    await teams.directory.remove_member(ACME, channel(0, 0), NEWCOMER)

    assert channel(0, 0) not in await teams.channels_for(NEWCOMER, "daily_digest", k=20)


async def test_a_private_channel_is_named_in_no_reason_to_somebody_who_has_left_it(teams: World):
    room = await teams.directory.find_channel(ACME, channel(0, 0))
    await put_channel(teams, room.id, kind=ChannelKind.PRIVATE)
    await teams.build()
    await teams.directory.remove_member(ACME, room.id, NEWCOMER)

    for use_case in ("channel_browser", "composer_dm", "teammates"):
        answer = await teams.ask(NEWCOMER, use_case, k=50)
        assert all(room.number not in reason.channels for item in answer.items for reason in item.reasons)


@pytest.mark.parametrize("change", [{"is_bot": True}, {"deactivated": True}])
async def test_nobody_who_is_a_bot_or_deactivated(teams: World, moment, change: dict[str, bool]):
    await put_person(teams, FRIEND, **change)
    await moment()

    assert FRIEND not in await teams.channels_for(NEWCOMER, "composer_dm", k=50)


async def test_not_oneself(teams: World):
    for use_case in ("composer_dm", "teammates"):
        assert NEWCOMER not in await teams.channels_for(NEWCOMER, use_case, k=50)


async def leave_everything(world: World, id: UserId) -> None:
    for room in await world.directory.channels(ACME):
        await world.directory.remove_member(ACME, room.id, id)


async def test_a_guest_gets_only_people_of_the_own_channels(teams: World, moment):
    await put_person(teams, NEWCOMER, guest=Guest.MULTI)
    await leave_everything(teams, NEWCOMER)
    await teams.directory.add_members(ACME, [Membership(channel=channel(1, 0), person=NEWCOMER)])
    await moment()

    found = await teams.channels_for(NEWCOMER, "composer_dm", k=50)

    assert set(found) == {person(1, place) for place in range(5)}


async def test_a_guest_is_shown_only_to_people_of_the_own_channels(teams: World, moment):
    await put_person(teams, FRIEND, guest=Guest.SINGLE)
    await leave_everything(teams, FRIEND)
    await moment()

    assert FRIEND not in await teams.channels_for(NEWCOMER, "composer_dm", k=50)
    await teams.directory.add_members(ACME, [Membership(channel=channel(0, 0), person=FRIEND)])
    assert FRIEND in await teams.channels_for(NEWCOMER, "composer_dm", k=50)


async def test_nobody_who_opted_out_and_back_once_they_opt_in(teams: World, moment):
    friend = await teams.directory.find_person(ACME, FRIEND)
    await teams.store.opt_out(ACME, friend.number, at=teams.clock.now())
    await moment()

    assert FRIEND not in await teams.channels_for(NEWCOMER, "composer_dm", k=50)
    await teams.store.opt_in(ACME, friend.number)
    await teams.build()
    assert FRIEND in await teams.channels_for(NEWCOMER, "composer_dm", k=50)


async def test_who_opted_out_is_named_in_no_reason_from_then_on(teams: World, moment):
    friend = await teams.directory.find_person(ACME, FRIEND)
    await teams.store.opt_out(ACME, friend.number, at=teams.clock.now())
    await moment()

    answer = await teams.ask(NEWCOMER, k=50)

    said = [reason for item in answer.items for reason in item.reasons]
    assert any(reason.people for reason in said)
    assert all(friend.number not in reason.people for reason in said)


async def test_who_opted_out_gets_what_everybody_gets(teams: World, moment):
    me = await teams.directory.find_person(ACME, NEWCOMER)
    await teams.store.opt_out(ACME, me.number, at=teams.clock.now())
    await moment()

    answer = await teams.ask(NEWCOMER, k=50)

    assert {source for item in answer.items for source in item.sources} == {"popular"}
    assert channel(0, 0) not in {item.entry.id for item in answer.items}


async def test_who_opted_out_is_in_no_feature_of_the_next_snapshot(teams: World):
    from recommend.snapshot import load

    me = await teams.directory.find_person(ACME, NEWCOMER)
    await teams.store.opt_out(ACME, me.number, at=teams.clock.now())
    teams.clock.advance(timedelta(seconds=1))
    await teams.build()

    snapshot = load(teams.folder, ACME)

    assert snapshot is not None
    assert snapshot.activity.span(me.number) == slice(*[snapshot.activity.starts[me.number]] * 2)
    assert me.number not in snapshot.contacts.columns
    assert me.number not in snapshot.channel_people.columns
    assert not snapshot.person_directions[me.number].any()


@pytest.mark.parametrize("way", ["mine", "theirs"])
async def test_nobody_who_is_blocked_either_way_round(teams: World, way: str):
    me, friend = [(await teams.directory.find_person(ACME, id)).number for id in (NEWCOMER, FRIEND)]
    blocker, blocked = (me, friend) if way == "mine" else (friend, me)

    await teams.store.opt_out(ACME, blocker, other=blocked, at=teams.clock.now())

    assert FRIEND not in await teams.channels_for(NEWCOMER, "composer_dm", k=50)
    assert NEWCOMER not in await teams.channels_for(FRIEND, "composer_dm", k=50)
    assert FRIEND in await teams.channels_for(person(0, 1), "composer_dm", k=50)


async def test_a_dismissal_takes_effect_with_the_next_request_and_lasts(teams: World):
    answer = await teams.ask(NEWCOMER)
    dismissal = Feedback(id="d1", request=answer.request, kind="dismiss", item=LACKING)

    await teams.feedback.take(ACME, [dismissal])

    assert LACKING not in await teams.channels_for(NEWCOMER, k=50)
    await teams.build()
    assert LACKING not in await teams.channels_for(NEWCOMER, k=50)
    assert LACKING in await teams.channels_for("U10", k=50)


async def test_what_becomes_forbidden_while_ranking_is_removed_after_it(
    teams: World, sqlite_database: Database
):
    """The second look is what counts: the channel turns private between the two."""
    safety, (asker, rules) = Safety(sqlite_database), await asked(teams, sqlite_database)
    room = await teams.directory.find_channel(ACME, LACKING)
    first = await safety.first(asker, rules, [room.number])

    await put_channel(teams, LACKING, kind=ChannelKind.PRIVATE)
    last = await safety.last(asker, rules, [room.number])

    assert list(first.entries) == [room.number]
    assert not last.entries
    assert last.removed == {"not_readable": 1}


async def test_what_the_asker_has_become_while_ranking_counts_after_it(
    teams: World, sqlite_database: Database
):
    safety, (asker, rules) = Safety(sqlite_database), await asked(teams, sqlite_database)
    room = await teams.directory.find_channel(ACME, LACKING)

    await put_person(teams, NEWCOMER, guest=Guest.MULTI)
    last = await safety.last(asker, rules, [room.number])
    await put_person(teams, NEWCOMER, deactivated=True)

    assert not last.entries
    with pytest.raises(NotPermitted):
        await safety.last(asker, rules, [room.number])


async def test_numbers_nobody_has_are_dropped(teams: World, sqlite_database: Database):
    safety, (asker, rules) = Safety(sqlite_database), await asked(teams, sqlite_database)

    first = await safety.first(asker, rules, [0, -1, 9999])
    last = await safety.last(asker, rules, [0, -1, 9999])

    assert not first.entries
    assert not last.entries


async def asked(world: World, database: Database) -> tuple[Asker, Rules]:
    use_case = world.recommender.use_cases.get("channel_browser")
    asker = await Safety(database).asker(ACME, NEWCOMER, use_case.corpus)
    _, query = await world.recommender._hydrate(asker)
    return asker, Rules(use_case=use_case, query=query, exclude=frozenset())
