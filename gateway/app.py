"""The composition root: every part of the system, made and wired by hand, in one place."""

from __future__ import annotations

import logging
import sys
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TextIO

from core.clock import Clock, SystemClock
from core.database import Database
from core.directory import Directory
from core.embedding import Embedder, HashingEmbedder
from core.events.models import EventLog
from core.ids import Ids, RandomIds
from core.release_store import Releases
from core.telemetry import Log, Metrics
from gateway.keys import Keys
from gateway.limits import Limiter, MemoryLimiter
from gateway.readiness import Readiness, Warmup
from gateway.settings import EmbedderName, Settings
from summarize.access import Access
from summarize.store import MessageStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything a door (REST, gRPC, CLI, console) needs; opened by `open_services`."""

    settings: Settings
    clock: Clock
    ids: Ids
    log: Log
    metrics: Metrics
    database: Database
    directory: Directory
    events: EventLog
    releases: Releases
    keys: Keys
    limiter: Limiter
    embedder: Embedder
    messages: MessageStore
    access: Access
    warmup: Warmup
    readiness: Readiness


@asynccontextmanager
async def open_services(
    settings: Settings,
    *,
    clock: Clock | None = None,
    ids: Ids | None = None,
    log_stream: TextIO = sys.stderr,
) -> AsyncGenerator[Services]:
    """Open what the settings name, in order, and close it in reverse; migrates the database.

    Raises DatabaseUnavailable, EventLogUnavailable, InvalidInput.
    """
    clock, ids = clock or SystemClock(), ids or RandomIds()
    async with AsyncExitStack() as opened:
        database = await Database.open(settings.database)
        opened.push_async_callback(database.close)
        events = await _open_events(settings)
        opened.push_async_callback(events.close)
        log = Log(clock, log_stream, level=logging.getLevelNamesMapping()[settings.log_level.upper()])
        directory = Directory(database)
        messages = MessageStore(database)
        embedder = _embedder(settings)
        warmup = Warmup("embedder", lambda: embedder.embed(["warm"]), log)
        checks = {"database": database.ping, "events": events.end, "embedder": warmup.check}
        yield Services(
            settings=settings,
            clock=clock,
            ids=ids,
            log=log,
            metrics=Metrics(),
            database=database,
            directory=directory,
            events=events,
            releases=Releases(database, clock),
            keys=Keys(database, clock, ids),
            limiter=MemoryLimiter(clock, rate=settings.rate_per_second, burst=settings.rate_burst),
            embedder=embedder,
            messages=messages,
            access=Access(directory, messages),
            warmup=warmup,
            readiness=Readiness(checks),
        )


async def _open_events(settings: Settings) -> EventLog:
    if settings.events_url:
        from core.events.nats import NatsEventLog

        return await NatsEventLog.open(settings.events_url)
    from core.events.sqlite import SqliteEventLog

    return SqliteEventLog(settings.event_file)


def _embedder(settings: Settings) -> Embedder:
    if settings.embedder is EmbedderName.HASHING:
        return HashingEmbedder()
    from gpu.embedder import MiniLmEmbedder
    from gpu.embedding_cache import CachedEmbedder

    return CachedEmbedder(MiniLmEmbedder(threads=settings.embedder_threads))
