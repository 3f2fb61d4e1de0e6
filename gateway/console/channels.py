"""Channels that the acting user may read, their summaries, and messages in context."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from core.directory import Channel
from core.errors import InvalidInput
from core.ids import ChannelId, MessageId, SummaryId
from gateway.app import Services
from gateway.auth import Scope
from gateway.console.asking import Asked, up_to
from gateway.console.door import ConsoleRoute
from gateway.console.forms import local
from gateway.console.listing import channel_rows, matching
from gateway.console.moments import zone_of
from gateway.console.names import plain, title
from gateway.console.pages import go, page
from gateway.console.talk import talk
from gateway.console.told import tell
from gateway.console.views import MessageView
from gateway.console.visitors import FormDep, Visitor, VisitorDep, here_of
from gateway.links import channel_path, feedback_path, message_path, with_notice
from gateway.web.deps import ServicesDep
from gateway.web.leaving import while_connected
from summarize.access import View
from summarize.models import FeedbackKind, Message, Window

router = APIRouter(route_class=ConsoleRoute, include_in_schema=False)
_SHOWN = 200
_LATEST = 25
_REACH = (timedelta(days=1), timedelta(days=7), timedelta(days=90))
_THANKS = {True: "Thank you: that helps to judge summaries.", False: "You had said so already."}


@router.get("/channels")
async def channel_list(visitor: VisitorDep, services: ServicesDep, q: str = "") -> Response:
    """List the channels that the acting user may read, the latest first."""
    visitor.caller.require(Scope.SUMMARIES)
    found = matching(visitor.readable, q)
    rows = await channel_rows(services, visitor, found)
    return page(
        "channels.html",
        visitor.shell,
        rows=rows[:_SHOWN],
        total=len(visitor.readable),
        left_out=max(0, len(rows) - _SHOWN),
        query=q,
    )


@router.get("/channels/{channel}")
async def channel_page(
    request: Request,
    channel: str,
    visitor: VisitorDep,
    services: ServicesDep,
    ask: Annotated[Asked, Query()],
) -> Response:
    """Show a channel: its summary if a window or a thread is named, else its latest messages."""
    visitor.caller.require(Scope.SUMMARIES)
    view = await _view(visitor, services, channel)
    last_at = await services.messages.last_at(visitor.workspace.id, view.channel.id)
    summary = None
    if ask.is_asking:
        telling = tell(
            visitor,
            services,
            view.channel,
            ask.span,
            ask.detail,
            back=here_of(request),
            question=ask.question,
            language=ask.language,
        )
        summary = await while_connected(request, telling)
    return page(
        "channel.html",
        visitor.shell,
        channel=title(view.channel),
        about=plain(view.channel.purpose or view.channel.topic),
        action=channel_path(view.channel.id),
        feedback_href=feedback_path(view.channel.id),
        busy_href=_busy_path(view.channel, last_at, visitor),
        summary=summary,
        latest=await _latest(services, visitor, view, last_at) if last_at and not summary else [],
        ask=ask,
        detail=str(ask.detail),
        zone=str(zone_of(visitor.actor)),
    )


@router.get("/channels/{channel}/messages/{message:path}")
async def message_page(
    channel: str,
    message: str,
    visitor: VisitorDep,
    services: ServicesDep,
    back: Annotated[str, Query(alias="from")] = "",
) -> Response:
    """Show a message among its neighbours: a reply in its thread, another with its replies below it."""
    visitor.caller.require(Scope.SUMMARIES)
    view = await _view(visitor, services, channel)
    id, back = MessageId(message), local(back, "")
    found = await services.summarizer.context(visitor.workspace.id, visitor.actor.id, view.channel.id, id)
    around = [line.message for line in found.lines]
    place = next(n for n, one in enumerate(around) if one.id == id)
    cited = around[place]
    replies = (await services.access.thread(view, id))[1:] if cited.root is None else []
    views = talk([*around[: place + 1], *replies, *around[place + 1 :]], visitor, cited=id, back=back)
    after = place + 1 + len(replies)
    return page(
        "message.html",
        visitor.shell,
        channel=title(view.channel),
        channel_href=channel_path(view.channel.id),
        back=back,
        thread_href=channel_path(view.channel.id, thread=cited.root or id) if cited.root or replies else "",
        root=cited.root,
        root_href=_root_path(cited, back),
        before=views[:place],
        cited=views[place],
        replies=views[place + 1 : after],
        after=views[after:],
    )


@router.post("/channels/{channel}/feedback")
async def summary_feedback(
    channel: str, visitor: VisitorDep, services: ServicesDep, fields: FormDep
) -> Response:
    """Take what the reader thinks of a summary."""
    visitor.caller.require(Scope.EVENTS)
    kind = _feedback_kind(fields.get("kind", ""))
    id = SummaryId(fields.get("summary", ""))
    new = await services.summarizer.feedback(
        visitor.workspace.id, visitor.actor.id, id, kind, item=_place(fields.get("item", ""))
    )
    return go(with_notice(local(fields.get("next", ""), channel_path(ChannelId(channel))), _THANKS[new]))


async def _view(visitor: Visitor, services: Services, channel: str) -> View:
    return await services.access.view(visitor.workspace.id, visitor.actor.id, channel, now=visitor.now)


async def _latest(services: Services, visitor: Visitor, view: View, last_at: datetime) -> list[MessageView]:
    """Return the last messages outside threads, reaching back as far as it takes."""
    found, floor = list[Message](), list[Message]()
    for reach in _REACH:
        window = Window(since=last_at - reach, until=last_at + timedelta(microseconds=1))
        found = await services.access.window(view, window)
        floor = [m for m in found if m.root is None or m.broadcast]
        if len(floor) >= _LATEST:
            break
    return talk(floor[-_LATEST:], visitor, replies=Counter(m.root for m in found if m.root))


def _busy_path(channel: Channel, last_at: datetime | None, visitor: Visitor) -> str:
    return channel_path(channel.id, **up_to(last_at, zone_of(visitor.actor))) if last_at else ""


def _root_path(cited: Message, back: str) -> str:
    return message_path(cited.channel, cited.root, back=back) if cited.root else ""


def _feedback_kind(value: str) -> FeedbackKind:
    try:
        return FeedbackKind(value)
    except ValueError as error:
        raise InvalidInput(
            "kind", value, "is not feedback", remedy=f"Use one of: {', '.join(FeedbackKind)}."
        ) from error


def _place(value: str) -> int | None:
    """Return which item feedback is on, from 0; None: all of the summary."""
    if not value:
        return None
    if not (value.isascii() and value.isdigit() and len(value) < 6):
        raise InvalidInput(
            "item", value, "is not the number of an item", remedy="Use the buttons of the page."
        )
    return int(value)
