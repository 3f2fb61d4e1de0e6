"""The composition root: every part of the system, made and wired by hand, in one place."""

from __future__ import annotations

import logging
import sys
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, fields
from typing import Any, TextIO

from core.clock import Clock, SystemClock
from core.database import Database
from core.directory import Directory
from core.embedding import Embedder, HashingEmbedder
from core.events.models import EventLog
from core.ids import Ids, RandomIds
from core.release_store import Releases
from core.telemetry import Log, Metrics
from core.vault_store import DatabaseVault
from gateway.keys import Keys
from gateway.limits import Limiter, MemoryLimiter
from gateway.models import Models
from gateway.readiness import Readiness, Warmup
from gateway.settings import EmbedderName, Settings
from gateway.summarizing import Base, Summarizing, wire_summaries
from prompt_eval.service import Evaluator
from prompt_eval.store import EvalStore
from prompts.registry import Registry
from prompts.store import PromptStore
from recommend.feedback import FeedbackIntake
from recommend.service import Recommender
from recommend.snapshots import Snapshots
from recommend.store import RecommendStore
from recommend.usecase import load_use_cases
from summarize.access import Access
from summarize.cache.store import SqlSegmentCache
from summarize.conversations.model import shipped as linker
from summarize.intake import Intake
from summarize.service import Summarizer
from summarize.store import MessageStore, SummaryStore
from summarize.supporting import SupportChecks


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
    models: Models
    vault: DatabaseVault
    messages: MessageStore
    summaries: SummaryStore
    segments: SqlSegmentCache
    access: Access
    intake: Intake
    summarizer: Summarizer
    support: SupportChecks
    prompts: Registry
    evaluator: Evaluator
    recommend_store: RecommendStore
    recommender: Recommender
    feedback: FeedbackIntake
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
    log = Log(clock, log_stream, level=logging.getLevelNamesMapping()[settings.log_level.upper()])
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)  # message text lies in it
    async with AsyncExitStack() as opened:
        database = await Database.open(settings.database)
        opened.push_async_callback(database.close)
        events = await _open_events(settings)
        opened.push_async_callback(events.close)
        services = _wire(settings, clock=clock, ids=ids, log=log, database=database, events=events)
        opened.push_async_callback(services.recommender.close)
        opened.push_async_callback(services.models.close)
        await services.prompts.publish_library()
        yield services


def _wire(
    settings: Settings, *, clock: Clock, ids: Ids, log: Log, database: Database, events: EventLog
) -> Services:
    """Make every part from those below it."""
    metrics, directory, releases = Metrics(), Directory(database), Releases(database, clock)
    base = Base(
        settings=settings,
        clock=clock,
        ids=ids,
        log=log,
        metrics=metrics,
        database=database,
        directory=directory,
        events=events,
        releases=releases,
    )
    embedder = _embedder(settings)
    prompts = Registry(store=PromptStore(database), releases=releases, clock=clock)
    served = RecommendStore(database)
    warmup = Warmup("embedder", lambda: (embedder.embed(["warm"]), linker()), log)
    summarizing = wire_summaries(base, prompts=prompts, embedder=embedder)
    checks = {"database": database.ping, "events": events.end, "vault": summarizing.vault.check}
    return Services(
        **_shallow(base),
        **_shallow(summarizing),
        keys=Keys(database, clock, ids),
        limiter=MemoryLimiter(clock, rate=settings.rate_per_second, burst=settings.rate_burst),
        embedder=embedder,
        prompts=prompts,
        evaluator=Evaluator(store=EvalStore(database), clock=clock, ids=ids),
        recommend_store=served,
        recommender=_recommender(base, served),
        feedback=FeedbackIntake(events=events, store=served, clock=clock, metrics=metrics),
        warmup=warmup,
        readiness=Readiness({**checks, "embedder": warmup.check}),
    )


def _shallow(parts: Base | Summarizing) -> dict[str, Any]:
    return {field.name: getattr(parts, field.name) for field in fields(parts)}


def _recommender(base: Base, store: RecommendStore) -> Recommender:
    snapshots = Snapshots(
        folder=base.settings.snapshots,
        directory=base.directory,
        store=store,
        clock=base.clock,
        metrics=base.metrics,
    )
    return Recommender(
        database=base.database,
        events=base.events,
        store=store,
        snapshots=snapshots,
        use_cases=load_use_cases(),
        clock=base.clock,
        ids=base.ids,
        metrics=base.metrics,
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
