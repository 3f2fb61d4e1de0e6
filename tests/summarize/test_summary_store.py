from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from core.ids import MessageId
from summarize.asks import Between
from summarize.models import Summary
from tests.support.talk import ACME, ANN, BEN, OTHER, START, Room, said

HOUR = timedelta(hours=1)


async def _summary(room: Room, hour: int) -> Summary:
    span = Between(since=START + hour * HOUR, until=START + (hour + 1) * HOUR)
    return await room.summarizer.summarize(room.ask(span))


async def _two_hours(room: Room) -> tuple[Summary, Summary]:
    await room.hears(
        said(0, ANN, "Decision: we ship the gateway on Friday."),
        said(10, BEN, "I'll write the release notes by Monday."),
        said(60, ANN, "Decision: the office moves on the first."),
    )
    return await _summary(room, 0), await _summary(room, 1)


async def test_a_summary_comes_back_as_it_was_saved(twin_room: Room) -> None:
    first, _ = await _two_hours(twin_room)

    assert await twin_room.summaries.find(ACME, first.id) == first


async def test_a_deletion_makes_stale_exactly_what_was_made_from_the_message(twin_room: Room) -> None:
    first, second = await _two_hours(twin_room)

    await twin_room.intake.bury(ACME, MessageId("m10"))

    stale = await twin_room.summarizer.fetch(ACME, "@ann", first.id)
    assert stale.stale
    assert stale.items == () == stale.participants
    assert stale.coverage == first.coverage
    assert await twin_room.summaries.find(ACME, second.id) == second


async def test_an_edit_makes_stale_too_and_a_reaction_does_not(twin_room: Room) -> None:
    first, second = await _two_hours(twin_room)
    edited = replace(said(60, ANN, "Decision: nobody moves."), edited_at=START + 2 * HOUR)

    await twin_room.intake.put([said(0, ANN, "Decision: we ship the gateway on Friday.", thumbs=3)])
    await twin_room.intake.put([edited])

    assert await twin_room.summaries.find(ACME, first.id) == first
    found = await twin_room.summaries.find(ACME, second.id)
    assert found is not None
    assert found.stale


async def test_invalidation_counts_each_summary_once_and_stays_in_its_workspace(twin_room: Room) -> None:
    await _two_hours(twin_room)

    assert await twin_room.summaries.invalidate(OTHER, [MessageId("m0")]) == 0
    assert await twin_room.summaries.invalidate(ACME, [MessageId("m0"), MessageId("m10")]) == 1
    assert await twin_room.summaries.invalidate(ACME, [MessageId("m0")]) == 0
    assert await twin_room.summaries.invalidate(ACME, []) == 0
    assert await twin_room.summaries.invalidate(ACME, [MessageId(f"x{n}") for n in range(1200)]) == 0


async def test_no_word_of_a_stale_summary_is_left_in_the_database(room: Room) -> None:
    first, _ = await _two_hours(room)
    await room.intake.bury(ACME, MessageId("m0"))

    async with room.database.reading() as connection:
        rows = (await connection.exec_driver_sql("SELECT * FROM summaries")).mappings().all()

    (row,) = [row for row in rows if row["id"] == first.id]
    assert "gateway" not in repr(dict(row))


async def test_saving_twice_changes_nothing(twin_room: Room) -> None:
    first, _ = await _two_hours(twin_room)

    assert await twin_room.summaries.save(replace(first, degraded="other"), made_from=[])
    assert await twin_room.summaries.find(ACME, first.id) == first


async def test_a_summary_of_a_message_that_is_not_stored_is_not_kept(twin_room: Room) -> None:
    first, _ = await _two_hours(twin_room)
    unknown = replace(first, id=first.id.__class__("sum_new"))

    assert not await twin_room.summaries.save(unknown, made_from=[said(500, ANN, "never stored")])
    assert await twin_room.summaries.find(ACME, unknown.id) is None
