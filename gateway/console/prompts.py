"""The prompts of the installation: which version serves, its text, and what changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from core.releases import Stage
from gateway.auth import Scope
from gateway.console.door import ConsoleRoute
from gateway.console.moments import moment, zone_of
from gateway.console.pages import page
from gateway.console.views import Moment, PromptRow, VersionRow
from gateway.console.visitors import Visitor, VisitorDep
from gateway.links import prompt_path
from gateway.web.deps import ServicesDep
from prompts.models import Standing

router = APIRouter(route_class=ConsoleRoute, include_in_schema=False)


class Wanted(BaseModel):
    """The query of a prompt's page: a version to show (the live one if none is named), and two to compare."""

    version: str = ""
    a: str = ""
    b: str = ""


@router.get("/prompts")
async def prompt_list(visitor: VisitorDep, services: ServicesDep) -> Response:
    """List every prompt with the version that is live."""
    visitor.caller.require(Scope.PROMPTS_READ)
    rows = [_row(standings, visitor) for standings in await services.prompts.list()]
    return page("prompts.html", visitor.shell, rows=rows)


@router.get("/prompts/{name}")
async def prompt(
    name: str, visitor: VisitorDep, services: ServicesDep, wanted: Annotated[Wanted, Query()]
) -> Response:
    """Show one version of a prompt, and what changed between two."""
    visitor.caller.require(Scope.PROMPTS_READ)
    standings = await services.prompts.versions(name)
    shown = await services.prompts.find(name, wanted.version or _live(standings).prompt.version)
    compared = await services.prompts.diff(name, wanted.a, wanted.b) if wanted.a and wanted.b else None
    before = next((s for s in standings if s.prompt.version != shown.prompt.version), shown)
    return page(
        "prompt.html",
        visitor.shell,
        name=name,
        about=shown.prompt.description,
        version=shown.prompt.version,
        at_stage=str(shown.release.stage),
        lines=shown.prompt.source.splitlines(),
        versions=[_version(standing, shown, visitor) for standing in standings],
        compared=compared,
        a=wanted.a or before.prompt.version,
        b=wanted.b or shown.prompt.version,
    )


def _live(standings: Sequence[Standing]) -> Standing:
    return next((s for s in standings if s.release.stage is Stage.LIVE), standings[0])


def _row(standings: Sequence[Standing], visitor: Visitor) -> PromptRow:
    live = _live(standings)
    return PromptRow(
        name=live.prompt.name,
        href=prompt_path(live.prompt.name),
        about=live.prompt.description,
        version=live.prompt.version,
        stage=str(live.release.stage),
        by=live.release.by,
        since=_since(live, visitor),
        versions=len(standings),
    )


def _version(standing: Standing, shown: Standing, visitor: Visitor) -> VersionRow:
    return VersionRow(
        version=standing.prompt.version,
        stage=str(standing.release.stage),
        by=standing.release.by,
        since=_since(standing, visitor),
        reason=standing.release.reason or standing.prompt.message,
        shown=standing.prompt.version == shown.prompt.version,
    )


def _since(standing: Standing, visitor: Visitor) -> Moment:
    return moment(standing.release.since, zone_of(visitor.actor), visitor.now)
