from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from core.database import Database
from core.errors import DatabaseUnavailable, DataDamaged
from core.ids import MessageId, WorkspaceId
from summarize.asks import Between
from summarize.cache.memory import MemorySegmentCache
from summarize.codec import text_of
from summarize.intake import AllDerived, NothingDerived
from summarize.models import Summary
from summarize.store import summaries
from tests.support.talk import ACME, ANN, BEN, GENERAL, OTHER, START, Room, said

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


async def _rows(database: Database) -> dict[str, dict[str, object]]:
    async with database.reading() as connection:
        rows = (await connection.execute(select(summaries))).mappings().all()
    return {row["id"]: dict(row) for row in rows}


async def test_no_word_of_a_fresh_summary_lies_in_its_row(room: Room) -> None:
    first, _ = await _two_hours(room)

    row = (await _rows(room.database))[first.id]

    assert "gateway" in first.items[0].text
    assert not {"gateway", ANN.id} & set(re.findall(r"\w+", repr({**row, "reader": ""})))


async def test_a_shredded_workspace_has_stale_summaries_and_new_ones_are_whole(twin_room: Room) -> None:
    first, second = await _two_hours(twin_room)

    await twin_room.vault.shred(ACME)

    for summary in (first, second):
        found = await twin_room.summaries.find(ACME, summary.id)
        assert found == replace(summary, items=(), participants=(), stale=True)
    anew = await _summary(twin_room, 0)
    assert await twin_room.summaries.find(ACME, anew.id) == anew


async def test_a_text_moved_to_another_summary_is_damaged_not_shown(room: Room) -> None:
    first, second = await _two_hours(room)
    text = (await _rows(room.database))[first.id]["text"]
    async with room.database.writing() as connection:
        await connection.execute(update(summaries).where(summaries.c.id == second.id).values(text=text))

    with pytest.raises(DataDamaged, match=second.id):
        await room.summaries.find(ACME, second.id)


async def test_a_text_that_is_not_even_base64_is_damaged(room: Room) -> None:
    first, _ = await _two_hours(room)
    async with room.database.writing() as connection:
        await connection.execute(update(summaries).values(text="nothing sealed!"))

    with pytest.raises(DataDamaged):
        await room.summaries.find(ACME, first.id)


async def test_a_summary_from_before_texts_were_sealed_reads_on_and_is_sealed_by_the_next_pass(
    twin_room: Room,
) -> None:
    first, _ = await _two_hours(twin_room)
    async with twin_room.database.writing() as connection:
        plain = {"text": text_of(first).decode(), "generation": 0}
        await connection.execute(update(summaries).where(summaries.c.id == first.id).values(plain))
    before = await twin_room.summaries.find(ACME, first.id)

    seen = [await twin_room.summaries.reseal(ACME, below=1) for _ in range(2)]

    assert seen == [1, 0]
    assert before == await twin_room.summaries.find(ACME, first.id) == first
    assert "gateway" not in repr((await _rows(twin_room.database))[first.id])


async def test_resealing_brings_every_text_under_the_newest_key_and_leaves_the_stale_alone(
    twin_room: Room,
) -> None:
    first, second = await _two_hours(twin_room)
    await twin_room.intake.bury(ACME, MessageId("m0"))
    newest = await twin_room.vault.rotate(ACME)

    seen = [await twin_room.summaries.reseal(ACME, below=newest, limit=1) for _ in range(2)]

    rows = await _rows(twin_room.database)
    assert seen == [1, 0]
    assert (rows[second.id]["generation"], rows[first.id]["text"]) == (newest, "")
    assert await twin_room.summaries.find(ACME, second.id) == second


async def test_summaries_are_forgotten_by_age_and_stay_in_their_workspace(twin_room: Room) -> None:
    first, _ = await _two_hours(twin_room)
    twin_room.clock.advance(HOUR)
    later = await _summary(twin_room, 1)

    assert await twin_room.summaries.forget(OTHER) == 0
    assert await twin_room.summaries.forget(ACME, before=later.created_at) == 2

    assert await twin_room.summaries.find(ACME, first.id) is None
    assert await twin_room.summaries.find(ACME, later.id) == later
    assert await twin_room.summaries.invalidate(ACME, [MessageId("m0")]) == 0


async def test_an_edit_drops_the_summaries_and_the_segments_of_a_message_in_one_go(room: Room) -> None:
    first, _ = await _two_hours(room)
    cache = MemorySegmentCache()
    message = said(0, ANN, "Decision: we ship the gateway on Friday.")
    await cache.keep(ACME, GENERAL, "a", b"[]", made_from=[message])
    both = AllDerived(room.summaries, cache)

    assert await both.invalidate(ACME, [message.id]) == 2

    found = await room.summaries.find(ACME, first.id)
    assert found is not None
    assert found.stale
    assert await cache.find(ACME, ["a"]) == {}


async def test_one_that_cannot_forget_does_not_keep_the_others_from_it_and_is_heard() -> None:
    class Broken:
        async def invalidate(self, workspace: WorkspaceId, ids: Sequence[MessageId]) -> int:
            raise DatabaseUnavailable("gone.")

    told = NothingDerived()

    with pytest.raises(DatabaseUnavailable):
        await AllDerived(Broken(), told).invalidate(ACME, [MessageId("m1")])

    assert told.told == ["m1"]
