"""What happened in all of the acting user's channels: their to-dos, then what matters most."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict

from core.directory import Channel
from gateway.app import Services
from gateway.auth import Scope
from gateway.console.door import ConsoleRoute
from gateway.console.moments import moment, zone_of
from gateway.console.names import title
from gateway.console.pages import page
from gateway.console.told import cited_ids, coverage_view, summary_view
from gateway.console.views import RecapView, SectionView, TodoView
from gateway.console.visitors import Visitor, VisitorDep, here_of
from gateway.links import channel_path, feedback_path
from gateway.recapping import ask_of, recaps_of
from gateway.web.deps import ServicesDep
from gateway.web.leaving import while_connected
from summarize.models import Detail
from summarize.recaps.models import Beside, Recap, RecapAsk, Section

router = APIRouter(route_class=ConsoleRoute, include_in_schema=False)

YESTERDAY, DAY = "yesterday", "day"
_TROUBLE = "no summary: {}"


class RecapAsked(BaseModel):
    """The query of the page."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    when: str = ""
    day: str = ""
    unread: bool = False
    detail: Detail = Detail.BRIEF

    @property
    def chosen(self) -> str:
        """Return the window that the form shows as chosen."""
        return self.when or YESTERDAY

    def of(self, visitor: Visitor) -> RecapAsk:
        """Return what is asked for; raises InvalidInput."""
        return ask_of(
            visitor.workspace.id,
            visitor.actor.id,
            day=self.day if self.when == DAY else None,
            last=None if self.when in {YESTERDAY, DAY} else self.when,
            unread=self.unread,
            detail=self.detail,
        )


@router.get("/recap")
async def recap_page(
    request: Request, visitor: VisitorDep, services: ServicesDep, ask: Annotated[RecapAsked, Query()]
) -> Response:
    """Show a recap if a window is named, and the form that asks for one."""
    visitor.caller.require(Scope.SUMMARIES)
    recap = None
    if ask.when:
        recap = await while_connected(request, _tell(request, visitor, services, ask.of(visitor)))
    return page(
        "recap.html",
        visitor.shell,
        recap=recap,
        ask=ask,
        detail=str(ask.detail),
        zone=str(zone_of(visitor.actor)),
        yesterday=YESTERDAY,
        today=visitor.now.astimezone(zone_of(visitor.actor)).date().isoformat(),
    )


async def _tell(request: Request, visitor: Visitor, services: Services, ask: RecapAsk) -> RecapView:
    recap = await recaps_of(services).make(ask)
    sections = {
        section.channel.id: await _section(services, visitor, section, here_of(request))
        for section in recap.sections
    }
    todos = [
        TodoView(
            channel=title(todo.channel),
            href=channel_path(todo.channel.id),
            item=sections[todo.channel.id].summary.items[todo.place],
        )
        for todo in recap.todos
    ]
    zone = zone_of(visitor.actor)
    since, until = (moment(at, zone, visitor.now).text for at in (recap.window.since, recap.window.until))
    return RecapView(
        window=f"{since} to {until}",
        zone=str(zone),
        todos=tuple(todos),
        sections=tuple(sections.values()),
        beside=_beside(recap),
        coverage=coverage_view(recap.coverage),
        stale=recap.stale,
    )


async def _section(services: Services, visitor: Visitor, section: Section, back: str) -> SectionView:
    here, reader = visitor.workspace.id, visitor.actor.id
    view = await services.access.view(here, reader, section.channel.id, now=visitor.now)
    cited = await services.access.messages(view, cited_ids(section.summary.items))
    return SectionView(
        name=title(section.channel),
        href=channel_path(section.channel.id),
        feedback_href=feedback_path(section.channel.id),
        mentions=section.mentions,
        summary=summary_view(section.summary, cited, visitor, back=back),
    )


def _beside(recap: Recap) -> tuple[tuple[str, tuple[tuple[str, str, str], ...]], ...]:
    """Return the channels without a section, under what they have in common: address, name, remark."""
    calm = [_row(one.channel, _messages(one.summary.coverage.found)) for one in recap.uneventful]
    groups = [
        ("No summary this time", [_row(one.channel, _TROUBLE.format(one.trouble)) for one in recap.failed]),
        ("Beyond the busiest", [_left_out(one) for one in recap.left_out]),
        ("Talk, but no news", calm),
        ("Quiet", [_row(channel, "") for channel in recap.quiet]),
    ]
    return tuple((name, tuple(rows)) for name, rows in groups if rows)


def _left_out(one: Beside) -> tuple[str, str, str]:
    named = f", {one.mentions} mention you" if one.mentions else ""
    return _row(one.channel, f"{_messages(one.messages)}{named}")


def _row(channel: Channel, remark: str) -> tuple[str, str, str]:
    return channel_path(channel.id), title(channel), remark


def _messages(count: int) -> str:
    return "1 message" if count == 1 else f"{count:,} messages"
