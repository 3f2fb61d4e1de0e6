"""How fast the embedded event log acknowledges, beside committing every event by itself.

    python -m benchmarks.event_log [--events 20000] [--callers 64]

Both write to the same disk in the same run; "acknowledged" means fsynced (SQLite WAL, synchronous=FULL).
"""

from __future__ import annotations

import argparse
import asyncio
import sqlite3
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from core.events.codec import to_row
from core.events.models import Corpus, Event, EventKind
from core.events.sqlite import SqliteEventLog
from core.ids import EventId, PersonNumber, WorkspaceId


def event(number: int) -> Event:
    return Event(
        id=EventId(f"e{number}"),
        workspace=WorkspaceId("T1"),
        kind=EventKind.CLICK,
        at=datetime(2026, 3, 2, tzinfo=UTC),
        actor=PersonNumber(number % 1_000),
        corpus=Corpus.CHANNEL,
        item=number % 50,
        data={"position": number % 10},
    )


async def grouped(path: Path, count: int, callers: int) -> float:
    """Return events/s when `callers` tasks append one event at a time."""
    log = SqliteEventLog(path)
    numbers = iter(range(count))

    async def call() -> None:
        for number in numbers:
            await log.append([event(number)])

    start = time.perf_counter()
    await asyncio.gather(*[call() for _ in range(callers)])
    seconds = time.perf_counter() - start
    assert await log.end() == count
    await log.close()
    return count / seconds


def one_by_one(path: Path, count: int) -> float:
    """Return events/s when each event is a transaction of its own."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute(
        "CREATE TABLE events (w, id, kind, at, actor, corpus, item, request, data, UNIQUE (w, id))"
    )
    rows = [to_row(event(number)) for number in range(count)]
    start = time.perf_counter()
    for row in rows:
        connection.execute("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    return count / (time.perf_counter() - start)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--callers", type=int, default=64)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=".") as folder:
        ours = asyncio.run(grouped(Path(folder) / "ours.db", options.events, options.callers))
        naive = one_by_one(Path(folder) / "naive.db", min(options.events, 5_000))
    print(f"{'event log, group commit':32s} {ours:10,.0f} events/s  ({options.callers} callers)")
    print(f"{'one commit an event':32s} {naive:10,.0f} events/s")
    print(f"{'ratio':32s} {ours / naive:10.1f} x")


if __name__ == "__main__":
    main()
