"""What a finished segment costs to find and open, beside reading the same sealed bytes and leaving them closed.

python -m benchmarks.segment_cache [--segments 100] [--bytes 2000] [--rounds 30] [--url postgresql+asyncpg://…]
"""

from __future__ import annotations

import argparse
import asyncio
import io
import secrets
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, select

from core.clock import SystemClock
from core.database import Database
from core.ids import ChannelId, MessageId, UserId, WorkspaceId
from core.master_key import new_master_key
from core.telemetry import Log
from core.vault_store import DatabaseVault
from summarize.cache.models import segment_key
from summarize.cache.store import SqlSegmentCache, segment_cache
from summarize.models import Message
from summarize.store import MessageStore

HERE, CHANNEL = WorkspaceId("T_BENCH"), ChannelId("C_BENCH")
PER_SEGMENT = 40


def talk(count: int) -> list[Message]:
    """So many messages, a minute apart."""
    start = datetime(2026, 3, 2, tzinfo=UTC)
    return [
        Message(
            id=MessageId(f"m{number}"),
            workspace=HERE,
            channel=CHANNEL,
            author=UserId(f"U{number % 7}"),
            at=start + timedelta(minutes=number),
            text=f"message {number} " + "word " * 15,
        )
        for number in range(count)
    ]


async def micros(work: Callable[[], Awaitable[object]], rounds: int, per: int) -> float:
    """The median of so many rounds, in microseconds for each of `per`."""
    taken: list[float] = []
    for _ in range(rounds):
        started = time.perf_counter()
        await work()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken) * 1e6 / per


async def measure(url: str, segments: int, size: int, rounds: int) -> None:
    database = await Database.open(url)
    clock, master = SystemClock(), new_master_key()
    vault = DatabaseVault(database, lambda: [master], clock=clock)
    cache = SqlSegmentCache(database, vault, clock=clock, log=Log(clock, io.StringIO()))
    messages = talk(segments * PER_SEGMENT)
    await MessageStore(database).put(messages)
    parts = [messages[at : at + PER_SEGMENT] for at in range(0, len(messages), PER_SEGMENT)]
    keys = [key_of(part) for part in parts]
    waiting, payload = iter(zip(keys, parts, strict=True)), secrets.token_bytes(size)

    async def keep() -> None:
        key, part = next(waiting)
        assert await cache.keep(HERE, CHANNEL, key, payload, made_from=part)

    async def hash_all() -> None:
        assert [key_of(part) for part in parts] == keys

    async def read(some: list[str]) -> None:
        assert len(await cache.find(HERE, some)) == len(some)

    print(f"{database.dialect}, {segments} segments of {PER_SEGMENT} messages, {size:,} bytes each; medians")
    tell("compute the key", await micros(hash_all, rounds, segments))
    tell("seal and keep, each in a transaction", await micros(keep, segments, 1))
    together = await micros(lambda: read(keys), rounds, segments)
    bare = await micros(lambda: database.read(lambda on: closed(on, keys)), rounds, segments)
    tell("find and open, all at once", together)
    tell("the same rows read and left closed", bare)
    print(f"  opening costs {together / bare:.2f} times reading")
    tell("find and open, one alone", await micros(lambda: read(keys[:1]), rounds, 1))
    firsts = iter(part[0].id for part in parts)
    tell("invalidate a message", await micros(lambda: drop(cache, next(firsts)), min(rounds, segments), 1))
    await database.close()


def key_of(part: list[Message]) -> str:
    return segment_key(part, prompt="p@1", model="m", parameters={"temperature": 0.0})


def closed(connection: Connection, keys: list[str]) -> None:
    columns = select(segment_cache.c.key, segment_cache.c.sealed)
    of_them = columns.where(segment_cache.c.workspace == HERE, segment_cache.c.key.in_(keys))
    assert len(connection.execute(of_them).all()) == len(keys)


async def drop(cache: SqlSegmentCache, id: MessageId) -> None:
    assert await cache.invalidate(HERE, [id]) == 1


def tell(what: str, cost: float) -> None:
    print(f"  {what:38} {cost:9.1f} us each")


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--segments", type=int, default=100)
    options.add_argument("--bytes", type=int, default=2000)
    options.add_argument("--rounds", type=int, default=30)
    options.add_argument(
        "--url", default="", help="a PostgreSQL database that may be written; default: SQLite"
    )
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = given.url or f"sqlite+aiosqlite:///{Path(folder) / 'bench.db'}"
        asyncio.run(measure(url, given.segments, given.bytes, given.rounds))


if __name__ == "__main__":
    main()
