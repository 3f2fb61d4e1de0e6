"""The tables of recaps, and their rows as values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import orjson
from sqlalchemy import Boolean, Column, Index, Integer, String, Table, Text, UniqueConstraint

from core.clock import from_micros, to_micros
from core.database import UtcMicros, metadata
from core.ids import ChannelId, SummaryId
from summarize.models import Detail, Window
from summarize.recaps.models import Activity, Entry, RecapId, Record

recaps = Table(
    "recaps",
    metadata,
    Column("workspace", String(64), primary_key=True),
    Column("id", String(64), primary_key=True),
    Column("reader", String(64), nullable=False),
    Column("key", String(192)),  # what makes it the only one of its kind; None: one of many
    Column("day", String(10)),
    Column("since", UtcMicros, nullable=False),
    Column("until", UtcMicros, nullable=False),
    Column("zone", String(64), nullable=False),
    Column("detail", String(16), nullable=False),
    Column("language", String(64), nullable=False),
    Column("created_at", UtcMicros, nullable=False),
    Column("whole", Boolean, nullable=False),
    Column("claimed_until", UtcMicros),  # somebody is making it, and says so again and again
    Column(
        "plan", Text, nullable=False
    ),  # channels without a section, and where each begins: ids and numbers
    UniqueConstraint("workspace", "reader", "key", name="uq_recaps_key"),
    Index("ix_recaps_key", "workspace", "key"),
)
recap_entries = Table(
    "recap_entries",
    metadata,
    Column("workspace", String(64), primary_key=True),
    Column("recap", String(64), primary_key=True),
    Column("channel", String(64), primary_key=True),
    Column("messages", Integer, nullable=False),
    Column("mentions", Integer, nullable=False),
    Column("summary", String(64)),
    Column("trouble", String(64), nullable=False),
)
recap_opt_outs = Table(
    "recap_opt_outs",
    metadata,
    Column("workspace", String(64), primary_key=True),
    Column("person", String(64), primary_key=True),
)


def to_row(record: Record) -> dict[str, Any]:
    """Return a recap as a row; its entries are rows of their own."""
    plan = {
        "since": {channel: to_micros(moment) for channel, moment in record.since.items()},
        "quiet": record.quiet,
        "left_out": [[one.channel, one.messages, one.mentions] for one in record.left_out],
    }
    return {
        "workspace": record.workspace,
        "id": record.id,
        "reader": record.reader,
        "key": record.key or None,
        "day": record.day.isoformat() if record.day else None,
        "since": record.window.since,
        "until": record.window.until,
        "zone": record.zone,
        "detail": str(record.detail),
        "language": record.language,
        "created_at": record.created_at,
        "whole": record.whole,
        "claimed_until": None,
        "plan": orjson.dumps(plan).decode(),
    }


def entry_row(record: Record, entry: Entry) -> dict[str, Any]:
    """Return an entry as a row."""
    return {
        "workspace": record.workspace,
        "recap": record.id,
        "channel": entry.channel,
        "messages": entry.messages,
        "mentions": entry.mentions,
        "summary": entry.summary,
        "trouble": entry.trouble,
    }


def from_rows(row: Mapping[str, Any], entries: Sequence[Mapping[str, Any]]) -> Record:
    """Return the recap of its rows."""
    plan = orjson.loads(row["plan"])
    return Record(
        id=RecapId(row["id"]),
        workspace=row["workspace"],
        reader=row["reader"],
        key=row["key"] or "",
        day=date.fromisoformat(row["day"]) if row["day"] else None,
        window=Window(since=row["since"], until=row["until"]),
        zone=row["zone"],
        detail=Detail(row["detail"]),
        language=row["language"],
        created_at=row["created_at"],
        whole=row["whole"],
        since={ChannelId(channel): from_micros(micros) for channel, micros in plan["since"].items()},
        entries=tuple(_entry(entry) for entry in entries),
        quiet=tuple(ChannelId(channel) for channel in plan["quiet"]),
        left_out=tuple(
            Activity(channel=ChannelId(channel), messages=messages, mentions=mentions)
            for channel, messages, mentions in plan["left_out"]
        ),
    )


def _entry(row: Mapping[str, Any]) -> Entry:
    return Entry(
        channel=ChannelId(row["channel"]),
        messages=row["messages"],
        mentions=row["mentions"],
        summary=SummaryId(row["summary"]) if row["summary"] else None,
        trouble=row["trouble"],
    )
