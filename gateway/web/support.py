"""GET /v1/summaries/{id}/support: how well each item is borne out by what it cites."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from core.ids import SummaryId
from gateway.web.deps import Caller, Scope, ServicesDep, allow
from summarize.support import SupportVerdict
from summarize.supporting import SupportReport

router = APIRouter(tags=["summaries"])
Allowed = Annotated[Caller, allow(Scope.SUMMARIES)]


class SupportBody(BaseModel):
    """The support of one item."""

    score: Annotated[float, Field(description="From 0 to 1, by words, meaning and rule.")]
    fault: Annotated[str, Field(description="What the checks find wrong, empty for nothing.")]
    judged: Annotated[float | None, Field(description="The judge's probability that it is supported.")]
    verdict: Annotated[SupportVerdict | None, Field(description="The judge's verdict.")]


class SupportReportBody(BaseModel):
    """The support of a summary's items, in order."""

    items: list[SupportBody]
    judge: Annotated[str, Field(description="The model that judged; empty: none did.")]
    own: Annotated[bool, Field(description="Whether the judge is the model that wrote the summary.")]


@router.get("/v1/summaries/{id}/support", summary="Check how well a summary is borne out")
async def support(
    id: Annotated[str, Path(description="The id that POST /v1/summaries returned.")],
    caller: Allowed,
    services: ServicesDep,
    *,
    user: Annotated[str | None, Query(description="The reader: id or @handle.", examples=["@ana"])] = None,
    judge: Annotated[bool, Query(description="Ask a language model, too; slow.")] = False,
) -> SupportReportBody:
    """Compare each item with the messages it cites: a second look, apart from the checks that every item has passed.

    The judge is the last model of the workspace's chain; `own` tells whether it judged itself.
    """
    checks = services.support
    report = await checks.report(caller.workspace, caller.acting(user), SummaryId(id), judged=judge)
    return _body(report)


def _body(report: SupportReport) -> SupportReportBody:
    items = [
        SupportBody(score=one.score, fault=one.fault, judged=one.judged, verdict=one.verdict)
        for one in report.items
    ]
    return SupportReportBody(items=items, judge=report.judge, own=report.own)
