"""POST /v1/recommendations and GET /v1/use-cases."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from core.directory import Channel
from gateway.reasons import Names, read_names, sentence
from gateway.web.deps import Caller, Scope, ServicesDep, allow
from recommend.models import Ask, Recommendations, Recommended

router = APIRouter(tags=["recommendations"])


class Context(BaseModel):
    """What the client knows of the moment."""

    model_config = ConfigDict(extra="forbid")
    exclude: Annotated[
        list[str],
        Field(max_length=1000, description="Ids of items not to show, e.g. those already on the screen."),
    ] = []


class AskBody(BaseModel):
    """Whom to recommend what."""

    model_config = ConfigDict(extra="forbid")
    use_case: Annotated[str, Field(examples=["channel_browser"], description="See GET /v1/use-cases.")]
    user: Annotated[
        str | None,
        Field(examples=["@ana"], description="Id or @handle; may come in the header X-Catchup-User."),
    ] = None
    k: Annotated[
        int | None, Field(description="How many items; the use case has a default and a maximum.")
    ] = None
    explain: Annotated[bool, Field(description="Add features and what each adds to the score.")] = False
    context: Context = Context()


class ReasonBody(BaseModel):
    """Why an item is here."""

    code: Annotated[str, Field(examples=["colleagues_active"], description="Stable.")]
    count: Annotated[int, Field(description="What the code counts; for contacts, days since.")]
    text: Annotated[str, Field(examples=["4 people you work with are active here"])]


class ItemBody(BaseModel):
    """A recommended channel or person."""

    id: Annotated[str, Field(description="Channel or user id.")]
    name: str
    position: Annotated[int, Field(description="From 1.")]
    score: float
    propensity: Annotated[
        float, Field(description="The probability that the policy put this item here, given the items above.")
    ]
    sources: list[str]
    reasons: list[ReasonBody]
    features: Annotated[dict[str, float] | None, Field(description="With `explain`: as served.")] = None
    contributions: Annotated[
        dict[str, float] | None, Field(description="With `explain`: they add up to the score.")
    ] = None


class SourceBody(BaseModel):
    """What became of a candidate source."""

    name: str
    found: int
    milliseconds: float
    left_out: Annotated[
        str, Field(description="Why it is not in the answer: `late` or `failed:…`; or empty.")
    ]


class AnswerBody(BaseModel):
    """A ranked answer. Send its `request_id` with the feedback to it."""

    request_id: str
    use_case: str
    corpus: Literal["channel", "user"]
    user: str
    arm: str
    ranker: str
    ranker_version: str
    snapshot: Annotated[str, Field(description="The feature snapshot; empty: memberships alone.")]
    snapshot_at: datetime | None
    items: list[ItemBody]
    sources: list[SourceBody]
    degraded: Annotated[
        list[str], Field(description="Parts that did not work: `event_log`, `snapshot_damaged`.")
    ]


class UseCaseBody(BaseModel):
    """Something that can be asked for."""

    name: str
    corpus: Literal["channel", "user"]
    description: str
    k_default: int
    k_max: int
    attribution_days: float
    sources: list[str]
    features: list[str]


class UseCasesBody(BaseModel):
    """Everything that can be asked for."""

    use_cases: list[UseCaseBody]


@router.post("/v1/recommendations", summary="Recommend channels or people to somebody")
async def recommend(
    body: AskBody, caller: Annotated[Caller, allow(Scope.RECOMMENDATIONS)], services: ServicesDep
) -> AnswerBody:
    """Rank what the use case is about; nothing the user may not see is ever in the answer."""
    ask = Ask(
        workspace=caller.workspace,
        user=caller.acting(body.user),
        use_case=body.use_case,
        k=body.k,
        exclude=tuple(body.context.exclude),
    )
    answer = await services.recommender.recommend(ask)
    return answer_body(answer, await read_names(services.directory, answer), explain=body.explain)


@router.get("/v1/use-cases", summary="List what can be recommended")
async def use_cases(
    _caller: Annotated[Caller, allow(Scope.RECOMMENDATIONS)], services: ServicesDep
) -> UseCasesBody:
    """List the use cases with their corpus and sizes."""
    return UseCasesBody(
        use_cases=[
            UseCaseBody(
                name=found.name,
                corpus=found.corpus.value,
                description=found.description,
                k_default=found.k.default,
                k_max=found.k.max,
                attribution_days=found.attribution_days,
                sources=[used.name for used in found.sources],
                features=list(found.features),
            )
            for found in services.recommender.use_cases.all()
        ]
    )


def answer_body(answer: Recommendations, names: Names, *, explain: bool) -> AnswerBody:
    """Return an answer as JSON shows it."""
    return AnswerBody(
        request_id=answer.request,
        use_case=answer.use_case,
        corpus=answer.corpus.value,
        user=answer.person.id,
        arm=answer.arm,
        ranker=answer.ranker,
        ranker_version=answer.ranker_version,
        snapshot=answer.snapshot,
        snapshot_at=answer.snapshot_at,
        items=[_item(answer, item, names, explain=explain) for item in answer.items],
        sources=[
            SourceBody(
                name=report.name,
                found=report.found,
                milliseconds=round(report.milliseconds, 3),
                left_out=report.left_out,
            )
            for report in answer.sources
        ],
        degraded=list(answer.degraded),
    )


def title(item: Recommended) -> str:
    """Return what a channel or person is called."""
    return f"#{item.entry.name}" if isinstance(item.entry, Channel) else item.entry.name


def _item(answer: Recommendations, item: Recommended, names: Names, *, explain: bool) -> ItemBody:
    return ItemBody(
        id=item.entry.id,
        name=title(item),
        position=item.position,
        score=item.score,
        propensity=item.propensity,
        sources=list(item.sources),
        reasons=[
            ReasonBody(code=reason.code, count=reason.count, text=sentence(reason, names))
            for reason in item.reasons
        ],
        features=dict(zip(answer.features, item.features, strict=True)) if explain else None,
        contributions=dict(zip(answer.features, item.contributions, strict=True)) if explain else None,
    )
