"""What was said just before a window, read along so that a prompt begins where earlier prompts of the channel began."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from summarize.access import Access, View
from summarize.material import Reading
from summarize.models import MessageKind, Window

_REACH = timedelta(hours=6)
_MOST = 48
_EARLIEST = datetime.min.replace(tzinfo=UTC) + _REACH  # what has anything before it
_SILENT = frozenset({MessageKind.SYSTEM, MessageKind.DELETED})


async def with_lead_in(access: Access, view: View, reading: Reading) -> Reading:
    """Return a reading with up to 48 messages of the six hours before its window as context; threads stay as they are.

    They are asked for through the same door as the window itself.
    """
    if reading.thread is not None or not reading.found:
        return reading
    since = reading.window.since
    before = await access.window(view, Window(since=max(since, _EARLIEST) - _REACH, until=since))
    known = {message.id for message in (*reading.context, *reading.found)}
    lead = [m for m in before if m.id not in known and m.kind not in _SILENT][-_MOST:]
    return replace(reading, context=[*reading.context, *lead])
