"""What is recommended, where the right answer is known by construction."""

from __future__ import annotations

import math
from collections import Counter
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from core.database import Database
from core.errors import InvalidInput, NotFound, NotPermitted
from core.events.models import Corpus, EventKind, Offset
from core.ids import RequestId, UserId, WorkspaceId
from recommend.models import Recommendations
from recommend.safety import Allowed, Rules, Safety
from recommend.service import _deal, _Ranked
from tests.support.communities import ACME, World, channel, person, settle

NEWCOMER = person(0, 4)
LACKING = channel(0, 3)


async def test_the_missing_channel_of_ones_own_team_comes_first(teams: World):
    for team in range(3):
        found = await teams.channels_for(person(team, 4))

        assert found[0] == channel(team, 3)


async def test_every_source_agrees_on_it(teams: World):
    answer = await teams.ask(NEWCOMER)

    assert set(answer.items[0].sources) == {"colleagues", "comembership", "als", "popular"}


async def test_it_is_said_why(teams: World):
    reasons = {reason.code: reason for reason in (await teams.ask(NEWCOMER)).items[0].reasons}

    colleagues = [
        await teams.directory.find_person(ACME, person(0, 0)),
        await teams.directory.find_person(ACME, person(0, 3)),
    ]
    assert reasons["colleagues_active"].count == 2
    assert set(reasons["colleagues_active"].people) == {found.number for found in colleagues}
    assert reasons["active_members"].count == 4


async def test_a_whole_team_member_has_nothing_of_the_own_team_left(teams: World):
    found = await teams.channels_for(person(0, 0), k=50)

    assert set(found) == {channel(team, place) for team in (1, 2) for place in range(4)}


async def test_whom_one_wrote_to_comes_first_then_who_wrote_to_one(teams: World):
    found = await teams.channels_for(NEWCOMER, "composer_dm")

    assert found[:2] == [person(0, 0), person(0, 3)]


async def test_teammates_are_those_of_the_own_team_one_has_no_contact_with(teams: World):
    answer = await teams.ask(NEWCOMER, "teammates", k=50)

    best = sorted(answer.items, key=lambda item: -item.score)
    assert {item.entry.id for item in best[:2]} == {person(0, 1), person(0, 2)}
    assert person(0, 0) not in {item.entry.id for item in answer.items}


async def test_the_digest_holds_ones_own_channels_alone(teams: World):
    found = await teams.channels_for(NEWCOMER, "daily_digest", k=20)

    assert set(found) == {channel(0, 0), channel(0, 1), channel(0, 2), "C-general"}
    assert found[-1] == "C-general"


async def test_positions_count_from_one_and_scores_fall_without_exploration(teams: World):
    answer = await teams.ask(NEWCOMER, "composer_dm")

    assert [item.position for item in answer.items] == list(range(1, len(answer.items) + 1))
    assert [item.score for item in answer.items] == sorted(
        (item.score for item in answer.items), reverse=True
    )
    assert {item.propensity for item in answer.items} == {1.0}


async def test_contributions_add_up_to_the_score(teams: World):
    answer = await teams.ask(NEWCOMER)

    for item in answer.items:
        assert math.isclose(sum(item.contributions), item.score, rel_tol=1e-5)
        assert len(item.features) == len(answer.features)


async def test_the_same_request_on_the_same_snapshot_gives_the_same_answer(teams: World):
    first, second = await teams.ask(NEWCOMER, "composer_dm"), await teams.ask(NEWCOMER, "composer_dm")

    assert [item.entry for item in first.items] == [item.entry for item in second.items]
    assert first.request != second.request


async def test_k_limits_the_answer_and_the_use_case_has_a_default(teams: World):
    assert len(await teams.channels_for(NEWCOMER, k=3)) == 3
    assert len(await teams.channels_for(NEWCOMER, "composer_dm")) == 10


async def test_excluded_items_are_not_shown(teams: World):
    assert LACKING not in await teams.channels_for(NEWCOMER, exclude=(LACKING,))


@pytest.mark.parametrize("k", [0, -1, 51, 10**9])
async def test_a_k_out_of_range_names_the_range(teams: World, k: int):
    with pytest.raises(InvalidInput, match="between 1 and 50"):
        await teams.ask(NEWCOMER, k=k)


async def test_an_unknown_use_case_lists_those_there_are(teams: World):
    with pytest.raises(NotFound, match="channel_browser"):
        await teams.ask(NEWCOMER, "nonsense")


async def test_an_unknown_user_is_not_found(teams: World):
    with pytest.raises(NotFound, match="user"):
        await teams.ask("U-nobody")


@pytest.mark.parametrize("change", [{"deactivated": True}, {"is_bot": True}])
async def test_nothing_is_recommended_to_bots_and_the_deactivated(teams: World, change: dict[str, bool]):
    from core.directory import Person

    await teams.directory.put_people(ACME, [Person(id=NEWCOMER, handle="x", **change)])

    with pytest.raises(NotPermitted, match="nothing is recommended"):
        await teams.ask(NEWCOMER)


async def test_propensities_are_those_of_dealing_among_what_the_second_look_left(
    teams: World, sqlite_database: Database
):
    """The best channel turns private while ranking: the odds are as if it had never been there."""
    use_case = teams.recommender.use_cases.get("channel_browser")
    asker = await Safety(sqlite_database).asker(ACME, NEWCOMER, use_case.corpus)
    _, query = await teams.recommender._hydrate(asker)
    rules = Rules(use_case=use_case, query=query, exclude=frozenset())
    ranked = _Ranked(
        items=[5, 6, 7], scores=np.array([3, 2, 1]), features=np.zeros((3, 1)), contributions=np.zeros((3, 1))
    )
    left: Any = Allowed(entries={6: None, 7: None}, removed=Counter())

    slates = [_deal(rules, ranked, left, 2, RequestId(f"r{n}")) for n in range(400)]

    assert {tuple(slate.places) for slate in slates} == {(1, 2), (2, 1)}
    for slate in slates:
        first = 0.975 if slate.places[0] == 1 else 0.025
        assert slate.propensities == pytest.approx([first, 1.0])


class TestLog:
    """What is kept of an answer."""

    async def served(self, teams: World, answer: Recommendations):
        records = await teams.events.read(after=Offset(0), limit=10_000)
        return next(r.event for r in records if r.event.id == answer.request)

    async def test_it_is_logged_as_served(self, teams: World):
        answer = await teams.ask(NEWCOMER)

        event = await self.served(teams, answer)

        assert event.kind is EventKind.RECOMMENDATION_SERVED
        assert event.request == answer.request
        assert event.actor == answer.person.number
        assert event.data["items"] == [item.item for item in answer.items]
        assert event.data["propensities"] == [item.propensity for item in answer.items]
        assert event.data["values"] == [item.features for item in answer.items]
        assert event.data["features"] == answer.features
        assert event.data["ranker_version"] == answer.ranker_version
        assert event.data["use_case"] == "channel_browser"
        assert event.data["arm"] == "control"

    async def test_no_name_is_in_it(self, teams: World):
        answer = await teams.ask(NEWCOMER)

        text = repr((await self.served(teams, answer)).data)

        assert all(item.entry.id not in text for item in answer.items)


class TestColdStart:
    """Nobody and nothing is too new for a sensible answer."""

    async def test_somebody_without_any_activity_gets_what_is_popular(self, teams: World):
        from core.directory import Person

        await teams.directory.put_people(ACME, [Person(id=UserId("U-new"), handle="new")])
        await teams.build()

        answer = await teams.ask("U-new")

        assert answer.items
        assert all("popular" in item.sources for item in answer.items)

    async def test_somebody_newer_than_the_snapshot_gets_an_answer_too(self, teams: World):
        from core.directory import Person

        await teams.directory.put_people(ACME, [Person(id=UserId("U-new"), handle="new")])

        assert await teams.channels_for("U-new")
        assert await teams.channels_for("U-new", "composer_dm")

    async def test_one_membership_is_enough_to_find_ones_team(self, teams: World):
        from core.directory import Membership, Person

        await teams.directory.put_people(ACME, [Person(id=UserId("U-new"), handle="new")])
        await teams.directory.add_members(ACME, [Membership(channel=channel(1, 0), person=UserId("U-new"))])

        answer = await teams.ask("U-new")

        best = sorted(answer.items, key=lambda item: -item.score)[:3]
        assert {item.entry.id for item in best} == {channel(1, 1), channel(1, 2), channel(1, 3)}

    async def test_what_one_did_years_ago_still_tells_what_one_is_about(self, empty: World):
        await settle(empty)
        for membership in await empty.directory.memberships(ACME):
            await empty.directory.remove_member(ACME, membership.channel, membership.person)
        empty.clock.advance(timedelta(days=6 * 365))
        await empty.build()

        answer = await empty.ask(NEWCOMER)

        assert max(answer.items, key=lambda item: item.score).entry.id == LACKING

    async def test_a_workspace_without_snapshot_is_served_from_its_memberships(self, empty: World):
        await settle(empty, active=False)

        answer = await empty.ask(NEWCOMER)

        assert answer.snapshot == ""
        assert max(answer.items, key=lambda item: item.score).entry.id == LACKING

    async def test_a_workspace_with_one_person_and_no_channel_gets_an_empty_answer(self, empty: World):
        from core.directory import Person, Workspace

        await empty.directory.put_workspace(Workspace(id=ACME, name="Acme", created_at=empty.clock.now()))
        await empty.directory.put_people(ACME, [Person(id=UserId("U1"), handle="one")])

        for use_case in ("channel_browser", "composer_dm", "teammates", "daily_digest"):
            assert await empty.channels_for("U1", use_case) == []
        await empty.build()
        for use_case in ("channel_browser", "composer_dm", "teammates", "daily_digest"):
            assert await empty.channels_for("U1", use_case) == []


class TestTail:
    """What happened after the snapshot counts at once."""

    async def test_a_mention_after_the_snapshot_puts_a_person_first(self, teams: World):
        me, other = [await teams.directory.find_person(ACME, id) for id in (NEWCOMER, person(2, 2))]

        await teams.happens(me, Corpus.USER, other.number, "dm")

        assert (await teams.channels_for(NEWCOMER, "composer_dm"))[0] == person(2, 2)

    async def test_a_channel_one_just_posted_in_is_not_recommended_any_more(self, teams: World):
        me = await teams.directory.find_person(ACME, NEWCOMER)
        room = await teams.directory.find_channel(ACME, LACKING)

        await teams.happens(me, Corpus.CHANNEL, room.number, "post")

        assert LACKING not in await teams.channels_for(NEWCOMER)

    async def test_posting_in_another_teams_channel_brings_that_teams_channels(self, teams: World):
        from core.directory import Person

        await teams.directory.put_people(ACME, [Person(id=UserId("U-new"), handle="new")])
        me = await teams.directory.find_person(ACME, "U-new")
        room = await teams.directory.find_channel(ACME, channel(2, 0))
        for _ in range(3):
            await teams.happens(me, Corpus.CHANNEL, room.number, "post")

        answer = await teams.ask("U-new")

        best = sorted(answer.items, key=lambda item: -item.score)[:3]
        assert {item.entry.id for item in best} == {channel(2, 1), channel(2, 2), channel(2, 3)}

    async def test_it_counts_where_another_workspace_with_a_newer_snapshot_was_asked_first(
        self, empty: World
    ):
        other = WorkspaceId("other")
        await settle(empty)
        await empty.build()
        me, friend = [await empty.directory.find_person(ACME, id) for id in (NEWCOMER, person(2, 2))]
        await empty.happens(me, Corpus.USER, friend.number, "dm")
        await settle(empty, workspace=other, active=False)
        await empty.ask(NEWCOMER, workspace=other)

        assert (await empty.channels_for(NEWCOMER, "composer_dm"))[0] == friend.id

    async def test_the_next_snapshot_does_not_count_it_twice(self, teams: World):
        me, other = [await teams.directory.find_person(ACME, id) for id in (NEWCOMER, person(2, 2))]
        await teams.happens(me, Corpus.USER, other.number, "dm")
        before = await teams.ask(NEWCOMER, "composer_dm", k=1)

        await teams.build()

        after = await teams.ask(NEWCOMER, "composer_dm", k=1)
        assert after.snapshot > before.snapshot
        for name in ("made", "received", "reciprocity", "contact_recency"):
            place = after.features.index(name)
            assert after.items[0].features[place] == pytest.approx(before.items[0].features[place], rel=1e-3)


async def test_workspaces_do_not_know_of_each_other(empty: World):
    other = WorkspaceId("other")
    await settle(empty)
    await settle(empty, workspace=other, teams=1, size=3, channels=2)
    await empty.build()
    alone = await empty.ask(NEWCOMER, k=50)
    busy = await empty.directory.find_person(other, person(0, 0))
    for room in await empty.directory.channels(other):
        for _ in range(20):
            await empty.happens(busy, Corpus.CHANNEL, room.number, "post", workspace=other)

    again = await empty.ask(NEWCOMER, k=50)
    theirs = await empty.ask(person(0, 2), workspace=other, k=50)

    assert {item.entry.id: item.features for item in again.items} == {
        item.entry.id: item.features for item in alone.items
    }
    assert {item.entry.id for item in theirs.items} <= {channel(0, 1), channel(0, 0)}
    with pytest.raises(NotFound):
        await empty.ask(person(2, 0), workspace=other)
