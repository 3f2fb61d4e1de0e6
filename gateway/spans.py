"""What every door makes of the fields that name a span, the reader's own read marker among them."""

from __future__ import annotations

from core.errors import InvalidInput
from core.ids import WorkspaceId
from gateway.app import Services
from summarize.asks import Between, Span, span_of
from summarize.markers import ReadMarkers


async def span_asked(
    services: Services,
    workspace: WorkspaceId,
    reader: str,
    channel: str,
    *,
    unread: bool = False,
    last: str | None = None,
    since: str | None = None,
    until: str | None = None,
    thread: str | None = None,
    unread_from: str | None = None,
) -> Span:
    """Return the one span that was named; raises InvalidInput, NotFound."""
    named = {"last": last, "since": since, "until": until, "thread": thread, "unread_from": unread_from}
    if not unread:
        return span_of(**named)
    if given := [name for name, value in named.items() if value]:
        raise InvalidInput(
            "span",
            ", ".join(["unread", *given]),
            "needs exactly one of last, since (with or without until), thread, unread_from, unread",
            remedy="For example last=7d.",
        )
    return await unread_span(services, workspace, reader, channel)


async def unread_span(services: Services, workspace: WorkspaceId, reader: str, channel: str) -> Between:
    """Return what a reader has not read, by the marker that their client posted; raises NotFound, InvalidInput."""
    now = services.clock.now()
    view = await services.access.view(workspace, reader, channel, now=now)
    return await ReadMarkers(services.database).unread(view, now=now)
