"""The gRPC service `Recaps`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from core.directory import Channel
from core.errors import InvalidInput, TooLarge
from gateway.app import Services
from gateway.auth import Caller, Scope
from gateway.proto.catchup.v1 import catchup_pb2 as pb
from gateway.proto.catchup.v1 import catchup_pb2_grpc
from gateway.recapping import MOST_MARKERS, Marker, ask_of, recaps_of, set_markers
from gateway.rpc.answers import detail_of, from_timestamp, to_coverage, to_item, to_timestamp
from gateway.rpc.call import Context, calling
from gateway.rpc.summarize import between_of
from summarize.models import Detail
from summarize.recaps.models import USUAL_CHANNELS, Beside, Recap, RecapAsk, RecapId, Section, Todo

_ROUTE = "/catchup.v1.Recaps"


class RecapsDoor(catchup_pb2_grpc.RecapsServicer):
    """Digests all of somebody's channels."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def MakeRecap(self, request: pb.RecapRequest, context: Context) -> pb.Recap:
        """Answer as POST /v1/recaps does."""
        async with calling(self._services, context, f"{_ROUTE}/MakeRecap", Scope.SUMMARIES) as caller:
            return to_recap(await recaps_of(self._services).make(_ask(request, caller)))
        raise AssertionError  # calling() ends an erring call itself

    async def GetRecap(self, request: pb.GetRequest, context: Context) -> pb.Recap:
        """Answer as GET /v1/recaps/{id} does."""
        async with calling(self._services, context, f"{_ROUTE}/GetRecap", Scope.SUMMARIES) as caller:
            reader = caller.acting(request.user or None)
            return to_recap(
                await recaps_of(self._services).fetch(caller.workspace, reader, RecapId(request.id))
            )
        raise AssertionError  # calling() ends an erring call itself

    async def SetReadMarkers(
        self, request: pb.ReadMarkersRequest, context: Context
    ) -> pb.ReadMarkersResponse:
        """Answer as POST /v1/read-markers does."""
        async with calling(self._services, context, f"{_ROUTE}/SetReadMarkers", Scope.SUMMARIES) as caller:
            reader = caller.acting(request.user or None)
            markers = _markers(request.markers)
            count = await set_markers(self._services, caller.workspace, reader, markers)
            return pb.ReadMarkersResponse(markers=count)
        raise AssertionError  # calling() ends an erring call itself


def to_recap(recap: Recap) -> pb.Recap:
    """Return a recap as it goes over the wire."""
    return pb.Recap(
        id=recap.id,
        reader=recap.reader.id,
        day=recap.day.isoformat() if recap.day else "",
        since=to_timestamp(recap.window.since),
        until=to_timestamp(recap.window.until),
        timezone=recap.zone,
        detail=f"DETAIL_{recap.detail.upper()}",
        created_at=to_timestamp(recap.created_at),
        todos=[_todo(todo) for todo in recap.todos],
        sections=[_section(section) for section in recap.sections],
        quiet=[_beside(Beside(channel=channel, messages=0, mentions=0)) for channel in recap.quiet],
        uneventful=[_beside(_calm(section)) for section in recap.uneventful],
        left_out=[_beside(one) for one in recap.left_out],
        failed=[_beside(one) for one in recap.failed],
        coverage=to_coverage(recap.coverage),
        stale=recap.stale,
    )


def _ask(request: pb.RecapRequest, caller: Caller) -> RecapAsk:
    named = request.WhichOneof("span")
    ask = ask_of(
        caller.workspace,
        caller.acting(request.user or None),
        day=request.day if named == "day" else None,
        last=request.last if named == "last" else None,
        unread=request.unread,
        detail=detail_of(request.detail, Detail.BRIEF),
        limit=request.limit if request.HasField("limit") else USUAL_CHANNELS,
        timezone=request.timezone,
        language=request.language,
    )
    return replace(ask, span=between_of(request.between)) if named == "between" else ask


def _markers(given: Iterable[pb.ReadMarker]) -> list[Marker]:
    found = [_marker(one) for one in given]
    if not found:
        raise InvalidInput("markers", None, "is empty", remedy="Send at least one marker.")
    if len(found) > MOST_MARKERS:
        raise TooLarge(f"{len(found)} markers in one call.", remedy=f"Send at most {MOST_MARKERS}.")
    return found


def _marker(given: pb.ReadMarker) -> Marker:
    named = given.WhichOneof("read")
    if named is None:
        raise InvalidInput("markers.read", None, "is missing", remedy="Give message or at.")
    return Marker(
        channel=given.channel,
        message=given.message if named == "message" else None,
        at=from_timestamp("markers.at", given.at) if named == "at" else None,
    )


def _section(section: Section) -> pb.RecapSection:
    summary = section.summary
    return pb.RecapSection(
        channel=section.channel.id,
        name=section.channel.name,
        summary=summary.id,
        mentions=section.mentions,
        items=[to_item(item) for item in summary.items],
        coverage=to_coverage(summary.coverage),
        degraded=summary.degraded,
        stale=summary.stale,
    )


def _todo(todo: Todo) -> pb.RecapTodo:
    return pb.RecapTodo(
        channel=todo.channel.id, summary=todo.summary, place=todo.place, item=to_item(todo.item)
    )


def _calm(section: Section) -> Beside:
    found = section.summary.coverage.found
    return Beside(channel=section.channel, messages=found, mentions=section.mentions)


def _beside(one: Beside) -> pb.RecapBeside:
    channel: Channel = one.channel
    return pb.RecapBeside(
        channel=channel.id,
        name=channel.name,
        messages=one.messages,
        mentions=one.mentions,
        trouble=one.trouble,
    )
