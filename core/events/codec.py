"""Events as rows and bytes, the same for every log."""

from __future__ import annotations

from typing import Any

import orjson

from core.clock import from_micros, to_micros
from core.events.models import Corpus, Event, EventKind
from core.ids import EventId, PersonNumber, RequestId, WorkspaceId

COLUMNS = ("workspace", "id", "kind", "at", "actor", "corpus", "item", "request", "data")
"""The columns of a stored event; `at` is in microseconds since 1970 UTC, `data` is JSON."""

Row = tuple[str, str, str, int, int | None, str | None, int | None, str | None, str]


def to_row(event: Event) -> Row:
    """Return an event as values for COLUMNS."""
    return (
        event.workspace,
        event.id,
        str(event.kind),
        to_micros(event.at),
        event.actor,
        event.corpus and str(event.corpus),
        event.item,
        event.request,
        orjson.dumps(dict(event.data), option=orjson.OPT_SERIALIZE_NUMPY).decode(),
    )


def from_row(row: Row) -> Event:
    """Return the event of which `to_row` made this row."""
    workspace, id, kind, at, actor, corpus, item, request, data = row
    return Event(
        workspace=WorkspaceId(workspace),
        id=EventId(id),
        kind=EventKind(kind),
        at=from_micros(at),
        actor=None if actor is None else PersonNumber(actor),
        corpus=None if corpus is None else Corpus(corpus),
        item=item,
        request=None if request is None else RequestId(request),
        data=orjson.loads(data),
    )


def to_bytes(event: Event) -> bytes:
    """Return an event as one JSON array."""
    return orjson.dumps(to_row(event))


def from_bytes(payload: bytes) -> Event:
    """Return the event of which `to_bytes` made this payload."""
    values: Any = orjson.loads(payload)
    return from_row(tuple(values))
