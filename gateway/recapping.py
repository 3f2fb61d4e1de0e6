"""Recaps as the doors use them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from core.errors import InvalidInput, NotFound
from core.ids import ChannelId, MessageId, WorkspaceId
from gateway.app import Services
from summarize.asks import Between, Last, span_of
from summarize.markers import ReadMarkers
from summarize.models import Detail
from summarize.recaps.batch import Batch
from summarize.recaps.days import parse_day
from summarize.recaps.models import USUAL_CHANNELS, Recap, RecapAsk
from summarize.recaps.service import Recaps
from summarize.sources import Sources
from summarize.wishes import language_of

MOST_MARKERS = 1000
"""Read markers in one call at most."""

_PATIENCE = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """Up to where a channel was read: by the message, else by its moment."""

    channel: str
    message: str | None = None
    at: datetime | None = None


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


async def set_markers(
    services: Services, workspace: WorkspaceId, reader: str, markers: Sequence[Marker]
) -> int:
    """Set read markers, all or none, and return how many; raises NotFound for what the reader may not read."""
    person = await services.directory.find_person(workspace, reader)
    found = dict([await _moment(services, workspace, reader, marker) for marker in markers])
    await ReadMarkers(services.database).put(workspace, person.id, found)
    return len(found)


async def _moment(
    services: Services, workspace: WorkspaceId, reader: str, marker: Marker
) -> tuple[ChannelId, datetime]:
    view = await services.access.view(workspace, reader, marker.channel, now=services.clock.now())
    if marker.at is not None:
        return view.channel.id, marker.at
    found = await services.access.messages(view, [MessageId(marker.message or "")])
    if not found:
        raise NotFound(
            "message", marker.message or "", remedy="Give the id of a message in this channel, or its ts."
        )
    return view.channel.id, found[0].at
