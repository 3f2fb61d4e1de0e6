"""POST /v1/events: what people did with what was recommended."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from core.errors import CatchupError, InvalidInput, TooLarge
from gateway.web.deps import Caller, Scope, ServicesDep, allow
from recommend.feedback import KINDS, Feedback, Outcome

router = APIRouter(tags=["events"])

LARGEST = 1000
"""Events in one batch at most."""

Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:/+@=#,-]{1,100}$")]


class FeedbackBody(BaseModel):
    """One action on one item of an answer."""

    model_config = ConfigDict(extra="forbid")
    id: Annotated[
        Id,
        Field(examples=["9f1c-1"], description="Yours: the same id counts once, however often it is sent."),
    ]
    request_id: Annotated[Id, Field(description="Of the answer that showed the item.")]
    kind: Literal["impression", "click", "accept", "dismiss"]
    item: Annotated[Id, Field(description="The id of the item, as in the answer.")]
    position: Annotated[int | None, Field(ge=1, description="Where it was shown; checked if sent.")] = None
    at: Annotated[
        AwareDatetime | None, Field(description="When it happened, with a time zone; now if not sent.")
    ] = None


class BatchBody(BaseModel):
    """A batch; each event is judged by itself."""

    model_config = ConfigDict(extra="forbid")
    events: Annotated[
        list[Any],
        Field(
            description=f"At most {LARGEST}: id, request_id, kind ({', '.join(KINDS)}), item, position?, at?",
            examples=[
                [
                    {
                        "id": "9f1c-1",
                        "request_id": "rec_4f…",
                        "kind": "click",
                        "item": "C024BE91L",
                        "position": 1,
                    }
                ]
            ],
            json_schema_extra={"items": FeedbackBody.model_json_schema()},
        ),
    ]


class ResultBody(BaseModel):
    """What became of one event, in the order sent."""

    id: str | None
    status: Literal["accepted", "duplicate", "rejected"]
    kind: Annotated[str | None, Field(description="Of the problem, if it was rejected.")] = None
    detail: str | None = None
    remedy: str | None = None


class ResultsBody(BaseModel):
    """What became of a batch. What is `accepted` or `duplicate` is on disk."""

    accepted: int
    duplicate: int
    rejected: int
    results: list[ResultBody]


@router.post("/v1/events", summary="Report impressions, clicks, accepts and dismissals")
async def report(
    body: BatchBody, caller: Annotated[Caller, allow(Scope.EVENTS)], services: ServicesDep
) -> ResultsBody:
    """Take a batch: what is wrong is named event by event, and the rest is kept. Safe to send again."""
    if len(body.events) > LARGEST:
        raise TooLarge(
            f"events: {len(body.events)} in one batch.", remedy=f"Send at most {LARGEST} at a time."
        )
    parsed = [_parsed(entry, index) for index, entry in enumerate(body.events)]
    outcomes = iter(
        await services.feedback.take(
            caller.workspace, [entry for entry in parsed if isinstance(entry, Feedback)]
        )
    )
    results = [
        _result(next(outcomes)) if isinstance(entry, Feedback) else _rejected(_id_of(raw), entry)
        for entry, raw in zip(parsed, body.events, strict=True)
    ]
    count = {
        status: sum(found.status == status for found in results)
        for status in ("accepted", "duplicate", "rejected")
    }
    return ResultsBody(results=results, **count)


def _parsed(entry: object, index: int) -> Feedback | InvalidInput:
    """Return an event that can be read, or what is wrong with it."""
    try:
        body = FeedbackBody.model_validate(entry)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        place = ".".join(["events", str(index), *(str(part) for part in first["loc"])])
        given = (
            first["input"]
            if isinstance(first["input"], (str, int, float, bool))
            else type(first["input"]).__name__
        )
        return InvalidInput(
            place, given, first["msg"], remedy="Send id, request_id, kind and item; see /docs."
        )
    return Feedback(
        id=body.id,
        request=body.request_id,
        kind=body.kind,
        item=body.item,
        position=body.position,
        at=body.at,
    )


def _result(outcome: Outcome) -> ResultBody:
    if outcome.error is not None:
        return _rejected(outcome.id, outcome.error)
    return ResultBody(id=outcome.id, status=outcome.status)


def _rejected(id: str | None, error: CatchupError) -> ResultBody:
    return ResultBody(id=id, status="rejected", kind=error.kind, detail=error.message, remedy=error.remedy)


def _id_of(entry: Any) -> str | None:  # noqa: ANN401  whatever was sent
    id = entry.get("id") if isinstance(entry, dict) else None  # pyright: ignore[reportUnknownVariableType,reportUnknownMemberType]
    return id if isinstance(id, str) and len(id) <= 100 else None
