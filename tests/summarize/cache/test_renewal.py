"""A rotation over real tables, cut off and taken up again, while others write."""

from __future__ import annotations

import asyncio
import io
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from core.clock import ManualClock
from core.database import Database
from core.errors import DataDamaged
from core.master_key import MasterFile, new_master_key
from core.telemetry import Log
from core.vault import generation_of
from core.vault_renewal import GRACE, Holder, renew, replace_master
from core.vault_store import DatabaseVault
from summarize.cache.store import SqlSegmentCache, segment_cache
from summarize.models import Message
from summarize.retention import Forgotten, forget
from summarize.store import MessageStore, SummaryStore, summaries
from tests.support.talk import ACME, ANN, GENERAL, OTHER, Room, said


class House:
    """A room whose vault has its keys in the database, with a cache beside the summaries."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.file = MasterFile(folder / "master.key")
        self.file.read()
        self.room = Room(database)
        self.clock: ManualClock = self.room.clock
        self.vault = self.another()
        self.room.vault = self.vault
        self.summaries = SummaryStore(database, self.vault)
        self.segments = SqlSegmentCache(
            database, self.vault, clock=self.clock, log=Log(self.clock, io.StringIO())
        )
        self.holders: list[Holder] = [self.summaries, self.segments]
        self.message: Message = said(0, ANN, "Decision: we ship on Friday.")

    def another(self) -> DatabaseVault:
        """The vault of another process."""
        return DatabaseVault(self.room.database, self.file.read, clock=self.clock)

    async def furnish(self) -> None:
        await self.room.furnish()
        await MessageStore(self.room.database).put([self.message])

    async def keep(self, *keys: str) -> None:
        for key in keys:
            await self.segments.keep(ACME, GENERAL, key, key.encode(), made_from=[self.message])

    async def generations(self) -> set[int]:
        async with self.room.database.reading() as connection:
            rows = await connection.execute(select(segment_cache.c.sealed))
            return {generation_of(sealed) for sealed in rows.scalars()}


@pytest.fixture
async def house(database: Database, tmp_path: Path) -> House:
    made = House(database, tmp_path)
    await made.furnish()
    return made


async def test_a_rotation_seals_everything_anew_and_destroys_the_old_key_after_its_grace(
    house: House,
) -> None:
    await house.keep("a", "b")
    summary = await house.room.summarizer.summarize(house.room.ask())
    await house.vault.rotate(ACME)

    first = await renew(house.vault, ACME, house.holders, clock=house.clock)
    house.clock.advance(GRACE)
    second = await renew(house.vault, ACME, house.holders, clock=house.clock)
    third = await renew(house.vault, ACME, house.holders, clock=house.clock)

    assert (first.newest, first.resealed, first.retired) == (2, 3, 0)
    assert first.again_at == house.clock.now()
    assert (second.resealed, second.retired, second.again_at) == (0, 1, None)
    assert (third.resealed, third.retired) == (0, 0)
    assert await house.segments.find(ACME, ["a", "b"]) == {"a": b"a", "b": b"b"}
    assert await house.summaries.find(ACME, summary.id) == summary
    assert await house.generations() == {2}


async def test_a_pass_cut_off_at_a_damaged_summary_goes_on_once_it_is_gone_and_keeps_the_old_key_till_then(
    house: House,
) -> None:
    first = await house.room.summarizer.summarize(house.room.ask())
    await house.keep("a")
    await house.vault.rotate(ACME)
    house.clock.advance(GRACE)
    async with house.room.database.writing() as connection:
        await connection.execute(update(summaries).values(text="broken"))

    with pytest.raises(DataDamaged):
        await renew(house.vault, ACME, house.holders, clock=house.clock)
    alive = [key.generation for key in await house.vault.keys(ACME) if key.ended_at is None]
    await house.summaries.invalidate(ACME, [house.message.id])
    after = await renew(house.vault, ACME, house.holders, clock=house.clock)

    assert alive == [1, 2]
    assert (after.resealed, after.retired) == (1, 1)
    found = await house.summaries.find(ACME, first.id)
    assert found is not None
    assert found.stale


async def test_what_another_process_wrote_with_the_old_key_meanwhile_is_sealed_anew_too(house: House) -> None:
    slow = house.another()
    await house.keep("a")
    sealed = await slow.seal(ACME, b"late", purpose="segment/late")
    await house.vault.rotate(ACME)
    await renew(house.vault, ACME, house.holders, clock=house.clock)
    row = {"workspace": ACME, "key": "late", "channel": GENERAL, "generation": generation_of(sealed)}
    async with house.room.database.writing() as connection:
        at = house.clock.now()
        await connection.execute(segment_cache.insert().values(**row, made_at=at, sealed=sealed))

    house.clock.advance(GRACE)
    done = await renew(house.vault, ACME, house.holders, clock=house.clock)

    assert (done.resealed, done.retired) == (1, 1)
    assert await house.segments.find(ACME, ["late"]) == {"late": b"late"}


async def test_resealing_never_brings_back_what_is_deleted_meanwhile(house: House) -> None:
    keys = [f"k{number}" for number in range(30)]
    await house.keep(*keys)
    await house.vault.rotate(ACME)

    _, gone = await asyncio.gather(
        renew(house.vault, ACME, house.holders, clock=house.clock),
        house.segments.invalidate(ACME, [house.message.id]),
    )

    assert gone == 30
    assert await house.segments.find(ACME, keys) == {}


async def test_a_workspace_without_keys_gets_one_and_others_are_left_alone(house: House) -> None:
    await house.keep("a")

    done = await renew(house.vault, OTHER, house.holders, clock=house.clock)

    assert (done.newest, done.resealed, done.retired) == (1, 0, 0)
    assert len(await house.vault.keys(ACME)) == 1


async def test_a_new_master_key_in_the_file_is_followed_by_who_shares_it(house: House) -> None:
    running = house.another()
    sealed = await running.seal(ACME, b"text", purpose="p")
    (old,) = house.file.read()

    count = await replace_master(house.vault, house.file)
    house.clock.advance(timedelta(minutes=1))

    (new,) = house.file.read()
    assert count == 1
    assert new != old
    assert await running.open(ACME, sealed, purpose="p") == b"text"
    assert {key.master for key in await house.vault.keys(ACME)} == {new.id}


async def test_a_change_of_master_key_cut_off_midway_is_finished_by_the_next(house: House) -> None:
    sealed = await house.vault.seal(ACME, b"text", purpose="p")
    (old,) = house.file.read()
    new = new_master_key()
    house.file.write([new, old])

    assert await replace_master(house.vault, house.file) == 1

    assert house.file.read() == (new,)
    assert await house.another().open(ACME, sealed, purpose="p") == b"text"


async def test_a_key_made_while_the_master_key_changes_opens_afterwards(house: House) -> None:
    others = [house.another() for _ in range(6)]

    sealed, *_ = await asyncio.gather(
        asyncio.gather(*(vault.seal(OTHER, b"text", purpose="p") for vault in others)),
        replace_master(house.vault, house.file),
    )

    fresh = house.another()
    assert [await fresh.open(OTHER, one, purpose="p") for one in sealed] == [b"text"] * 6


async def test_each_kind_is_forgotten_by_its_own_age(house: House) -> None:
    await house.keep("old")
    summary = await house.room.summarizer.summarize(house.room.ask())
    house.clock.advance(timedelta(days=40))
    await house.keep("new")
    month_ago = house.clock.now() - timedelta(days=30)
    stores = {"segments": house.segments, "summaries": house.summaries}

    kept = await forget(ACME, **stores, segments_before=month_ago, summaries_before=None)
    gone = await forget(ACME, **stores, segments_before=None, summaries_before=month_ago)

    assert (kept, gone) == (Forgotten(segments=1, summaries=0), Forgotten(segments=0, summaries=1))
    assert await house.segments.find(ACME, ["old", "new"]) == {"new": b"new"}
    assert await house.summaries.find(ACME, summary.id) is None
