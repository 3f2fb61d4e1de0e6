"""The first page: the workspace as one person sees it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from fastapi import APIRouter, Request, Response

from core.directory import Channel
from core.errors import CatchupError, NotFound
from gateway.app import Services
from gateway.auth import Scope
from gateway.console.asking import Asked, up_to
from gateway.console.cards import cards
from gateway.console.door import ConsoleRoute
from gateway.console.listing import channel_rows
from gateway.console.moments import ago, moment, zone_of
from gateway.console.names import title
from gateway.console.pages import go, page
from gateway.console.recommendations import note, recommend_for
from gateway.console.told import tell
from gateway.console.views import ChannelRow, SummaryView
from gateway.console.visitors import Visitor, VisitorDep, can_act
from gateway.links import channel_path
from gateway.version import version
from gateway.web.deps import ServicesDep
from recommend.models import Recommendations
from summarize.llm.drafter import SUMMARY
from summarize.models import Detail

router = APIRouter(route_class=ConsoleRoute, include_in_schema=False)
_CHANNELS = 8
_CARDS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed:
    """What happened in the channel to read first; `trouble` says why there is no summary."""

    channel: str
    href: str
    summary: SummaryView | None = None
    trouble: str = ""


@router.get("/")
async def home(request: Request, visitor: VisitorDep, services: ServicesDep) -> Response:
    """Show counts, what was missed, channels, recommendations and the state of the system."""
    if "key" in request.query_params:
        return go(f"/login?{request.url.query}")
    rows = await channel_rows(services, visitor, visitor.readable)
    last_at = rows[0].last_at if rows else None
    missed = await _missed(visitor, services, rows, last_at) if last_at else None
    answer = await _preview(visitor, services)
    return page(
        "home.html",
        visitor.shell,
        last=moment(last_at, zone_of(visitor.actor), visitor.now) if last_at else None,
        stats=await _stats(visitor, services, rows),
        missed=missed,
        rows=rows[:_CHANNELS],
        readable=len(rows),
        cards=cards(answer, visitor) if answer else [],
        state=await _state(visitor, services, missed, answer),
    )


async def _stats(visitor: Visitor, services: Services, rows: Sequence[ChannelRow]) -> list[tuple[str, int]]:
    return [
        ("People", sum(can_act(person) for person in visitor.people)),
        ("Channels you may read", len(rows)),
        ("Messages in them", sum(row.messages for row in rows)),
        ("Events in the log", await services.events.end()),
    ]


async def _missed(
    visitor: Visitor, services: Services, rows: Sequence[ChannelRow], last_at: datetime
) -> Missed | None:
    """Return the week up to the workspace's last message, in the channel that the daily digest puts first."""
    if not visitor.may(Scope.SUMMARIES):
        return None
    channel = await _first_to_read(visitor, services, rows)
    asked = Asked.model_validate({**up_to(last_at, zone_of(visitor.actor)), "detail": Detail.BRIEF})
    href = channel_path(channel.id, **up_to(last_at, zone_of(visitor.actor)))
    found = Missed(channel=title(channel), href=href)
    try:
        summary = await tell(visitor, services, channel, asked.span, asked.detail, back="/")
    except CatchupError as error:  # the page has more to show than this
        return Missed(channel=found.channel, href=href, trouble=f"{error.message} {error.remedy}".strip())
    return Missed(channel=found.channel, href=href, summary=summary)


async def _first_to_read(visitor: Visitor, services: Services, rows: Sequence[ChannelRow]) -> Channel:
    by_path = {channel_path(channel.id): channel for channel in visitor.readable}
    busiest = by_path[max(rows, key=lambda row: row.messages).href]
    try:
        answer = await recommend_for(visitor, services, "daily_digest", k=1)
    except CatchupError:  # without a digest, the channel with the most messages will do
        return busiest
    return next((shown.entry for shown in answer.items if isinstance(shown.entry, Channel)), busiest)


async def _preview(visitor: Visitor, services: Services) -> Recommendations | None:
    if not visitor.may(Scope.RECOMMENDATIONS):
        return None
    try:
        answer = await recommend_for(visitor, services, "channel_browser", k=_CARDS)
        await note(services, visitor, answer, "impression", [shown.entry.id for shown in answer.items])
    except CatchupError:  # the page of recommendations says what is wrong
        return None
    return answer


async def _state(
    visitor: Visitor, services: Services, missed: Missed | None, answer: Recommendations | None
) -> list[tuple[str, str]]:
    engine = dict(missed.summary.provenance).get("Engine", "") if missed and missed.summary else ""
    built = answer.snapshot_at if answer else None
    return [
        ("Summaries by", engine or "no engine was needed yet"),
        ("Embeddings by", services.embedder.name),
        ("Prompt live", await _live_prompt(services)),
        ("Feature snapshot", ago(built, visitor.now) if built else "memberships only"),
        ("Catchup", version()),
    ]


async def _live_prompt(services: Services) -> str:
    try:
        live = (await services.prompts.find(SUMMARY)).prompt
    except NotFound:
        return "none"
    return f"{live.name} {live.version[:8]}"
