"""Recaps for everybody: due times, one each, nothing doubled after an interruption."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from core.errors import DatabaseUnavailable, GenerationFailed, ModelOverloaded
from core.ids import UserId
from summarize.recaps.batch import Outcome
from summarize.recaps.days import due_at
from summarize.recaps.making import LEASE
from tests.support.recap_room import DESIGN, LUNCH, RecapRoom
from tests.support.talk import ACME, ANN, BEN, CAT, DAN, GENERAL, GUEST, PEOPLE, ROBOT, SECRET, said

MONDAY = date(2026, 3, 2)
NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)
TALK = (
    said(0, BEN, "The quarterly report is ready for everybody to read.", id="g0"),
    said(1, CAT, "We decided to sign the contract with Northwind.", id="g1"),
    said(2, ANN, "The offer is ready, it goes out on Monday morning.", id="s0", channel=SECRET),
)


async def outcomes(room: RecapRoom, *, day: date | None = None, at_once: bool = False) -> Counter[str]:
    plan = await room.batch().plan(ACME, day=day, at_once=at_once)
    return Counter([str(one) async for one in room.batch().run(ACME, plan.due, concurrency=2)])


async def tuesday(room: RecapRoom) -> None:
    await room.hears(*TALK)
    room.clock.advance(NOON - room.clock.now())


async def test_everybody_with_news_gets_one_recap_and_a_second_run_does_nothing(twin_room: RecapRoom) -> None:
    room = twin_room
    await tuesday(room)

    first = await outcomes(room)
    asked = room.asked
    second = await outcomes(room)

    assert first == {"made": 3, "nothing new": 2}  # Ann, Ben, Cat; Dan and the guest are in no channel
    assert second == {"there already": 3, "nothing new": 2}
    assert asked == room.asked == [GENERAL, GENERAL, GENERAL, SECRET]  # only Ben has news in #secret


async def test_bots_the_deactivated_and_who_opted_out_get_none(room: RecapRoom) -> None:
    await tuesday(room)
    await room.directory.put_people(ACME, [replace(CAT, deactivated=True)])
    await room.recaps().store.opt(ACME, BEN.id, out=True)

    plan = await room.batch().plan(ACME)

    assert {due.person.id for due in plan.due} == {ANN.id, DAN.id, GUEST.id}
    assert plan.opted_out == 1
    assert ROBOT.id not in {due.person.id for due in plan.due}


async def test_who_opts_in_again_gets_one(room: RecapRoom) -> None:
    await tuesday(room)
    for out in (True, True, False):
        await room.recaps().store.opt(ACME, BEN.id, out=out)

    assert (await room.batch().plan(ACME)).opted_out == 0


async def test_a_recap_is_not_made_before_its_readers_morning(room: RecapRoom) -> None:
    await room.hears(*TALK)
    tokyo = replace(BEN, timezone="Asia/Tokyo")
    await room.directory.put_people(ACME, [tokyo])
    room.clock.advance(
        datetime(2026, 3, 3, 0, tzinfo=UTC) - room.clock.now()
    )  # 09:00 in Tokyo, 01:00 in Berlin

    plan = await room.batch().plan(ACME, day=MONDAY)

    assert [due.person.id for due in plan.due] == [BEN.id]
    assert [due.at for due in plan.later] == sorted(due.at for due in plan.later)
    assert {due.at for due in plan.later if due.person.id == ANN.id} == {due_at(ACME, ANN, MONDAY)}


async def test_at_once_means_any_day_that_is_over(room: RecapRoom) -> None:
    await room.hears(*TALK)
    room.clock.advance(
        datetime(2026, 3, 2, 23, 30, tzinfo=UTC) - room.clock.now()
    )  # Berlin has the 3rd already

    plan = await room.batch().plan(ACME, day=MONDAY, at_once=True)

    assert [due.person.id for due in plan.due] == [ANN.id]
    assert BEN.id in {due.person.id for due in plan.later}


async def test_a_missed_morning_is_made_good_until_the_next(room: RecapRoom) -> None:
    await room.hears(*TALK)
    room.clock.advance(datetime(2026, 3, 4, 3, tzinfo=UTC) - room.clock.now())  # nobody ran it on the 3rd

    plan = await room.batch().plan(ACME)

    assert {due.day for due in plan.due} == {MONDAY}


async def test_a_run_that_is_stopped_keeps_what_is_done_and_the_next_makes_the_rest(
    twin_room: RecapRoom,
) -> None:
    room = twin_room
    await tuesday(room)
    plan = await room.batch().plan(ACME)

    async with aclosing(room.batch().run(ACME, plan.due, concurrency=1)) as running:
        async for outcome in running:
            if outcome is Outcome.MADE:
                break
    rest = await outcomes(room)

    assert rest["made"] + rest["there already"] == 3
    assert rest["there already"] >= 1
    assert "made by another run" not in rest  # the claim was let go
    assert room.asked == [GENERAL, GENERAL, GENERAL, SECRET]


async def test_after_a_crash_the_sections_that_are_done_are_not_made_again(room: RecapRoom) -> None:
    await tuesday(room)
    record = await room.recaps().begin(room.wish("@ben", day=MONDAY, detail="brief"), BEN)
    store, now = room.recaps().store, room.clock.now()
    await store.claim(record, now=now, until=now + LEASE)
    summary = await room.count.summarize(room.ask(reader="@ben"))
    (general,) = [entry for entry in record.entries if entry.channel == GENERAL]
    await store.note(record, replace(general, summary=summary.id))  # … and then the process is gone

    held = await outcomes(room)
    room.clock.advance(LEASE)
    freed = await outcomes(room)

    assert held == {"made": 2, "made by another run": 1, "nothing new": 2}
    assert freed == {"made": 1, "there already": 2, "nothing new": 2}
    assert Counter((ask.reader, ask.channel) for ask in room.count.asked)[(BEN.id, GENERAL)] == 0


async def test_what_failed_is_told_in_part_and_made_by_the_next_run(room: RecapRoom) -> None:
    await tuesday(room)
    room.count.failures[SECRET] = [GenerationFailed("cut off.")]

    first = await outcomes(room)
    second = await outcomes(room)

    assert first == {"made": 2, "in part": 1, "nothing new": 2}
    assert second == {"made": 1, "there already": 2, "nothing new": 2}


async def test_a_busy_model_is_in_the_part_that_the_next_run_makes(room: RecapRoom) -> None:
    await tuesday(room)
    room.count.failures[SECRET] = [ModelOverloaded("busy.", retry_after_s=0.01)]

    assert (await outcomes(room))["in part"] == 1


async def test_without_a_database_the_run_ends_with_its_error(room: RecapRoom) -> None:
    await tuesday(room)
    room.count.failures[GENERAL] = [DatabaseUnavailable("gone.")] * 9

    with pytest.raises(DatabaseUnavailable):
        await outcomes(room)


async def test_only_so_many_are_made_at_once(room: RecapRoom) -> None:
    people = [replace(DAN, id=UserId(f"U_{n}"), handle=f"p{n}") for n in range(6)]
    await room.directory.put_people(ACME, people)
    for channel in (LUNCH, DESIGN):
        await room.hears(
            said(0, CAT, "The pumps are repaired since this morning.", id=channel, channel=channel)
        )
    room.clock.advance(NOON - room.clock.now())
    plan = await room.batch().plan(ACME)
    seen: list[int] = []

    async for _ in room.batch().run(ACME, plan.due, concurrency=3):
        seen.append(sum("_work" in str(task.get_coro()) for task in asyncio.all_tasks()))

    assert len(seen) == len(plan.due) == len(PEOPLE) - 1 + len(people)
    assert max(seen) <= 3


@pytest.mark.parametrize("concurrency", [1, 4])
async def test_a_workspace_without_people_is_done_at_once(room: RecapRoom, concurrency: int) -> None:
    assert [one async for one in room.batch().run(ACME, [], concurrency=concurrency)] == []
