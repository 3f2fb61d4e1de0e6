"""One suite for every EventLog: in memory, in SQLite, on NATS JetStream."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from core.errors import EventLogUnavailable, InvalidInput
from core.events.memory import MemoryEventLog
from core.events.models import Corpus, Event, EventKind, EventLog, Offset
from core.events.sqlite import SqliteEventLog
from core.ids import EventId, PersonNumber, RequestId, WorkspaceId
from tests.conftest import NATS, START, not_tested

ACME, OTHER = WorkspaceId("acme"), WorkspaceId("other")


@contextlib.asynccontextmanager
async def nats_log(stream: str) -> AsyncIterator[EventLog]:
    """Open a stream on the NATS server, and delete it afterwards; skips where none answers."""
    import nats

    from core.events.nats import NatsEventLog

    try:
        log = await NatsEventLog.open(NATS, stream=stream)
    except EventLogUnavailable:
        not_tested(
            "the event log on NATS JetStream", "no server answers at CATCHUP_TEST_NATS (127.0.0.1:4222)"
        )
        raise AssertionError from None
    yield log
    await log.close()
    client = await nats.connect(NATS)
    await client.jetstream().delete_stream(stream)
    await client.close()


@pytest.fixture(params=["memory", "sqlite", pytest.param("nats", marks=pytest.mark.slow)])
async def log(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[EventLog]:
    if request.param == "nats":
        async with nats_log(f"TEST{uuid.uuid4().hex[:12]}") as found:
            yield found
        return
    found = MemoryEventLog() if request.param == "memory" else SqliteEventLog(tmp_path / "events.db")
    yield found
    await found.close()


def event(id: str, *, workspace: WorkspaceId = ACME, item: int = 1) -> Event:
    return Event(
        id=EventId(id),
        workspace=workspace,
        kind=EventKind.CLICK,
        at=START,
        actor=PersonNumber(7),
        corpus=Corpus.CHANNEL,
        item=item,
        request=RequestId("rec_1"),
        data={"position": 2, "nested": {"scores": [0.5, 1.5], "name": "als", "none": None, "yes": True}},
    )


async def ids(log: EventLog, *, after: int = 0, limit: int = 1000) -> list[str]:
    return [record.event.id for record in await log.read(after=Offset(after), limit=limit)]


async def test_what_is_appended_is_read_back_in_order_and_unchanged(log: EventLog):
    events = [event(f"e{n}", item=n) for n in range(5)]

    await log.append(events)

    assert [record.event for record in await log.read(after=Offset(0), limit=10)] == events


async def test_offsets_grow_and_reading_goes_on_after_one(log: EventLog):
    answers = await log.append([event(f"e{n}") for n in range(5)])

    offsets = [answer.offset for answer in answers]
    assert offsets == sorted(set(offsets))
    assert await ids(log, after=offsets[2]) == ["e3", "e4"]
    assert await log.end() == offsets[-1]


async def test_an_empty_log_has_end_zero_and_nothing_to_read(log: EventLog):
    assert await log.end() == 0
    assert await ids(log) == []


async def test_appending_nothing_changes_nothing(log: EventLog):
    assert list(await log.append([])) == []
    assert await log.end() == 0


async def test_an_id_sent_again_is_a_duplicate_at_the_first_offset(log: EventLog):
    [first] = await log.append([event("e1")])

    [again] = await log.append([event("e1", item=99)])

    assert again.duplicate
    assert again.offset == first.offset
    assert [record.event.item for record in await log.read(after=Offset(0), limit=10)] == [1]


async def test_an_id_twice_in_one_batch_is_stored_once(log: EventLog):
    answers = await log.append([event("e1"), event("e2"), event("e1")])

    assert [answer.duplicate for answer in answers] == [False, False, True]
    assert await ids(log) == ["e1", "e2"]


async def test_the_same_id_in_two_workspaces_is_two_events(log: EventLog):
    answers = await log.append([event("e1"), event("e1", workspace=OTHER)])

    assert [answer.duplicate for answer in answers] == [False, False]


async def test_ids_and_workspaces_are_not_confused_when_joined(log: EventLog):
    answers = await log.append(
        [event("b:c", workspace=WorkspaceId("a")), event("c", workspace=WorkspaceId("a:b"))]
    )

    assert [answer.duplicate for answer in answers] == [False, False]


async def test_pages_neither_overlap_nor_leave_gaps(log: EventLog):
    await log.append([event(f"e{n:03d}") for n in range(25)])

    seen: list[str] = []
    after = Offset(0)
    while page := await log.read(after=after, limit=7):
        seen += [record.event.id for record in page]
        after = page[-1].offset

    assert seen == [f"e{n:03d}" for n in range(25)]


@pytest.mark.parametrize("limit", [0, -1])
async def test_a_limit_below_one_reads_nothing(log: EventLog, limit: int):
    await log.append([event("e1")])

    assert await ids(log, limit=limit) == []


async def test_an_offset_below_zero_reads_from_the_beginning(log: EventLog):
    await log.append([event("e1"), event("e2")])

    assert await ids(log, after=-1) == ["e1", "e2"]


async def test_reading_beyond_the_end_gives_nothing(log: EventLog):
    await log.append([event("e1")])

    assert await ids(log, after=10_000) == []


async def test_concurrent_appends_are_all_stored_once_and_each_in_its_own_order(log: EventLog):
    batches = [[event(f"{who}-{n}") for n in range(10)] for who in "abcdefgh"]

    await asyncio.gather(*map(log.append, batches))

    stored = await ids(log)
    assert sorted(stored) == sorted(found.id for batch in batches for found in batch)
    for who in "abcdefgh":
        assert [id for id in stored if id.startswith(who)] == [f"{who}-{n}" for n in range(10)]


async def test_large_numbers_and_moments_survive(log: EventLog):
    sent = Event(
        id=EventId("e1"),
        workspace=ACME,
        kind=EventKind.INTERACTION,
        at=datetime(2026, 3, 2, 9, 0, 0, 123456, tzinfo=timezone(timedelta(hours=5, minutes=30))),
        item=2**63 - 1,
        data={"type": "post"},
    )

    await log.append([sent])

    [record] = await log.read(after=Offset(0), limit=1)
    assert record.event == sent


def test_an_event_without_a_time_zone_is_refused():
    with pytest.raises(InvalidInput, match="time zone"):
        Event(id=EventId("e"), workspace=ACME, kind=EventKind.CLICK, at=datetime(2026, 3, 2))  # noqa: DTZ001


def test_a_number_beyond_64_bits_is_refused():
    with pytest.raises(InvalidInput, match="64 bits"):
        event("e", item=2**63)


def test_text_in_data_is_refused():
    with pytest.raises(InvalidInput, match=r"data\.note"):
        Event(
            id=EventId("e"), workspace=ACME, kind=EventKind.CLICK, at=START, data={"note": "see you at nine"}
        )


class TestSqlite:
    """What only the embedded log promises."""

    async def test_a_reopened_log_has_everything_and_still_knows_its_ids(self, tmp_path: Path):
        first = SqliteEventLog(tmp_path / "events.db")
        await first.append([event("e1"), event("e2")])
        await first.close()

        log = SqliteEventLog(tmp_path / "events.db")

        assert await ids(log) == ["e1", "e2"]
        assert (await log.append([event("e2")]))[0].duplicate
        await log.close()

    async def test_a_closed_log_says_so_and_closing_twice_is_fine(self, tmp_path: Path):
        log = SqliteEventLog(tmp_path / "events.db")
        await log.close()
        await log.close()

        with pytest.raises(EventLogUnavailable, match="closed"):
            await log.append([event("e1")])
        with pytest.raises(EventLogUnavailable, match="closed"):
            await log.read(after=Offset(0), limit=1)

    async def test_appends_under_way_when_it_closes_are_stored_or_refused_never_left_hanging(
        self, tmp_path: Path
    ):
        log = SqliteEventLog(tmp_path / "events.db")
        appends = [asyncio.ensure_future(log.append([event(f"e{n}")])) for n in range(200)]
        await asyncio.sleep(0)

        await log.close()
        answers = await asyncio.wait_for(asyncio.gather(*appends, return_exceptions=True), 10)

        stored = [answer for answer in answers if not isinstance(answer, BaseException)]
        assert all(isinstance(answer, EventLogUnavailable) for answer in answers if answer not in stored)
        log = SqliteEventLog(tmp_path / "events.db")
        assert len(await ids(log)) == len(stored)
        await log.close()

    async def test_callers_who_give_up_do_not_harm_the_others(self, tmp_path: Path):
        log = SqliteEventLog(tmp_path / "events.db")
        impatient = [asyncio.ensure_future(log.append([event(f"gone{n}")])) for n in range(50)]
        await asyncio.sleep(0)
        for one in impatient:
            one.cancel()

        await asyncio.wait_for(log.append([event("kept")]), 10)

        assert "kept" in await ids(log)
        await log.close()

    async def test_a_commit_that_fails_fails_its_appends_and_the_log_goes_on(self, tmp_path: Path):
        log = SqliteEventLog(tmp_path / "events.db")
        other = sqlite3.connect(tmp_path / "events.db", isolation_level=None)
        other.execute(
            "CREATE TRIGGER full BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'disk full'); END"
        )

        with pytest.raises(EventLogUnavailable):
            await log.append([event("e1")])
        other.execute("DROP TRIGGER full")
        other.close()
        await log.append([event("e1")])

        assert await ids(log) == ["e1"]
        await log.close()

    def test_a_file_that_is_no_database_is_named_unavailable(self, tmp_path: Path):
        (tmp_path / "events.db").write_bytes(b"this is not a database, " * 100)

        with pytest.raises(EventLogUnavailable, match="Check the disk"):
            SqliteEventLog(tmp_path / "events.db")

    @pytest.mark.slow
    async def test_a_process_killed_in_the_middle_loses_nothing_it_acknowledged(self, tmp_path: Path):
        writer = _start(tmp_path / "events.db", "w")
        acknowledged = [_line(writer) for _ in range(40)]
        os.kill(writer.pid, signal.SIGKILL)
        assert writer.stdout is not None
        acknowledged += [line.strip() for line in writer.stdout]
        writer.stdout.close()
        writer.wait()

        log = SqliteEventLog(tmp_path / "events.db")

        stored = await ids(log, limit=100_000)
        known = {id.removesuffix(".") for id in acknowledged if id.endswith(".")}
        assert len(known) >= 40
        assert known <= set(stored)
        assert len(stored) == len(set(stored))
        await log.close()

    @pytest.mark.slow
    async def test_two_processes_append_to_the_same_file(self, tmp_path: Path):
        writers = [_start(tmp_path / "events.db", who, count=30) for who in "ab"]
        for writer in writers:
            assert writer.wait(60) == 0

        log = SqliteEventLog(tmp_path / "events.db")

        stored = await ids(log, limit=100_000)
        assert len(stored) == 2 * 30 * 3
        for who in "ab":
            assert [id for id in stored if id.startswith(who)] == [
                f"{who}{n}-{m}" for n in range(30) for m in range(3)
            ]
        await log.close()
        for writer in writers:
            assert writer.stdout is not None
            writer.stdout.close()


_WRITER = """
import asyncio, sys
from pathlib import Path
from core.events.sqlite import SqliteEventLog
from tests.contracts.test_event_log import event

async def main(path, who, count):
    log = SqliteEventLog(Path(path))
    for n in range(count):
        await log.append([event(f"{who}{n}-{m}") for m in range(3)])
        sys.stdout.write("".join(f"{who}{n}-{m}.\\n" for m in range(3)))
        sys.stdout.flush()
    await log.close()

asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
"""
"""Appends in threes, and prints each id with a full stop once it is acknowledged."""


def _start(path: Path, who: str, *, count: int = 100_000) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", _WRITER, str(path), who, str(count)]
    root = Path(__file__).parent.parent.parent
    return subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True)


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()
