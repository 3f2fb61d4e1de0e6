"""Recommended channels and people, why, and what the reader makes of them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from fastapi import APIRouter, Response

from core.errors import InvalidInput
from gateway.app import Services
from gateway.auth import Scope
from gateway.console.cards import answer_facts, cards, left_out, source_facts
from gateway.console.door import ConsoleRoute
from gateway.console.forms import local
from gateway.console.pages import go, page
from gateway.console.views import Tab
from gateway.console.visitors import FormDep, Visitor, VisitorDep
from gateway.links import channel_path, use_case_path, with_notice
from gateway.web.deps import ServicesDep
from recommend.feedback import Feedback
from recommend.models import Ask, Recommendations

router = APIRouter(route_class=ConsoleRoute, include_in_schema=False)
_FIRST = "channel_browser"
_ABBREVIATION = re.compile(r"\bdm\b", re.IGNORECASE)
_THANKS = {"accept": "Noted: you would take this one.", "dismiss": "Noted: it will not be recommended again."}
_DEGRADED = {
    "snapshot_damaged": "The feature snapshot is damaged; an older one stands in.",
    "event_log": "The event log takes nothing: feedback on this answer cannot be counted.",
}


@router.get("/recommendations")
async def recommended(visitor: VisitorDep, services: ServicesDep, use_case: str = "") -> Response:
    """Rank for the acting user, and log that the cards were seen."""
    visitor.caller.require(Scope.RECOMMENDATIONS)
    known = services.recommender.use_cases
    chosen = known.get(use_case or _FIRST)
    answer = await recommend_for(visitor, services, chosen.name)
    await note(services, visitor, answer, "impression", [shown.entry.id for shown in answer.items])
    return page(
        "recommendations.html",
        visitor.shell,
        tabs=[_tab(one.name, chosen.name) for one in known.all()],
        about=chosen.description,
        cards=cards(answer, visitor),
        request_id=answer.request,
        degraded=[_DEGRADED.get(code, code.replace("_", " ")) for code in answer.degraded],
        nothing=f"Nothing passes what {visitor.actor.name} may see and has not joined or dismissed already.",
        answer=answer_facts(answer, visitor),
        sources=source_facts(answer),
        removed=left_out(answer),
    )


@router.post("/recommendations/feedback")
async def feedback(visitor: VisitorDep, services: ServicesDep, fields: FormDep) -> Response:
    """Take an accept or a dismissal, which counts from the next answer on."""
    visitor.caller.require(Scope.EVENTS)
    kind, item, request = (fields.get(name, "") for name in ("kind", "item", "request"))
    if kind not in _THANKS:
        raise InvalidInput("kind", kind, "is not accept or dismiss", remedy="Use the buttons of the page.")
    entry = Feedback(id=_id(kind, request, item), request=request, kind=kind, item=item)
    for outcome in await services.feedback.take(visitor.workspace.id, [entry]):
        if outcome.error is not None:
            raise outcome.error
    return go(with_notice(local(fields.get("next", ""), "/recommendations"), _THANKS[kind]))


@router.get("/recommendations/open")
async def follow(visitor: VisitorDep, services: ServicesDep, request: str, item: str) -> Response:
    """Go to a recommended channel, and count the click."""
    channel = await services.directory.find_channel(visitor.workspace.id, item)
    if visitor.may(Scope.EVENTS):
        entry = Feedback(id=_id("click", request, item), request=request, kind="click", item=item)
        await services.feedback.take(visitor.workspace.id, [entry])
    return go(channel_path(channel.id))


async def recommend_for(
    visitor: Visitor, services: Services, use_case: str, k: int | None = None
) -> Recommendations:
    """Return an answer for the acting user."""
    ask = Ask(workspace=visitor.workspace.id, user=visitor.actor.id, use_case=use_case, k=k)
    return await services.recommender.recommend(ask)


async def note(
    services: Services, visitor: Visitor, answer: Recommendations, kind: str, items: Sequence[str]
) -> None:
    """Log what was done with items of an answer; a page is not held up by an event log that is away."""
    entries = [
        Feedback(id=_id(kind, answer.request, item), request=answer.request, kind=kind, item=item)
        for item in items
    ]
    if entries and visitor.may(Scope.EVENTS) and not answer.degraded:
        await services.feedback.take(visitor.workspace.id, entries)


def _id(kind: str, request: str, item: str) -> str:
    """Return the id that makes a repeated click count once."""
    return f"{kind}:{request}:{item}"


def _tab(name: str, chosen: str) -> Tab:
    return Tab(
        href=use_case_path(name),
        name=_ABBREVIATION.sub("DM", name.replace("_", " ").capitalize()),
        current=name == chosen,
    )
