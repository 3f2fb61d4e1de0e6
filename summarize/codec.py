"""Summaries as rows, there and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import orjson

from core.ids import MessageId, SummaryId, UserId
from summarize.models import Coverage, Detail, Item, ItemKind, Provenance, Summary, Window

EMPTY = b'{"items": [], "participants": []}'
"""The text of a summary whose text is gone."""


def text_of(summary: Summary) -> bytes:
    """Return what of a summary is text, or follows from who said what: the part that is sealed and can be erased."""
    return orjson.dumps(
        {"items": [asdict(item) for item in summary.items], "participants": summary.participants}
    )


def to_row(summary: Summary) -> dict[str, Any]:
    """Return the rest of a summary as a row."""
    facts = {
        "coverage": asdict(summary.coverage),
        "provenance": asdict(summary.provenance),
        "degraded": summary.degraded,
    }
    return {
        "workspace": summary.workspace,
        "id": summary.id,
        "channel": summary.channel,
        "reader": summary.reader,
        "since": summary.window.since,
        "until": summary.window.until,
        "thread": summary.thread,
        "detail": str(summary.detail),
        "created_at": summary.created_at,
        "stale": summary.stale,
        "facts": orjson.dumps(facts).decode(),
    }


def from_row(row: Mapping[str, Any], text: bytes | None) -> Summary:
    """Return the summary of a row and its text; without one it is stale."""
    content = orjson.loads(EMPTY if text is None else text)
    facts = orjson.loads(row["facts"])
    return Summary(
        id=SummaryId(row["id"]),
        workspace=row["workspace"],
        channel=row["channel"],
        reader=row["reader"],
        window=Window(since=row["since"], until=row["until"]),
        thread=row["thread"],
        detail=Detail(row["detail"]),
        items=tuple(_item(entry) for entry in content["items"]),
        participants=tuple(content["participants"]),
        coverage=Coverage(**facts["coverage"]),
        provenance=Provenance(**facts["provenance"]),
        created_at=row["created_at"],
        degraded=facts["degraded"],
        stale=row["stale"] or text is None,
    )


def _item(entry: dict[str, Any]) -> Item:
    owner = entry["owner"]
    return Item(
        kind=ItemKind(entry["kind"]),
        text=entry["text"],
        citations=tuple(MessageId(id) for id in entry["citations"]),
        participants=tuple(UserId(id) for id in entry["participants"]),
        owner=None if owner is None else UserId(owner),
        due=entry["due"],
        superseded=tuple(MessageId(id) for id in entry["superseded"]),
    )
