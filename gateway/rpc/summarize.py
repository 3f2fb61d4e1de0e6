"""The gRPC service `Summarize`."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp

from core.clock import to_micros
from core.errors import InvalidInput
from core.ids import MessageId
from gateway.app import Services
from gateway.auth import Caller, Scope
from gateway.proto.catchup.v1 import catchup_pb2 as pb
from gateway.proto.catchup.v1 import catchup_pb2_grpc
from gateway.rpc.call import Context, calling
from summarize.asks import Ask, Between, Span, Thread, UnreadFrom, parse_last
from summarize.models import Coverage, Detail, Item, Provenance, Summary

_DETAILS = {
    pb.DETAIL_UNSPECIFIED: Detail.STANDARD,
    pb.DETAIL_BRIEF: Detail.BRIEF,
    pb.DETAIL_STANDARD: Detail.STANDARD,
    pb.DETAIL_FULL: Detail.FULL,
}


class SummarizeDoor(catchup_pb2_grpc.SummarizeServicer):
    """Summarizes a channel or a thread for somebody who may read it."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def Summarize(self, request: pb.SummarizeRequest, context: Context) -> pb.Summary:
        """Answer as POST /v1/summaries does."""
        route = "/catchup.v1.Summarize/Summarize"
        async with calling(self._services, context, route, Scope.SUMMARIES) as caller:
            return to_message(await self._services.summarizer.summarize(to_ask(request, caller)))
        raise AssertionError  # calling() ends an erring call itself

    async def StreamSummary(
        self, request: pb.SummarizeRequest, context: Context
    ) -> AsyncGenerator[pb.SummaryEvent]:
        """Answer item by item, then the whole."""
        route = "/catchup.v1.Summarize/StreamSummary"
        async with (
            calling(self._services, context, route, Scope.SUMMARIES) as caller,
            aclosing(self._services.summarizer.stream(to_ask(request, caller))) as answers,
        ):
            async for answer in answers:
                if isinstance(answer, Summary):
                    yield pb.SummaryEvent(summary=to_message(answer))
                else:
                    yield pb.SummaryEvent(item=_item(answer))


def to_ask(request: pb.SummarizeRequest, caller: Caller) -> Ask:
    """Return what is asked for; raises InvalidInput."""
    return Ask(
        workspace=caller.workspace,
        reader=caller.acting(request.user or None),
        channel=request.channel,
        span=_span(request),
        detail=_detail(request.detail),
        timezone=request.timezone,
    )


def to_message(summary: Summary) -> pb.Summary:
    """Return a summary as it goes over the wire."""
    return pb.Summary(
        id=summary.id,
        channel=summary.channel,
        reader=summary.reader,
        since=_timestamp(summary.window.since),
        until=_timestamp(summary.window.until),
        thread=summary.thread or "",
        detail=f"DETAIL_{summary.detail.upper()}",
        items=[_item(item) for item in summary.items],
        participants=summary.participants,
        coverage=_coverage(summary.coverage),
        provenance=_provenance(summary.provenance),
        created_at=_timestamp(summary.created_at),
        degraded=summary.degraded,
    )


def _span(request: pb.SummarizeRequest) -> Span:
    named = request.WhichOneof("span")
    if named == "last":
        return parse_last(request.last)
    if named == "between":
        return _between(request.between)
    if named == "thread":
        return Thread(root=MessageId(request.thread))
    if named == "unread_from":
        return UnreadFrom(message=MessageId(request.unread_from))
    raise InvalidInput(
        "span", None, "is missing", remedy="Give one of last, between, thread, unread_from; e.g. last=7d."
    )


def _between(span: pb.Between) -> Between:
    if not span.HasField("since"):
        raise InvalidInput("between.since", None, "is missing", remedy="Give the moment it begins.")
    until = _moment("between.until", span.until) if span.HasField("until") else None
    return Between(since=_moment("between.since", span.since), until=until)


def _moment(field: str, value: Timestamp) -> datetime:
    try:
        return value.ToDatetime(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidInput(
            field, value.seconds, "lies outside the calendar", remedy="Use a year from 1 to 9999."
        ) from error


def _detail(value: pb.Detail) -> Detail:
    if value not in _DETAILS:
        raise InvalidInput("detail", value, "is not a level of detail", remedy="Use BRIEF, STANDARD or FULL.")
    return _DETAILS[value]


def _timestamp(moment: datetime) -> Timestamp:
    stamp = Timestamp()
    stamp.FromMicroseconds(to_micros(moment))
    return stamp


def _item(item: Item) -> pb.Item:
    return pb.Item(
        kind=f"ITEM_KIND_{item.kind.upper()}",
        text=item.text,
        citations=item.citations,
        participants=item.participants,
        owner=item.owner or "",
        due=item.due or "",
        superseded=item.superseded,
    )


def _coverage(coverage: Coverage) -> pb.Coverage:
    return pb.Coverage(found=coverage.found, used=coverage.used, skipped=dict(coverage.skipped))


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
    )
