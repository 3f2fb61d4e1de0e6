"""Summaries as they go over gRPC."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp

from core.clock import to_micros
from core.errors import InvalidInput
from gateway.proto.catchup.v1 import catchup_pb2 as pb
from summarize.models import Coverage, Detail, Item, Provenance, Summary

_DETAILS = {
    pb.DETAIL_BRIEF: Detail.BRIEF,
    pb.DETAIL_STANDARD: Detail.STANDARD,
    pb.DETAIL_FULL: Detail.FULL,
}


def to_message(summary: Summary) -> pb.Summary:
    """Return a summary as it goes over the wire."""
    return pb.Summary(
        id=summary.id,
        channel=summary.channel,
        reader=summary.reader,
        since=to_timestamp(summary.window.since),
        until=to_timestamp(summary.window.until),
        thread=summary.thread or "",
        detail=f"DETAIL_{summary.detail.upper()}",
        items=[to_item(item) for item in summary.items],
        participants=summary.participants,
        coverage=to_coverage(summary.coverage),
        provenance=_provenance(summary.provenance),
        created_at=to_timestamp(summary.created_at),
        degraded=summary.degraded,
        stale=summary.stale,
    )


def to_timestamp(moment: datetime) -> Timestamp:
    """Return a moment."""
    stamp = Timestamp()
    stamp.FromMicroseconds(to_micros(moment))
    return stamp


def to_item(item: Item) -> pb.Item:
    """Return an item."""
    return pb.Item(
        kind=f"ITEM_KIND_{item.kind.upper()}",
        text=item.text,
        citations=item.citations,
        participants=item.participants,
        owner=item.owner or "",
        due=item.due or "",
        superseded=item.superseded,
    )


def to_coverage(coverage: Coverage) -> pb.Coverage:
    """Return a coverage block."""
    return pb.Coverage(**asdict(coverage))


def _provenance(made: Provenance) -> pb.Provenance:
    return pb.Provenance(
        engine=made.engine,
        model=made.model,
        prompt=made.prompt,
        input_hash=made.input_hash,
        arm=made.arm,
        prompt_tokens=made.prompt_tokens,
        completion_tokens=made.completion_tokens,
        seconds=made.seconds,
        cached_tokens=made.cached_tokens,
    )


def from_timestamp(field: str, value: Timestamp) -> datetime:
    """Return the moment of a timestamp; raises InvalidInput."""
    try:
        return value.ToDatetime(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidInput(
            field, value.seconds, "lies outside the calendar", remedy="Use a year from 1 to 9999."
        ) from error


def detail_of(value: pb.Detail, otherwise: Detail = Detail.STANDARD) -> Detail:
    """Return a level of detail; raises InvalidInput for one that is none."""
    if value == pb.DETAIL_UNSPECIFIED:
        return otherwise
    if value not in _DETAILS:
        raise InvalidInput("detail", value, "is not a level of detail", remedy="Use BRIEF, STANDARD or FULL.")
    return _DETAILS[value]
