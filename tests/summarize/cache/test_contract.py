"""One suite for every SegmentCache: in memory, in SQLite, in PostgreSQL."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.database import Database
from core.ids import ChannelId, MessageId
from tests.summarize.cache.conftest import Shelf, shelf_over
from tests.support.talk import ACME, ANN, BEN, GENERAL, OTHER, said


async def test_what_is_kept_is_found_and_what_is_not_is_left_out(shelf: Shelf) -> None:
    one, two = await shelf.heard(1, 2)
    await shelf.keep("a", one, payload=b'{"items": []}')
    await shelf.keep("b", two, payload=b"")

    assert await shelf.cache.find(ACME, ["b", "unknown", "a"]) == {"a": b'{"items": []}', "b": b""}
    assert await shelf.cache.find(ACME, []) == {}


async def test_a_thousand_keys_are_found_at_once(shelf: Shelf) -> None:
    (one,) = await shelf.heard(1)
    await shelf.keep("k777", one)

    assert await shelf.cache.find(ACME, [f"k{n}" for n in range(1500)]) == {"k777": b"[1]"}


async def test_another_workspace_finds_nothing_and_invalidates_nothing(shelf: Shelf) -> None:
    (one,) = await shelf.heard(1)
    await shelf.keep("a", one)

    assert await shelf.cache.find(OTHER, ["a"]) == {}
    assert await shelf.cache.invalidate(OTHER, [one.id]) == 0
    assert await shelf.cache.forget(OTHER) == 0
    assert await shelf.cache.find(ACME, ["a"]) == {"a": b"[1]"}


async def test_a_key_kept_again_has_the_new_payload_and_the_new_messages(shelf: Shelf) -> None:
    one, two = await shelf.heard(1, 2)
    await shelf.keep("a", one)

    await shelf.keep("a", two, payload=b"[2]")

    assert await shelf.cache.invalidate(ACME, [one.id]) == 0
    assert await shelf.cache.find(ACME, ["a"]) == {"a": b"[2]"}
    assert await shelf.cache.invalidate(ACME, [two.id]) == 1


async def test_an_invalidation_counts_each_entry_once(shelf: Shelf) -> None:
    one, two = await shelf.heard(1, 2)
    await shelf.keep("a", one, two)
    await shelf.keep("b", two)

    assert await shelf.cache.invalidate(ACME, [one.id, two.id]) == 2
    assert await shelf.cache.invalidate(ACME, [one.id, two.id]) == 0
    assert await shelf.cache.invalidate(ACME, []) == 0


@pytest.mark.parametrize(
    "change",
    [
        {"text": "edited"},
        {"author": BEN.id},
        {"channel": ChannelId("G_SECRET")},
        {"root": MessageId("m9")},
        {"id": MessageId("never-stored")},
        {"workspace": OTHER},
    ],
    ids=lambda change: next(iter(change)),
)
async def test_nothing_is_kept_of_a_message_that_is_not_as_it_was_read(
    shelf: Shelf, change: dict[str, str]
) -> None:
    one, two = await shelf.heard(1, 2)
    read = replace(two, **change)
    workspace = read.workspace

    kept = await shelf.cache.keep(workspace, GENERAL, "a", b"[1]", made_from=[one, read])

    assert not kept
    assert await shelf.cache.find(workspace, ["a"]) == {}


async def test_nothing_is_kept_of_a_message_deleted_meanwhile(shelf: Shelf) -> None:
    one, two = await shelf.heard(1, 2)
    await shelf.intake.bury(ACME, two.id)

    assert not await shelf.keep("a", one, two)


async def test_a_new_reaction_changes_nothing(shelf: Shelf) -> None:
    (one,) = await shelf.heard(1)
    await shelf.keep("a", one)

    await shelf.intake.put([said(1, ANN, one.text, thumbs=3)])

    assert await shelf.cache.find(ACME, ["a"]) == {"a": b"[1]"}
    assert await shelf.keep("b", one)


async def test_entries_are_forgotten_by_age_and_the_newer_stay(shelf: Shelf) -> None:
    (one,) = await shelf.heard(1)
    await shelf.keep("old", one)
    shelf.clock.advance(timedelta(days=1))
    moment = shelf.clock.now()
    await shelf.keep("new", one)

    assert await shelf.cache.forget(ACME, before=moment) == 1

    assert await shelf.cache.find(ACME, ["old", "new"]) == {"new": b"[1]"}
    assert await shelf.cache.forget(ACME) == 1
    assert await shelf.cache.find(ACME, ["new"]) == {}


async def test_the_same_segment_kept_by_many_at_once_is_kept_once(shelf: Shelf) -> None:
    one, two = await shelf.heard(1, 2)

    kept = await asyncio.gather(*(shelf.keep("a", one, two) for _ in range(4)))

    assert kept == [True] * 4
    assert await shelf.cache.invalidate(ACME, [two.id]) == 1


async def test_a_segment_kept_while_a_message_changes_is_never_found_afterwards(shelf: Shelf) -> None:
    one, two = await shelf.heard(1, 2)

    await asyncio.gather(*(shelf.keep(f"k{n}", one, two) for n in range(4)), shelf.edit("m2"))

    assert await shelf.cache.find(ACME, [f"k{n}" for n in range(4)]) == {}


SEGMENTS = st.lists(st.sets(st.integers(0, 7), min_size=1), min_size=1, max_size=8)
CHANGES = st.lists(st.tuples(st.sampled_from(["edit", "delete"]), st.integers(0, 9)), max_size=4)


@pytest.mark.parametrize("twin", ["memory", "sqlite"])
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(segments=SEGMENTS, changes=CHANGES)
def test_an_edit_or_deletion_drops_exactly_the_segments_that_hold_the_message(
    twin: str, migrated: Path, segments: Sequence[set[int]], changes: Sequence[tuple[str, int]]
) -> None:
    async def played(folder: Path) -> None:
        shutil.copy(migrated, folder / "catchup.db")
        database = await Database.open(f"sqlite+aiosqlite:///{folder / 'catchup.db'}")
        shelf = shelf_over(database, memory=twin == "memory")
        messages = await shelf.heard(*range(10))
        for number, segment in enumerate(segments):
            await shelf.keep(f"k{number}", *(messages[at] for at in segment), payload=b"%d" % number)

        for kind, at in changes:
            if kind == "delete":
                await shelf.intake.bury(ACME, messages[at].id)
            elif (await shelf.messages.stored(ACME, [messages[at].id]))[messages[at].id].text:
                await shelf.edit(messages[at].id, text=f"edited {at}")

        found = await shelf.cache.find(ACME, [f"k{n}" for n in range(len(segments))])
        changed = {at for _, at in changes}
        assert found == {f"k{n}": b"%d" % n for n, segment in enumerate(segments) if not segment & changed}
        await database.close()

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(played(Path(folder)))
