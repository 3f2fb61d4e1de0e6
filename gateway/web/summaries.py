"""POST /v1/summaries (JSON or server-sent events), GET /v1/summaries/{id}, POST /v1/summaries/{id}/feedback."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from core.errors import CatchupError
from core.ids import SummaryId, WorkspaceId
from gateway.app import Services
from gateway.spans import span_asked
from gateway.web.deps import Caller, Scope, ServicesDep, allow
from gateway.web.leaving import pumped, while_connected
from gateway.web.middleware import REQUEST_ID_KEY
from gateway.web.problems import internal, of_error
from gateway.web.summary_bodies import (
    AskBody,
    FeedbackAnswer,
    FeedbackBody,
    ItemBody,
    SummaryBody,
    item_body,
    summary_body,
)
from summarize.asks import Ask
from summarize.calling import Known
from summarize.models import Item, Summary
from summarize.service import Summarizer
from summarize.wishes import language_of, question_of

router = APIRouter(tags=["summaries"])

EVENT_STREAM = "text/event-stream"
_STREAMED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": (
            "The summary. With `Accept: text/event-stream`: an `item` event for each item as soon as it is grounded, "
            "then one `summary` event with the whole; an `error` event with a problem if it breaks off."
        ),
        "content": {EVENT_STREAM: {"schema": {"type": "string"}}},
    }
}
Allowed = Annotated[Caller, allow(Scope.SUMMARIES)]
Id = Annotated[str, Path(description="The id that POST /v1/summaries returned.", examples=["sum_5f3a9c"])]


@router.post(
    "/v1/summaries",
    summary="Summarize a channel, a thread or what is unread",
    response_model=SummaryBody,
    responses=_STREAMED,
)
async def summarize(body: AskBody, request: Request, caller: Allowed, services: ServicesDep) -> Any:  # noqa: ANN401
    """Return what happened, each item with the messages that bear it out.

    Exactly one of `last`, `since` (with or without `until`), `thread`, `unread_from` and `unread` says which messages.
    The reader must be able to read the channel at this moment. No link, mention or image gets into an item. Whoever
    leaves before the answer is complete stops its making.
    """
    ask, known = await _ask(body, caller, services), Known()
    if EVENT_STREAM not in request.headers.get("accept", ""):
        summary = await while_connected(request, services.summarizer.summarize(ask, known=known))
        shown = await _shown(services.summarizer, summary, ask.workspace, ask.reader, known)
        return Response(_json(shown), media_type="application/json")  # it is a SummaryBody: not checked again
    answers = pumped(services.summarizer.stream(ask, known=known))
    try:
        # what is wrong with the request is a problem, not an event
        first = await while_connected(request, _first(answers))
    except BaseException:
        await answers.aclose()
        raise
    request_id = str(request.scope[REQUEST_ID_KEY])
    events = _events(services.summarizer, ask, known, first, answers, request_id=request_id)
    return StreamingResponse(events, media_type=EVENT_STREAM, headers={"Cache-Control": "no-store"})


@router.get("/v1/summaries/{id}", summary="Read a summary again")
async def fetch(
    id: Id,
    caller: Allowed,
    services: ServicesDep,
    user: Annotated[str | None, Query(description="The reader: id or @handle.", examples=["@ana"])] = None,
) -> SummaryBody:
    """Return a summary made earlier, if the reader may read its channel now; `stale` ones have lost their text."""
    reader = caller.acting(user)
    summary = await services.summarizer.fetch(caller.workspace, reader, SummaryId(id))
    return await _shown(services.summarizer, summary, caller.workspace, reader)


@router.post(
    "/v1/summaries/{id}/feedback", summary="Say what a summary or an item was worth", status_code=202
)
async def feedback(
    id: Id, body: FeedbackBody, caller: Allowed, services: ServicesDep, response: Response
) -> FeedbackAnswer:
    """Log a verdict; it joins to the exact engine, prompt version, arm and input that made the summary."""
    new = await services.summarizer.feedback(
        caller.workspace, caller.acting(body.user), SummaryId(id), body.kind, item=body.item
    )
    response.status_code = 202 if new else 200
    return FeedbackAnswer(duplicate=not new)


async def _ask(body: AskBody, caller: Caller, services: Services) -> Ask:
    reader = caller.acting(body.user)
    question, language = question_of(body.question), language_of(body.language)
    span = await span_asked(
        services,
        caller.workspace,
        reader,
        body.channel,
        unread=body.unread,
        last=body.last,
        since=body.since,
        until=body.until,
        thread=body.thread,
        unread_from=body.unread_from,
    )
    return Ask(
        workspace=caller.workspace,
        reader=reader,
        channel=body.channel,
        span=span,
        detail=body.detail,
        timezone=body.timezone,
        question=question,
        language=language,
    )


async def _first(answers: AsyncGenerator[Item | Summary, None]) -> Item | Summary:
    return await anext(answers)


async def _shown(
    summarizer: Summarizer,
    summary: Summary,
    workspace: WorkspaceId,
    reader: str,
    known: Known | None = None,
) -> SummaryBody:
    sources = await summarizer.sources(workspace, reader, summary.channel, summary.items, known=known)
    return summary_body(summary, sources)


async def _events(
    summarizer: Summarizer,
    ask: Ask,
    known: Known,
    first: Item | Summary,
    answers: AsyncGenerator[Item | Summary, None],
    *,
    request_id: str,
) -> AsyncGenerator[bytes, None]:
    """Yield server-sent events; closing this closes the generation behind it."""
    async with aclosing(answers):
        try:
            yield await _event(summarizer, ask, known, first)
            async for answer in answers:
                yield await _event(summarizer, ask, known, answer)
        except CatchupError as error:
            yield _frame("error", of_error(error).body(request_id))
        except Exception:
            yield _frame("error", internal().body(request_id))
            raise


async def _event(summarizer: Summarizer, ask: Ask, known: Known, answer: Item | Summary) -> bytes:
    if isinstance(answer, Summary):
        return _frame("summary", _json(await _shown(summarizer, answer, ask.workspace, ask.reader, known)))
    sources = await summarizer.sources(ask.workspace, ask.reader, ask.channel, [answer], known=known)
    body: ItemBody = item_body(answer, sources)
    return _frame("item", _json(body))


def _json(body: BaseModel) -> bytes:
    return body.model_dump_json().encode()


def _frame(event: str, data: bytes) -> bytes:
    return b"event: " + event.encode() + b"\ndata: " + data + b"\n\n"
