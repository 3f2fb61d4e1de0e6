"""The Parquet lake: each event once, by day, whatever happens in between."""

from __future__ import annotations

import asyncio
import shutil
from datetime import datetime, timedelta, timezone
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.events import lake as lake_module
from core.events.lake import export, reading
from core.events.memory import MemoryEventLog
from core.events.models import Corpus, Event, EventKind
from core.ids import EventId, PersonNumber, WorkspaceId
from tests.conftest import START

pytestmark = pytest.mark.slow


def event(id: str, *, day: int = 0, at: datetime | None = None) -> Event:
    return Event(
        id=EventId(id),
        workspace=WorkspaceId("acme"),
        kind=EventKind.INTERACTION,
        at=at or START + timedelta(days=day),
        actor=PersonNumber(3),
        corpus=Corpus.CHANNEL,
        item=5,
        data={"type": "post", "n": 1},
    )


def in_lake(lake: Path) -> list[str]:
    with reading(lake) as parts:
        if not parts:
            return []
        found = duckdb.connect().execute(
            'SELECT id FROM read_parquet($files, hive_partitioning = false) ORDER BY "offset"',
            {"files": [str(part) for part in parts]},
        )
        return [id for (id,) in found.fetchall()]


def parts_per_day(lake: Path) -> dict[str, int]:
    return {folder.name: len(list(folder.glob("part-*"))) for folder in sorted(lake.glob("day=*"))}


def changed_at(lake: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in lake.rglob("*.parquet")}


def copy_parts(source: Path, lake: Path) -> None:
    for part in source.glob("day=*/part-*"):
        shutil.copy(part, lake / part.parent.name / part.name)


async def test_events_lie_by_day_and_duckdb_reads_them(tmp_path: Path):
    log = MemoryEventLog()
    await log.append([event("a"), event("b", day=1), event("c", day=1)])

    count = await export(log, tmp_path)

    assert count == 3
    rows = duckdb.execute(
        "SELECT day, count(*), min(type), min(actor), min(item) FROM read_parquet($1) GROUP BY day ORDER BY day",
        [f"{tmp_path}/day=*/*.parquet"],
    ).fetchall()
    assert [(str(day), *rest) for day, *rest in rows] == [
        ("2026-03-02", 1, "post", 3, 5),
        ("2026-03-03", 2, "post", 3, 5),
    ]


async def test_the_next_export_brings_only_what_is_new(tmp_path: Path):
    log = MemoryEventLog()
    await log.append([event("a")])
    await export(log, tmp_path)
    await log.append([event("b")])

    count = await export(log, tmp_path)

    assert count == 1
    assert in_lake(tmp_path) == ["a", "b"]


async def test_an_export_with_nothing_new_changes_no_file(tmp_path: Path):
    log = MemoryEventLog()
    await log.append([event("a")])
    await export(log, tmp_path)
    before = changed_at(tmp_path)

    assert await export(log, tmp_path) == 0

    assert changed_at(tmp_path) == before


async def test_a_day_is_a_day_in_utc(tmp_path: Path):
    log = MemoryEventLog()
    late = datetime(2026, 3, 3, 1, 0, tzinfo=timezone(timedelta(hours=5)))
    await log.append([event("a", at=late)])

    await export(log, tmp_path)

    assert parts_per_day(tmp_path) == {"day=2026-03-02": 1}


async def test_an_empty_log_makes_an_empty_lake(tmp_path: Path):
    assert await export(MemoryEventLog(), tmp_path / "lake") == 0
    assert in_lake(tmp_path / "lake") == []


async def test_two_exports_at_a_time_take_turns(tmp_path: Path):
    log = MemoryEventLog()
    await log.append([event(f"e{n:02d}", day=n % 3) for n in range(30)])

    counts = await asyncio.gather(*[export(log, tmp_path, batch=4) for _ in range(3)])

    assert sorted(counts) == [0, 0, 30]
    assert in_lake(tmp_path) == [f"e{n:02d}" for n in range(30)]


async def test_the_many_small_parts_of_a_day_are_merged_and_nothing_is_lost(tmp_path: Path):
    log = MemoryEventLog()
    await log.append([event(f"e{n:02d}", day=n % 2) for n in range(40)])

    await export(log, tmp_path, batch=3)

    assert list(parts_per_day(tmp_path).values()) == [1, 1]
    assert in_lake(tmp_path) == [f"e{n:02d}" for n in range(40)]


async def test_a_merge_that_died_before_it_removed_the_old_parts_counts_nothing_twice(tmp_path: Path):
    log = MemoryEventLog()
    await log.append([event(f"e{n:02d}") for n in range(lake_module._PARTS_PER_DAY)])
    await export(log, tmp_path, batch=1)
    small = tmp_path.with_name("small")
    shutil.copytree(tmp_path, small)
    await log.append([event("last")])
    await export(log, tmp_path, batch=1)
    copy_parts(small, tmp_path)

    assert in_lake(tmp_path) == [*(f"e{n:02d}" for n in range(lake_module._PARTS_PER_DAY)), "last"]
    await export(log, tmp_path)
    assert list(parts_per_day(tmp_path).values()) == [1]


class Crash(Exception):
    """The process dies here."""


class DyingLog(MemoryEventLog):
    """A log that answers so many reads, and then the process is gone."""

    def __init__(self, reads: int) -> None:
        super().__init__()
        self.left = reads

    async def read(self, *, after, limit):
        if self.left == 0:
            raise Crash
        self.left -= 1
        return await super().read(after=after, limit=limit)


@pytest.mark.parametrize("reads", range(6))
async def test_an_export_that_died_between_batches_goes_on_where_it_was(tmp_path: Path, reads: int):
    log = DyingLog(reads)
    await log.append([event(f"e{n:02d}", day=n % 2) for n in range(10)])
    with pytest.raises(Crash):
        await export(log, tmp_path, batch=2)

    log.left = 100
    await export(log, tmp_path, batch=2)

    assert in_lake(tmp_path) == [f"e{n:02d}" for n in range(10)]


@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_whatever_files_a_crash_left_behind_each_event_is_there_once(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
):
    """A crash leaves: any of the batch's parts, unfinished files, and the checkpoint of the batch before."""
    lake = tmp_path_factory.mktemp("lake")
    log = MemoryEventLog()
    asyncio.run(log.append([event(f"e{n:02d}", day=n % 4) for n in range(12)]))
    asyncio.run(export(log, lake, batch=6))
    (lake / "_exported").write_text(data.draw(st.sampled_from(["0", "6"])))
    parts = sorted(lake.glob("day=*/part-*"))
    checkpoint = int((lake / "_exported").read_text())
    beyond = [part for part in parts if int(part.stem.split("-")[2]) > checkpoint]
    for part in data.draw(st.sets(st.sampled_from(beyond))):
        part.rename(part.with_suffix(".tmp")) if data.draw(st.booleans()) else part.unlink()

    readers_see = in_lake(lake)
    asyncio.run(export(log, lake, batch=data.draw(st.integers(1, 12))))

    assert readers_see == [f"e{n:02d}" for n in range(checkpoint)]
    assert in_lake(lake) == [f"e{n:02d}" for n in range(12)]
    assert not list(lake.rglob("*.tmp"))
