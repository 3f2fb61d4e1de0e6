"""An engine that says so many items and then thinks for ever, and notices when it is no longer wanted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field, replace

from gateway.app import Services
from summarize.engine import Brief, Draft
from summarize.ladder import Ladder
from summarize.models import Item, ItemKind
from summarize.service import Summarizer


@dataclass(slots=True)
class SlowDrafter:
    """Yields the first messages of a window as items, then waits until its stream is closed."""

    items: int = 0
    briefs: list[Brief] = field(default_factory=list[Brief])
    thinking: asyncio.Event = field(default_factory=asyncio.Event)
    closed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def name(self) -> str:
        return "slow/1"

    @property
    def model(self) -> str:
        return "slow"

    async def draft(self, brief: Brief) -> AsyncGenerator[Item | Draft, None]:
        """Say the items, then think."""
        self.briefs.append(brief)
        try:
            for entry in brief.material.entries[: self.items]:
                yield Item(
                    kind=ItemKind.UPDATE,
                    text=entry.text,
                    citations=(entry.message.id,),
                    participants=(entry.message.author,),
                )
            self.thinking.set()
            await asyncio.Event().wait()
        finally:
            self.closed.set()


def with_engine(services: Services, engine: SlowDrafter) -> Services:
    """Return the services with one engine alone."""
    summarizer = Summarizer(
        access=services.access,
        summaries=services.summaries,
        ladder=Ladder(lambda _workspace, _feature: (engine,), services.metrics),
        directory=services.directory,
        events=services.events,
        clock=services.clock,
        ids=services.ids,
        metrics=services.metrics,
    )
    return replace(services, summarizer=summarizer)
