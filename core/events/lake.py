"""The Parquet lake: the event log by day, for DuckDB and Spark."""

from __future__ import annotations

import asyncio
import fcntl
import os
import re
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from datetime import UTC, date
from itertools import groupby
from pathlib import Path
from typing import BinaryIO

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from core.events.codec import COLUMNS, to_row
from core.events.models import EventLog, Offset, Record

SCHEMA = pa.schema(
    [
        ("offset", pa.int64()),
        ("workspace", pa.string()),
        ("id", pa.string()),
        ("kind", pa.string()),
        ("at", pa.timestamp("us", tz="UTC")),
        ("actor", pa.int64()),
        ("corpus", pa.string()),
        ("item", pa.int64()),
        ("request", pa.string()),
        ("type", pa.string()),
        ("data", pa.string()),
    ]
)
"""The lake's columns; `type` is `data["type"]`, lifted out because every reader wants it."""

_PART = re.compile(r"part-(\d+)-(\d+)\.parquet")
_PARTS_PER_DAY = 8  # more than this, and a day's parts are merged into one


async def export(log: EventLog, lake: Path, *, batch: int = 50_000) -> int:
    """Append what is new in the log as `lake/day=YYYY-MM-DD/part-FIRST-LAST.parquet`; return how many events.

    Safe to kill at any moment: the checkpoint is written last, parts beyond it are removed on the next run. Two
    exports at a time take turns. Raises EventLogUnavailable.
    """
    lock = await asyncio.to_thread(_lock, lake, fcntl.LOCK_EX)
    try:
        after, count = await asyncio.to_thread(_recover, lake), 0
        while records := await log.read(after=after, limit=batch):
            await asyncio.to_thread(_write, lake, records)
            after, count = records[-1].offset, count + len(records)
        await asyncio.to_thread(_compact, lake)
    finally:
        lock.close()
    return count


@contextmanager
def reading(lake: Path) -> Generator[list[Path]]:
    """Give the parts of the lake, each event once, and keep them from changing until the block ends."""
    with _lock(lake, fcntl.LOCK_SH):
        yield [part for parts in _days(lake).values() for part in _complete(parts, _exported(lake))]


def _write(lake: Path, records: Sequence[Record]) -> None:
    by_day = sorted(records, key=lambda record: (_day(record), record.offset))
    for day, group in groupby(by_day, key=_day):
        part = list(group)
        folder = lake / f"day={day.isoformat()}"
        folder.mkdir(exist_ok=True)
        path = folder / f"part-{part[0].offset:012d}-{records[-1].offset:012d}.parquet"
        unfinished = path.with_suffix(".tmp")
        pq.write_table(_table(part), unfinished, compression="zstd")  # pyright: ignore[reportUnknownMemberType]
        _publish(unfinished, path)
    _set_checkpoint(lake, records[-1].offset)


def _table(records: Sequence[Record]) -> pa.Table:
    rows = [(record.offset, *to_row(record.event)) for record in records]
    names: tuple[str, ...] = ("offset", *COLUMNS)
    columns = {name: list(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)}
    columns["type"] = [_text(orjson.loads(text).get("type")) for text in columns["data"]]
    return pa.Table.from_pydict(columns, schema=SCHEMA)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _day(record: Record) -> date:
    return record.event.at.astimezone(UTC).date()


def _recover(lake: Path) -> Offset:
    """Return how far the last export came, after removing what it left half-done."""
    after = _exported(lake)
    for parts in _days(lake).values():
        kept = set(_complete(parts, after))
        for part in parts:
            if part not in kept:
                part.unlink()
    return after


def _compact(lake: Path) -> None:
    """Merge the parts of days that have many; a crash in between leaves parts that `_complete` sees through."""
    for folder, parts in _days(lake).items():
        if len(parts) > _PARTS_PER_DAY:
            ordered = sorted(parts)
            spans = [_span(part) for part in ordered]
            first, last = min(first for first, _ in spans), max(last for _, last in spans)
            unfinished = folder / "merged.tmp"
            with pq.ParquetWriter(unfinished, SCHEMA, compression="zstd") as writer:
                for part in ordered:
                    writer.write_table(pq.read_table(part, schema=SCHEMA, partitioning=None))  # pyright: ignore[reportUnknownMemberType]
            _publish(unfinished, folder / f"part-{first:012d}-{last:012d}.parquet")
            for part in ordered:
                part.unlink()


def _days(lake: Path) -> dict[Path, list[Path]]:
    """Return every file in every day's folder, finished or not."""
    return {folder: sorted(folder.iterdir()) for folder in sorted(lake.glob("day=*"))}


def _complete(files: Sequence[Path], after: Offset) -> list[Path]:
    """Return the parts that hold exported events, without those whose events a merged part holds too."""
    parts = [file for file in files if _PART.fullmatch(file.name) and _span(file)[1] <= after]
    spans = [_span(part) for part in parts]
    return [
        part
        for part, (first, last) in zip(parts, spans, strict=True)
        if not any(a <= first and last <= b and (a, b) != (first, last) for a, b in spans)
    ]


def _span(part: Path) -> tuple[int, int]:
    match = _PART.fullmatch(part.name)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def _exported(lake: Path) -> Offset:
    path = lake / "_exported"
    return Offset(int(path.read_text())) if path.exists() else Offset(0)


def _set_checkpoint(lake: Path, offset: Offset) -> None:
    unfinished = lake / "_exported.tmp"
    unfinished.write_text(str(offset))
    _publish(unfinished, lake / "_exported")


def _publish(unfinished: Path, path: Path) -> None:
    """Give a file its name once its content is on disk, so that a power cut leaves the old state or the new."""
    _sync(unfinished)
    unfinished.rename(path)
    _sync(path.parent)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _lock(lake: Path, kind: int) -> BinaryIO:
    """Wait for a turn; closing the file ends it, and so does dying."""
    lake.mkdir(parents=True, exist_ok=True)
    file = (lake / "_lock").open("ab")
    fcntl.flock(file, kind)
    return file
