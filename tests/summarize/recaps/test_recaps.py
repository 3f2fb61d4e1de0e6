"""What a recap holds, for whom, and what is never made twice."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from core.errors import Conflict, GenerationFailed, InvalidInput, ModelOverloaded, NotFound
from core.ids import MessageId
from summarize.asks import Between, parse_last
from summarize.models import Feature
from summarize.recaps.making import LEASE
from summarize.recaps.models import RecapId
from tests.support.recap_room import DESIGN, LUNCH, RecapRoom
from tests.support.talk import ACME, ANN, BEN, CAT, GENERAL, SECRET, START, said

MONDAY = date(2026, 3, 2)  # START is its 08:00 UTC
OWN = f"<@{ANN.id}> please send the offer to the customer by Friday."
TALK = (
    said(0, BEN, "The quarterly report is ready for everybody to read.", id="g0"),
    said(1, CAT, "The new coffee machine arrived in the kitchen this morning.", id="g1"),
    said(2, BEN, "We decided to sign the contract with Northwind.", id="s0", channel=SECRET),
    said(3, BEN, OWN, id="s1", channel=SECRET),
    said(4, CAT, "Soup and salad are served at the canteen today.", id="l0", channel=LUNCH),
)


async def test_the_channel_that_matters_to_the_reader_comes_first_and_their_todos_before_all(
    room: RecapRoom,
) -> None:
    await room.hears(*TALK)

    recap = await room.recaps().make(room.wish(span=parse_last("1d")))

    assert [section.channel.id for section in recap.sections] == [SECRET, GENERAL]
    assert [(todo.channel.id, todo.item.owner, todo.item.citations) for todo in recap.todos] == [
        (SECRET, ANN.id, ("s1",))
    ]
    assert recap.sections[0].summary.items[recap.todos[0].place] == recap.todos[0].item
    assert recap.sections[0].mentions == 1


async def test_a_quiet_channel_is_listed_and_one_of_others_is_not_there(room: RecapRoom) -> None:
    await room.hears(*TALK, said(5, ANN, "I only talk to myself in here, it seems.", channel=DESIGN))

    recap = await room.recaps().make(room.wish(span=parse_last("1d")))

    assert [channel.id for channel in recap.quiet] == [DESIGN]
    assert LUNCH not in {section.channel.id for section in recap.sections}
    assert room.asked == [GENERAL, SECRET]


async def test_a_recap_without_news_asks_no_engine_and_says_so(room: RecapRoom) -> None:
    recap = await room.recaps().make(room.wish(span=parse_last("1d")))

    again = await room.recaps().fetch(ACME, "@ann", recap.id)

    assert (recap.sections, recap.todos, room.asked) == ((), (), [])
    assert {channel.id for channel in again.quiet} == {GENERAL, SECRET, DESIGN}


async def test_talk_without_news_is_listed_apart(room: RecapRoom) -> None:
    await room.hears(said(0, BEN, "lol"), said(1, CAT, "ok"))

    recap = await room.recaps().make(room.wish(span=parse_last("1d")))

    assert [section.channel.id for section in recap.uneventful] == [GENERAL]
    assert recap.sections == ()
    assert recap.coverage.found == 2


async def test_coverage_is_the_sum_over_all_summaries(room: RecapRoom) -> None:
    await room.hears(*TALK, said(6, BEN, "lol"))

    recap = await room.recaps().make(room.wish(span=parse_last("1d")))

    assert recap.coverage.found == 5
    assert recap.coverage.found == recap.coverage.used + sum(recap.coverage.skipped.values())
    assert recap.coverage.skipped == {"low-content": 1}


async def test_only_so_many_channels_are_told_and_the_others_are_named_with_their_numbers(
    room: RecapRoom,
) -> None:
    await room.hears(*TALK)

    recap = await room.recaps().make(room.wish(span=parse_last("1d"), limit=1))

    assert [section.channel.id for section in recap.sections] == [SECRET]  # it names Ann
    assert [(one.channel.id, one.messages, one.mentions) for one in recap.left_out] == [(GENERAL, 2, 0)]
    assert room.asked == [SECRET]


async def test_a_day_asked_for_twice_is_one_recap_and_no_text_is_made_twice(twin_room: RecapRoom) -> None:
    room = twin_room
    await room.hears(*TALK)
    room.clock.advance(room.clock.now().replace(day=3) - room.clock.now())

    first = await room.recaps().make(room.wish(day=MONDAY))
    again = await room.recaps().make(room.wish(day=MONDAY))

    assert first == again
    assert room.asked == [GENERAL, SECRET]
    assert first.day == MONDAY
    assert {ask.feature for ask in room.count.asked} == {Feature.RECAP}


async def test_yesterday_is_told_unless_another_day_is_asked_for(room: RecapRoom) -> None:
    await room.hears(*TALK)
    room.clock.advance(room.clock.now().replace(day=3) - room.clock.now())

    recap = await room.recaps().make(room.wish())

    assert recap.window.since == datetime.fromisoformat("2026-03-01T23:00Z")  # midnight in Berlin
    assert recap.window.until == datetime.fromisoformat("2026-03-02T23:00Z")
    assert recap.day is None or recap.day == MONDAY
    assert len(recap.sections) == 2


async def test_a_day_that_is_not_over_is_told_up_to_now_and_never_kept_as_the_whole(
    room: RecapRoom,
) -> None:
    await room.hears(*TALK[:2])
    early = await room.recaps().make(room.wish(day=MONDAY))
    await room.hears(*TALK[2:])

    late = await room.recaps().make(room.wish(day=MONDAY))

    assert early.window.until == room.clock.now()
    assert early.id != late.id
    assert [section.channel.id for section in late.sections] == [SECRET, GENERAL]


async def test_what_went_stale_is_made_anew_and_nothing_else(room: RecapRoom) -> None:
    await room.hears(*TALK)
    room.clock.advance(room.clock.now().replace(day=3) - room.clock.now())
    before = await room.recaps().make(room.wish(day=MONDAY))
    await room.intake.bury(ACME, MessageId("s1"))
    stale = await room.recaps().fetch(ACME, "@ann", before.id)

    after = await room.recaps().make(room.wish(day=MONDAY))

    assert stale.stale
    assert not stale.todos
    assert (after.id, after.stale, after.todos) == (before.id, False, ())
    assert room.asked == [GENERAL, SECRET, SECRET]


async def test_a_summary_that_was_forgotten_is_told_of_and_made_anew_when_asked_for(room: RecapRoom) -> None:
    await room.hears(*TALK)
    room.clock.advance(room.clock.now().replace(day=3) - room.clock.now())
    before = await room.recaps().make(room.wish(day=MONDAY))
    gone = next(section.summary.id for section in before.sections if section.channel.id == GENERAL)
    async with room.database.writing() as connection:
        await connection.exec_driver_sql(f"delete from summaries where id = '{gone}'")  # noqa: S608  our own id

    left = await room.recaps().fetch(ACME, "@ann", before.id)
    after = await room.recaps().make(room.wish(day=MONDAY))

    assert [(one.channel.id, one.trouble) for one in left.failed] == [(GENERAL, "forgotten")]
    assert (after.id, after.failed, len(after.sections)) == (before.id, (), 2)
    assert room.asked == [GENERAL, GENERAL, SECRET]


async def test_a_channel_the_reader_has_left_is_not_in_the_recap_any_more(room: RecapRoom) -> None:
    await room.hears(*TALK)
    recap = await room.recaps().make(room.wish(span=parse_last("1d")))
    await room.directory.set_members(ACME, SECRET, [])

    again = await room.recaps().fetch(ACME, "@ann", recap.id)

    assert [section.channel.id for section in again.sections] == [GENERAL]
    assert not again.todos
    assert SECRET not in {channel.id for channel in again.quiet}


@pytest.mark.parametrize("reader", ["@ben", "@cat"])
async def test_a_recap_is_its_readers_alone(room: RecapRoom, reader: str) -> None:
    await room.hears(*TALK)
    recap = await room.recaps().make(room.wish(span=parse_last("1d")))

    with pytest.raises(NotFound, match="recap"):
        await room.recaps().fetch(ACME, reader, recap.id)
    with pytest.raises(NotFound, match="recap"):
        await room.recaps().fetch(ACME, "@ann", RecapId("rcp_none"))


async def test_unread_starts_each_channel_at_its_marker(room: RecapRoom) -> None:
    await room.hears(*TALK)
    await room.markers.put(ACME, ANN.id, {GENERAL: TALK[0].at, SECRET: TALK[3].at})

    recap = await room.recaps().make(room.wish(span=parse_last("1d"), unread=True))

    (only,) = recap.sections
    assert only.channel.id == GENERAL
    assert only.summary.coverage.found == 1
    assert SECRET in {channel.id for channel in recap.quiet}


async def test_a_failed_channel_is_named_and_made_when_asked_again(room: RecapRoom) -> None:
    await room.hears(*TALK)
    room.clock.advance(room.clock.now().replace(day=3) - room.clock.now())
    room.count.failures[GENERAL] = [GenerationFailed("cut off.")]

    broken = await room.recaps().make(room.wish(day=MONDAY))
    mended = await room.recaps().make(room.wish(day=MONDAY))

    assert [(one.channel.id, one.trouble) for one in broken.failed] == [(GENERAL, "generation-failed")]
    assert [section.channel.id for section in broken.sections] == [SECRET]
    assert mended.id == broken.id
    assert not mended.failed
    assert room.asked == [GENERAL, GENERAL, SECRET]


async def test_what_went_stale_is_made_anew_beside_what_failed(room: RecapRoom) -> None:
    await room.hears(*TALK)
    room.clock.advance(room.clock.now().replace(day=3) - room.clock.now())
    room.count.failures[GENERAL] = [GenerationFailed("cut off.")]
    await room.recaps().make(room.wish(day=MONDAY))
    await room.intake.bury(ACME, MessageId("s1"))

    mended = await room.recaps().make(room.wish(day=MONDAY))

    assert (mended.failed, mended.stale) == ((), False)
    assert room.asked == [GENERAL, GENERAL, SECRET, SECRET]


async def test_an_overloaded_model_is_asked_again_only_by_who_has_patience(room: RecapRoom) -> None:
    await room.hears(*TALK)
    room.count.failures[GENERAL] = [ModelOverloaded("busy.", retry_after_s=0.0) for _ in range(3)]

    hurried = await room.recaps().make(room.wish(span=parse_last("1d")))
    patient = await room.recaps(patience=2).make(room.wish(span=parse_last("1d")))

    assert [one.trouble for one in hurried.failed] == ["model-overloaded"]
    assert not patient.failed


async def test_a_message_edited_meanwhile_is_no_reason_to_fail(room: RecapRoom) -> None:
    await room.hears(*TALK)
    room.count.failures[GENERAL] = [Conflict("edited.")]

    recap = await room.recaps().make(room.wish(span=parse_last("1d")))

    assert not recap.failed
    assert len(recap.sections) == 2


async def test_two_do_not_make_the_same_recap_until_the_first_has_been_silent_for_long(
    twin_room: RecapRoom,
) -> None:
    room = twin_room
    await room.hears(*TALK)
    room.clock.advance(room.clock.now().replace(day=3) - room.clock.now())
    record = await room.recaps().begin(room.wish(day=MONDAY), ANN)
    store, now = room.recaps().store, room.clock.now()
    assert await store.claim(record, now=now, until=now + LEASE)  # somebody who then crashes

    with pytest.raises(Conflict, match="being made"):
        await room.recaps().make(room.wish(day=MONDAY))
    room.clock.advance(LEASE)
    recap = await room.recaps().make(room.wish(day=MONDAY))

    assert (recap.id, len(recap.sections)) == (record.id, 2)


@pytest.mark.parametrize(
    ("wishes", "says"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 101}, "limit"),
        ({"day": date(2026, 3, 9)}, "has not begun"),
        ({"day": MONDAY, "span": parse_last("1d")}, "another span"),
        ({"day": date.max}, "outside the calendar"),
        ({"timezone": "Mars/Olympus"}, "IANA"),
        ({"span": Between(since=START, until=START.replace(hour=1))}, "lies before since"),
    ],
)
async def test_what_cannot_be_told_is_refused_by_name(
    room: RecapRoom, wishes: dict[str, object], says: str
) -> None:
    with pytest.raises(InvalidInput, match=says):
        await room.recaps().make(room.wish(**wishes))


async def test_a_stored_recap_holds_no_word_of_what_was_said(room: RecapRoom) -> None:
    await room.hears(*TALK)
    await room.recaps().make(room.wish(span=parse_last("1d")))

    async with room.database.reading() as connection:
        tables = [
            str((await connection.exec_driver_sql(f"select * from {name}")).all())  # noqa: S608  three names
            for name in ("recaps", "recap_entries", "read_markers")
        ]

    assert not any(word in " ".join(tables).lower() for word in ("northwind", "offer", "coffee", "report"))


async def test_somebody_elses_mention_is_not_the_readers(room: RecapRoom) -> None:
    longer = f"<@{ANN.id}2> and <@{BEN.id}> should look at the wiring of the pump today."
    await room.hears(said(0, CAT, longer))

    recap = await room.recaps().make(room.wish(span=parse_last("1d")))

    assert [section.mentions for section in (*recap.sections, *recap.uneventful)] == [0]
    assert CAT.id in recap.sections[0].summary.participants
