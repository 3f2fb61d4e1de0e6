"""Reading what a span names, through the door of permission."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from core.errors import NotFound
from core.ids import MessageId
from summarize.access import Access, View
from summarize.asks import Span, Thread, UnreadFrom, window_of
from summarize.material import Reading
from summarize.models import Message, Window

_REACH = (timedelta(hours=1), timedelta(hours=12), timedelta(days=7), timedelta(days=90))


async def read(access: Access, view: View, span: Span, *, zone: ZoneInfo, now: datetime) -> Reading:
    """Return the messages of a span, and the roots that its replies hang on; raises NotFound, InvalidInput."""
    if isinstance(span, Thread):
        return await _thread(access, view, span.root, now)
    if isinstance(span, UnreadFrom):
        marker = await _one(access, view, span.message)
        window = Window(since=marker.at, until=max(now, marker.at))
        found = await access.window(view, window)
        later = [m for m in found if (m.at, m.id) > (marker.at, marker.id)]
        return await _with_roots(access, view, window, later)
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
