"""The gRPC service `Summarize`."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from core.errors import InvalidInput
from core.ids import MessageId, SummaryId
from gateway.app import Services
from gateway.auth import Caller, Scope
from gateway.proto.catchup.v1 import catchup_pb2 as pb
from gateway.proto.catchup.v1 import catchup_pb2_grpc
from gateway.rpc.answers import detail_of, from_timestamp, to_item, to_message
from gateway.rpc.call import Context, calling
from gateway.spans import unread_span
from summarize.asks import Ask, Between, Span, Thread, UnreadFrom, parse_last
from summarize.models import FeedbackKind, Summary
from summarize.wishes import language_of, question_of

_KINDS = {
    pb.FEEDBACK_KIND_USEFUL: FeedbackKind.USEFUL,
    pb.FEEDBACK_KIND_WRONG: FeedbackKind.WRONG,
    pb.FEEDBACK_KIND_MISSING: FeedbackKind.MISSING,
    pb.FEEDBACK_KIND_UNSAFE: FeedbackKind.UNSAFE,
}


class SummarizeDoor(catchup_pb2_grpc.SummarizeServicer):
    """Summarizes a channel or a thread for somebody who may read it."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def Summarize(self, request: pb.SummarizeRequest, context: Context) -> pb.Summary:
        """Answer as POST /v1/summaries does."""
        route = "/catchup.v1.Summarize/Summarize"
        async with calling(self._services, context, route, Scope.SUMMARIES) as caller:
            ask = await to_ask(request, caller, self._services)
            return to_message(await self._services.summarizer.summarize(ask))
        raise AssertionError  # calling() ends an erring call itself

    async def StreamSummary(
        self, request: pb.SummarizeRequest, context: Context
    ) -> AsyncGenerator[pb.SummaryEvent]:
        """Answer item by item, then the whole."""
        route = "/catchup.v1.Summarize/StreamSummary"
        async with (
            calling(self._services, context, route, Scope.SUMMARIES) as caller,
            aclosing(
                self._services.summarizer.stream(await to_ask(request, caller, self._services))
            ) as answers,
        ):
            async for answer in answers:
                if isinstance(answer, Summary):
                    yield pb.SummaryEvent(summary=to_message(answer))
                else:
                    yield pb.SummaryEvent(item=to_item(answer))

    async def GetSummary(self, request: pb.GetRequest, context: Context) -> pb.Summary:
        """Answer as GET /v1/summaries/{id} does."""
        route = "/catchup.v1.Summarize/GetSummary"
        async with calling(self._services, context, route, Scope.SUMMARIES) as caller:
            reader = caller.acting(request.user or None)
            found = await self._services.summarizer.fetch(caller.workspace, reader, SummaryId(request.id))
            return to_message(found)
        raise AssertionError  # calling() ends an erring call itself

    async def GiveFeedback(self, request: pb.FeedbackRequest, context: Context) -> pb.FeedbackResponse:
        """Answer as POST /v1/summaries/{id}/feedback does."""
        route = "/catchup.v1.Summarize/GiveFeedback"
        async with calling(self._services, context, route, Scope.SUMMARIES) as caller:
            new = await self._services.summarizer.feedback(
                caller.workspace,
                caller.acting(request.user or None),
                SummaryId(request.summary),
                _kind(request.kind),
                item=request.item if request.HasField("item") else None,
            )
            return pb.FeedbackResponse(duplicate=not new)
        raise AssertionError  # calling() ends an erring call itself


async def to_ask(request: pb.SummarizeRequest, caller: Caller, services: Services) -> Ask:
    """Return what is asked for; raises InvalidInput, NotFound."""
    reader = caller.acting(request.user or None)
    unread = request.WhichOneof("span") == "unread" and request.unread
    span = unread_span(services, caller.workspace, reader, request.channel) if unread else None
    return Ask(
        workspace=caller.workspace,
        reader=reader,
        channel=request.channel,
        span=await span if span else _span(request),
        detail=detail_of(request.detail),
        timezone=request.timezone,
        question=question_of(request.question),
        language=language_of(request.language),
    )


def _span(request: pb.SummarizeRequest) -> Span:
    named = request.WhichOneof("span")
    if named == "last":
        return parse_last(request.last)
    if named == "between":
        return between_of(request.between)
    if named == "thread":
        return Thread(root=MessageId(request.thread))
    if named == "unread_from":
        return UnreadFrom(message=MessageId(request.unread_from))
    raise InvalidInput(
        "span",
        None,
        "is missing",
        remedy="Give one of last, between, thread, unread_from, unread; e.g. last=7d.",
    )


def between_of(span: pb.Between) -> Between:
    """Return a span; raises InvalidInput."""
    if not span.HasField("since"):
        raise InvalidInput("between.since", None, "is missing", remedy="Give the moment it begins.")
    until = from_timestamp("between.until", span.until) if span.HasField("until") else None
    return Between(since=from_timestamp("between.since", span.since), until=until)


def _kind(value: pb.FeedbackKind) -> FeedbackKind:
    if value not in _KINDS:
        raise InvalidInput("kind", value, "is not feedback", remedy="Use USEFUL, WRONG, MISSING or UNSAFE.")
    return _KINDS[value]
