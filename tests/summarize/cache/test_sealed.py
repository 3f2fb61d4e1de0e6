"""What only the cache in a database does: its text is sealed, and what does not open is made anew."""

from __future__ import annotations

from sqlalchemy import select, update

from core.database import Database
from core.vault import generation_of
from summarize.cache.memory import MemorySegmentCache
from summarize.cache.store import SqlSegmentCache, segment_cache, segment_messages
from tests.summarize.cache.conftest import Shelf
from tests.support.talk import ACME, ANN, GENERAL, said

SECRET = b'{"items": ["Ann decided on Friday"]}'


async def _rows(database: Database) -> str:
    async with database.reading() as connection:
        every = [await connection.execute(select(table)) for table in (segment_cache, segment_messages)]
        return repr([tuple(row) for rows in every for row in rows])


async def test_no_word_of_a_segment_lies_in_the_database(sql_shelf: Shelf, sqlite_database: Database) -> None:
    (one,) = await sql_shelf.heard(1)
    await sql_shelf.keep("a", one, payload=SECRET)

    assert "Friday" not in await _rows(sqlite_database)
    assert await sql_shelf.cache.find(ACME, ["a"]) == {"a": SECRET}


async def test_an_entry_of_a_shredded_key_is_not_found_and_can_be_kept_again(sql_shelf: Shelf) -> None:
    (one,) = await sql_shelf.heard(1)
    await sql_shelf.keep("a", one)
    await sql_shelf.vault.shred(ACME)

    gone = await sql_shelf.cache.find(ACME, ["a"])
    await sql_shelf.keep("a", one, payload=b"[2]")

    assert gone == {}
    assert await sql_shelf.cache.find(ACME, ["a"]) == {"a": b"[2]"}


async def test_an_entry_put_under_another_key_is_not_found_and_told_to_the_operator(
    sql_shelf: Shelf, sqlite_database: Database
) -> None:
    (one,) = await sql_shelf.heard(1)
    await sql_shelf.keep("a", one)
    async with sqlite_database.writing() as connection:
        await connection.execute(update(segment_cache).values(key="b"))

    assert await sql_shelf.cache.find(ACME, ["b"]) == {}
    assert '"event":"segment.damaged"' in sql_shelf.log.getvalue()
    assert "[1]" not in sql_shelf.log.getvalue()


async def test_no_link_outlives_its_entry(sql_shelf: Shelf, sqlite_database: Database) -> None:
    one, two = await sql_shelf.heard(1, 2)
    await sql_shelf.keep("a", one, two)
    await sql_shelf.keep("b", two)

    await sql_shelf.cache.invalidate(ACME, [one.id])
    await sql_shelf.cache.forget(ACME)

    assert await _rows(sqlite_database) == "[]"


async def test_resealing_rewrites_old_entries_once_and_drops_what_is_gone(
    sql_shelf: Shelf, sqlite_database: Database
) -> None:
    cache = sql_shelf.cache
    assert isinstance(cache, SqlSegmentCache)
    (one,) = await sql_shelf.heard(1)
    await sql_shelf.keep("gone", one)
    await sql_shelf.vault.shred(ACME)
    for number in range(5):
        await sql_shelf.keep(f"k{number}", one, payload=b"%d" % number)
    newest = await sql_shelf.vault.rotate(ACME)

    seen = [await cache.reseal(ACME, below=newest, limit=4) for _ in range(3)]

    async with sqlite_database.reading() as connection:
        sealed = (await connection.execute(select(segment_cache.c.sealed))).scalars().all()
    assert seen == [4, 2, 0]
    assert {generation_of(one) for one in sealed} == {newest}
    assert await cache.find(ACME, [f"k{n}" for n in range(5)]) == {f"k{n}": b"%d" % n for n in range(5)}


async def test_the_twin_in_memory_keeps_what_was_found_last_within_its_bound() -> None:
    cache = MemorySegmentCache(limit=2)
    message = said(1, ANN, "hi")
    for key in ("a", "b"):
        await cache.keep(ACME, GENERAL, key, key.encode(), made_from=[message])
    await cache.find(ACME, ["a"])

    await cache.keep(ACME, GENERAL, "c", b"c", made_from=[message])

    assert await cache.find(ACME, ["a", "b", "c"]) == {"a": b"a", "c": b"c"}
