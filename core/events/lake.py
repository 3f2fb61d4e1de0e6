"""The Parquet lake: the event log by day, for DuckDB and Spark."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

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


async def export(log: EventLog, lake: Path, *, batch: int = 50_000) -> int:
    """Append what is new in the log as `lake/day=YYYY-MM-DD/part-FIRST-LAST.parquet`; return how many events.

    Safe to kill at any moment: the checkpoint is written last, parts beyond it are removed on the next run.
    """
    after, count = await asyncio.to_thread(_recover, lake), 0
    while records := await log.read(after=after, limit=batch):
        await asyncio.to_thread(_write, lake, records)
        after, count = records[-1].offset, count + len(records)
    return count


def _write(lake: Path, records: Sequence[Record]) -> None:
    by_day = sorted(records, key=lambda record: (record.event.at.date(), record.offset))
    for day, group in groupby(by_day, key=lambda record: record.event.at.date()):
        part = list(group)
        folder = lake / f"day={day.isoformat()}"
        folder.mkdir(exist_ok=True)
        path = folder / f"part-{part[0].offset:012d}-{records[-1].offset:012d}.parquet"
        unfinished = path.with_suffix(".tmp")
        pq.write_table(_table(part), unfinished, compression="zstd")  # pyright: ignore[reportUnknownMemberType]
        unfinished.rename(path)
    _set_checkpoint(lake, records[-1].offset)


def _table(records: Sequence[Record]) -> pa.Table:
    rows = [(record.offset, *to_row(record.event)) for record in records]
    names: tuple[str, ...] = ("offset", *COLUMNS)
    columns = {name: list(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)}
    columns["type"] = [orjson.loads(text).get("type") for text in columns["data"]]
    return pa.Table.from_pydict(columns, schema=SCHEMA)


def _recover(lake: Path) -> Offset:
    """Return how far the last export came, after removing what it left half-done."""
    lake.mkdir(parents=True, exist_ok=True)
    path = lake / "_exported"
    after = Offset(int(path.read_text())) if path.exists() else Offset(0)
    for part in lake.glob("day=*/part-*"):
        match = _PART.fullmatch(part.name)
        if match is None or int(match[2]) > after:
            part.unlink()
    return after


def _set_checkpoint(lake: Path, offset: Offset) -> None:
    unfinished = lake / "_exported.tmp"
    unfinished.write_text(str(offset))
    unfinished.rename(lake / "_exported")
