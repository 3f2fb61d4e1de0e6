"""POST /v1/recaps, GET /v1/recaps/{id}, POST /v1/read-markers."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request

from core.ids import WorkspaceId
from gateway.app import Services
from gateway.recapping import Marker, ask_of, recaps_of, set_markers, sources_of
from gateway.web.deps import Caller, Scope, ServicesDep, allow
from gateway.web.leaving import while_connected
from gateway.web.recap_bodies import (
    MarkersAnswer,
    MarkersBody,
    RecapAskBody,
    RecapBody,
    recap_body,
)
from summarize.recaps.models import Recap, RecapAsk, RecapId

router = APIRouter(tags=["recaps"])

Allowed = Annotated[Caller, allow(Scope.SUMMARIES)]
Id = Annotated[str, Path(description="The id that POST /v1/recaps returned.", examples=["rcp_5f3a9c"])]


@router.post("/v1/recaps", summary="Digest a day or a window over all of somebody's channels")
async def make_recap(
    body: RecapAskBody, request: Request, caller: Allowed, services: ServicesDep
) -> RecapBody:
    """Return what happened in the channels that the reader is a member of, what matters to them first.

    One of `day`, `last` and `since` (with or without `until`) says when; none of them: the reader's yesterday. The
    recap of a day that is over is made once: asked for again, only what went stale or failed is made anew.
    """
    ask = _ask(body, caller)
    recap = await while_connected(request, recaps_of(services).make(ask))
    return await _shown(services, caller.workspace, recap)


@router.get("/v1/recaps/{id}", summary="Read a recap again")
async def fetch_recap(
    id: Id,
    caller: Allowed,
    services: ServicesDep,
    user: Annotated[str | None, Query(description="Its reader: id or @handle.", examples=["@ana"])] = None,
) -> RecapBody:
    """Return a recap to its reader; a channel that they can no longer read is not in it any more."""
    recap = await recaps_of(services).fetch(caller.workspace, caller.acting(user), RecapId(id))
    return await _shown(services, caller.workspace, recap)


@router.post("/v1/read-markers", summary="Say up to where somebody has read")
async def put_markers(body: MarkersBody, caller: Allowed, services: ServicesDep) -> MarkersAnswer:
    """Set read markers, back too; `unread` in a summary or a recap begins after them. All or nothing.

    The reader must be able to read each channel at this moment.
    """
    markers = [Marker(channel=one.channel, message=one.message, at=one.ts) for one in body.markers]
    count = await set_markers(services, caller.workspace, caller.acting(body.user), markers)
    return MarkersAnswer(markers=count)


def _ask(body: RecapAskBody, caller: Caller) -> RecapAsk:
    return ask_of(
        caller.workspace,
        caller.acting(body.user),
        day=body.day,
        last=body.last,
        since=body.since,
        until=body.until,
        unread=body.unread,
        detail=body.detail,
        limit=body.limit,
        timezone=body.timezone,
        language=body.language,
    )


async def _shown(services: Services, workspace: WorkspaceId, recap: Recap) -> RecapBody:
    return recap_body(recap, await sources_of(services, workspace, recap))
