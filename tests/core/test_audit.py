"""The audit log: append-only, and a change of any field of any entry shows."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, select, update

from core.audit import Entry, audit, entries, record, verify
from core.database import Database
from core.errors import DataDamaged

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
OTHER: Mapping[str, object] = {
    "at": START + timedelta(days=1),
    "actor": "mallory",
    "action": "promote",
    "subject": "prompt/other@ffff",
    "reason": "a better one",
    "data": '{"stage":"live"}',
    "hash": "f" * 64,
}


def entry(number: int) -> Entry:
    return Entry(
        at=START + timedelta(seconds=number),
        actor="ada",
        action="push",
        subject=f"prompt/p@{number:04d}",
        reason='ünïcode, "quotes" and\nlines',
        data={"n": str(number)},
    )


@pytest.fixture
async def five(database: Database) -> Database:
    """A log of five entries."""
    for number in range(1, 6):
        async with database.writing() as connection:
            await record(connection, entry(number))
    return database


async def test_an_empty_log_is_whole(database: Database):
    assert await verify(database) == 0


async def test_an_untouched_log_is_whole_and_says_how_long_it_is(five: Database):
    assert await verify(five) == 5


async def test_entries_come_back_as_they_went_in_the_latest_first(five: Database):
    found = await entries(five, subject="prompt/p@")

    assert found == [entry(number) for number in (5, 4, 3, 2, 1)]


async def test_entries_of_a_subject_are_not_those_of_one_that_merely_looks_like_it(database: Database):
    for subject in ("prompt/a_b@1", "prompt/axb@1", "prompt/a%@1"):
        async with database.writing() as connection:
            await record(connection, Entry(at=START, actor="ada", action="push", subject=subject))

    assert [found.subject for found in await entries(database, subject="prompt/a_b@")] == ["prompt/a_b@1"]


@pytest.mark.parametrize("field", OTHER)
async def test_a_change_of_any_field_of_any_entry_is_detected(five: Database, field: str):
    for seq in range(1, 6):
        async with five.reading() as connection:
            before = (await connection.execute(select(audit.c[field]).where(audit.c.seq == seq))).scalar_one()
        async with five.writing() as connection:
            await connection.execute(update(audit).where(audit.c.seq == seq).values({field: OTHER[field]}))

        with pytest.raises(DataDamaged, match=rf"audit entry {seq} "):
            await verify(five)

        async with five.writing() as connection:
            await connection.execute(update(audit).where(audit.c.seq == seq).values({field: before}))
    assert await verify(five) == 5


@pytest.mark.parametrize("seq", [1, 2, 4])
async def test_an_entry_taken_out_is_detected_at_the_one_after_it(five: Database, seq: int):
    async with five.writing() as connection:
        await connection.execute(delete(audit).where(audit.c.seq == seq))

    with pytest.raises(DataDamaged, match=rf"audit entry {seq + 1} "):
        await verify(five)


async def test_two_entries_that_change_places_are_detected(five: Database):
    async with five.writing() as connection:
        for old, new in ((2, 99), (3, 2), (99, 3)):
            await connection.execute(update(audit).where(audit.c.seq == old).values(seq=new))

    with pytest.raises(DataDamaged):
        await verify(five)


async def test_an_entry_whose_transaction_fails_leaves_no_gap(five: Database):
    async def fail() -> None:
        async with five.writing() as connection:
            await record(connection, entry(6))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    async with five.writing() as connection:
        await record(connection, entry(7))

    assert await verify(five) == 6


async def test_many_writers_at_once_make_one_whole_chain(database: Database):
    async def write(number: int) -> None:
        async with database.writing() as connection:
            await record(connection, entry(number))

    await asyncio.gather(*(write(number) for number in range(30)))

    assert await verify(database) == 30


WRITER = """
import asyncio, sys
from datetime import UTC, datetime
from core.audit import Entry, record
from core.database import Database

async def main():
    database = await Database.open(sys.argv[1])
    for number in range(40):
        async with database.writing() as connection:
            at = datetime(2026, 3, 2, tzinfo=UTC)
            await record(connection, Entry(at=at, actor=sys.argv[2], action="push", subject=f"prompt/p@{number}"))
    await database.close()

asyncio.run(main())
"""


@pytest.mark.slow
async def test_two_processes_make_one_whole_chain(tmp_path: Path):
    url = f"sqlite+aiosqlite:///{tmp_path / 'catchup.db'}"
    root = Path(__file__).parents[2]
    writers = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", WRITER, url, name, cwd=root)
        for name in ("ada", "bob")
    ]

    assert [await writer.wait() for writer in writers] == [0, 0]

    database = await Database.open(url)
    assert await verify(database) == 80
    assert {found.actor for found in await entries(database, subject="prompt/")} == {"ada", "bob"}
    await database.close()
