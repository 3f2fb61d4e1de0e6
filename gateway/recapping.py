"""Recaps as the doors use them."""

from __future__ import annotations

from core.errors import InvalidInput
from core.ids import ChannelId, WorkspaceId
from gateway.app import Services
from summarize.asks import Between, Last, span_of
from summarize.models import Detail
from summarize.recaps.batch import Batch
from summarize.recaps.days import parse_day
from summarize.recaps.models import USUAL_CHANNELS, Recap, RecapAsk
from summarize.recaps.service import Recaps
from summarize.sources import Sources
from summarize.wishes import language_of

_PATIENCE = 10


def recaps_of(services: Services) -> Recaps:
    """Return recaps for somebody who waits: an overloaded model is told of, not waited for."""
    return Recaps.over(
        services.database, summarizer=services.summarizer, clock=services.clock, ids=services.ids
    )


def batch_of(services: Services, *, concurrency: int) -> Batch:
    """Return the nightly batch: at most so many summaries at once, and patience with a busy model."""
    recaps = Recaps.over(
        services.database,
        summarizer=services.summarizer,
        clock=services.clock,
        ids=services.ids,
        at_once=concurrency,
        patience=_PATIENCE,
    )
    return Batch(recaps=recaps, directory=services.directory, clock=services.clock)


def ask_of(
    workspace: WorkspaceId,
    reader: str,
    *,
    day: str | None = None,
    last: str | None = None,
    since: str | None = None,
    until: str | None = None,
    unread: bool = False,
    detail: Detail = Detail.BRIEF,
    limit: int = USUAL_CHANNELS,
    timezone: str = "",
    language: str | None = None,
) -> RecapAsk:
    """Return what is asked for; raises InvalidInput. No day and no span: the reader's yesterday."""
    span = span_of(last=last, since=since, until=until) if last or since or until else None
    if day and span:
        raise InvalidInput("day", day, "comes with another span", remedy="Give day, or last, or since.")
    return RecapAsk(
        workspace=workspace,
        reader=reader,
        day=parse_day(day) if day else None,
        span=span if isinstance(span, Last | Between) else None,
        unread=unread,
        detail=detail,
        limit=limit,
        timezone=timezone,
        language=language_of(language),
    )


async def sources_of(services: Services, workspace: WorkspaceId, recap: Recap) -> dict[ChannelId, Sources]:
    """Return who wrote what when, for the items of each section; raises NotFound if a channel closed just now."""
    return {
        section.channel.id: await services.summarizer.sources(
            workspace, recap.reader.id, section.channel.id, section.summary.items
        )
        for section in recap.sections
    }
