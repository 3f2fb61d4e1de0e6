"""Reading what a span names, through the door of permission."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from core.clock import from_micros
from core.errors import NotFound
from core.ids import MessageId
from summarize.access import Access, View
from summarize.asks import Between, Span, Thread, UnreadFrom, parse_moment, window_of
from summarize.material import Reading
from summarize.models import Message, Window

_SLACK_TS = re.compile(r"(\d{9,11})\.(\d{6})", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]|$)", re.ASCII)
_LAST = "\U0010ffff"
"""Sorts after every id: all that was sent at a marker's own moment is read."""
_REACH = (timedelta(hours=1), timedelta(hours=12), timedelta(days=7), timedelta(days=90))


async def read(access: Access, view: View, span: Span, *, zone: ZoneInfo, now: datetime) -> Reading:
    """Return the messages of a span, and the roots that its replies hang on; raises NotFound, InvalidInput."""
    if isinstance(span, Thread):
        return await _thread(access, view, span.root, now)
    if isinstance(span, UnreadFrom):
        return await _unread(access, view, span.message, zone=zone, now=now)
    window = window_of(span, zone=zone, now=now)
    return await _with_roots(access, view, window, await access.window(view, window))


async def around(access: Access, view: View, id: MessageId, *, before: int, after: int) -> list[Message]:
    """Return a message with up to so many before and after it, from its thread or else from the channel."""
    focus = await _one(access, view, id)
    if focus.root is not None:
        return _cut(await access.thread(view, focus.root), id, before, after)
    near: list[Message] = [focus]
    for reach in _REACH:
        found = await access.window(view, Window(since=focus.at - reach, until=focus.at + reach))
        floor = [m for m in found if m.root is None or m.broadcast or m.id == id]
        near = _cut(floor, id, before, after)
        if len(near) == before + after + 1:
            break
    return near


async def _unread(access: Access, view: View, marker: MessageId, *, zone: ZoneInfo, now: datetime) -> Reading:
    """Return what came after a marker, which is a message or its moment; the marker itself is read."""
    at, id = await _marked(access, view, marker, zone)
    window = Window(since=at, until=max(now, at))
    later = [m for m in await access.window(view, window) if (m.at, m.id) > (at, id)]
    return await _with_roots(access, view, window, later)


async def _marked(access: Access, view: View, marker: MessageId, zone: ZoneInfo) -> tuple[datetime, str]:
    """Return where a marker lies in the order of messages; raises NotFound, InvalidInput."""
    if found := await access.messages(view, [marker, MessageId(f"{view.channel.id}-{marker}")]):
        return found[0].at, found[0].id
    if ts := _SLACK_TS.fullmatch(marker):  # the message may be gone without a trace: its ts is its moment
        return from_micros(int(ts[1]) * 1_000_000 + int(ts[2])), _LAST
    if _DATE.match(marker):
        since = parse_moment("unread_from", marker)
        return window_of(Between(since=since, until=since), zone=zone, now=since).since, _LAST
    raise NotFound(
        "message", marker, remedy="Give the id of a message in this channel, a Slack ts or a time."
    )


async def _thread(access: Access, view: View, root: MessageId, now: datetime) -> Reading:
    named = await _one(access, view, root)
    found = await access.thread(view, named.root or named.id)
    first = min(m.at for m in found)
    last = max(m.at for m in found) + timedelta(microseconds=1)
    return Reading(
        window=Window(since=first, until=max(now, last)), found=found, thread=named.root or named.id
    )


async def _with_roots(access: Access, view: View, window: Window, found: Sequence[Message]) -> Reading:
    here = {m.id for m in found}
    missing = sorted({m.root for m in found if m.root is not None} - here)
    context = await access.messages(view, missing) if missing else []
    return Reading(window=window, found=found, context=context)


async def _one(access: Access, view: View, id: MessageId) -> Message:
    found = await access.messages(view, [id])
    if not found:
        raise NotFound("message", id, remedy="Give the id of a message in this channel.")
    return found[0]


def _cut(messages: Sequence[Message], id: MessageId, before: int, after: int) -> list[Message]:
    place = next(i for i, message in enumerate(messages) if message.id == id)
    return list(messages[max(0, place - before) : place + after + 1])
