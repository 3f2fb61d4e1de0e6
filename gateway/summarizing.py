"""The wiring of summaries: stores, engines, the summarizer, each made from those below it."""

from __future__ import annotations

from dataclasses import dataclass

from core.clock import Clock
from core.database import Database
from core.directory import Directory
from core.embedding import Embedder
from core.events.models import EventLog
from core.ids import Ids
from core.release_store import Releases
from core.telemetry import Log, Metrics
from core.vault_store import DatabaseVault
from gateway.engines import Engines
from gateway.models import Models
from gateway.settings import Settings
from prompts.registry import Registry
from summarize.access import Access
from summarize.cache.store import SqlSegmentCache
from summarize.extract_drafter import ExtractiveDrafter
from summarize.intake import AllDerived, Intake
from summarize.ladder import Ladder
from summarize.llm.serving import ServedPrompts
from summarize.service import Summarizer
from summarize.store import MessageStore, SummaryStore
from summarize.supporting import SupportChecks


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """What every part stands on."""

    settings: Settings
    clock: Clock
    ids: Ids
    log: Log
    metrics: Metrics
    database: Database
    directory: Directory
    events: EventLog
    releases: Releases


@dataclass(frozen=True, slots=True, kw_only=True)
class Summarizing:
    """Everything about messages and what is made of them."""

    vault: DatabaseVault
    messages: MessageStore
    summaries: SummaryStore
    segments: SqlSegmentCache
    access: Access
    intake: Intake
    models: Models
    summarizer: Summarizer
    support: SupportChecks


def wire_summaries(base: Base, *, prompts: Registry, embedder: Embedder) -> Summarizing:
    """Make the parts; contacts no model yet. Raises InvalidInput, InvalidFile for settings that cannot be used."""
    masters = base.settings.masters()
    vault = DatabaseVault(base.database, masters, clock=base.clock)
    messages, summaries = MessageStore(base.database), SummaryStore(base.database, vault)
    segments = SqlSegmentCache(base.database, vault, clock=base.clock, log=base.log)
    access = Access(base.directory, messages)
    models = Models.from_settings(base.settings, hook=lambda event: base.metrics.pool(event.kind, event.node))
    served = ServedPrompts(prompts, base.releases)
    engines = Engines(
        models, prompts=served, cache=segments, masters=masters, extractive=ExtractiveDrafter(embedder)
    )
    summarizer = Summarizer(
        access=access,
        summaries=summaries,
        ladder=Ladder(engines.rungs, base.metrics),
        directory=base.directory,
        events=base.events,
        clock=base.clock,
        ids=base.ids,
        metrics=base.metrics,
    )
    return Summarizing(
        vault=vault,
        messages=messages,
        summaries=summaries,
        segments=segments,
        access=access,
        intake=Intake(store=messages, invalidator=AllDerived(summaries, segments), clock=base.clock),
        models=models,
        summarizer=summarizer,
        support=SupportChecks(summarizer, embedder=embedder, judge_of=models.judge, prompts=served),
    )
