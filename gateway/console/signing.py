"""Signing in and out, whose eyes, light or dark, and the console's own files."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from core.errors import CatchupError, NotAuthenticated, NotFound
from core.ids import UserId
from gateway.app import Services
from gateway.auth import parse_bearer
from gateway.console.assets import assets
from gateway.console.door import ConsoleRoute
from gateway.console.forms import local, read_form
from gateway.console.pages import go, page
from gateway.console.sessions import COOKIE, LIFETIME, Session
from gateway.console.views import PersonRow, Shell
from gateway.console.visitors import (
    THEME,
    THEMES,
    FormDep,
    VisitorDep,
    can_act,
    seal_of,
    theme_of,
)
from gateway.web.deps import ServicesDep

router = APIRouter(route_class=ConsoleRoute, include_in_schema=False)
_SHOWN = 60
_YEAR = 365 * 24 * 3600


@router.get("/login")
async def sign_in_page(
    request: Request,
    services: ServicesDep,
    key: str = "",
    after: Annotated[str, Query(alias="next")] = "/",
) -> Response:
    """Show the form; a link with `?key=` signs in at once and leaves the key out of every later URL."""
    if not key:
        return _form(request, local(after))
    return await _sign_in(request, services, key, local(after))


@router.post("/login")
async def sign_in(request: Request, services: ServicesDep) -> Response:
    """Check a pasted key and start a session."""
    fields = await read_form(request)
    return await _sign_in(request, services, fields.get("key", ""), local(fields.get("next", "/")))


@router.post("/logout")
async def sign_out(_fields: FormDep) -> Response:
    """End the session of this browser."""
    answer = go("/login")
    answer.delete_cookie(COOKIE, path="/")
    return answer


@router.post("/theme")
async def choose_theme(request: Request) -> Response:
    """Remember light, dark, or what the system says."""
    fields = await read_form(request)
    answer = go(local(fields.get("next", "/")))
    if fields.get("theme") in THEMES[1:]:
        answer.set_cookie(THEME, fields["theme"], max_age=_YEAR, httponly=True, samesite="lax")
    else:
        answer.delete_cookie(THEME)
    return answer


@router.get("/acting")
async def whose_eyes(
    visitor: VisitorDep,
    services: ServicesDep,
    q: str = "",
    after: Annotated[str, Query(alias="next")] = "/",
) -> Response:
    """List the people one can look as, found by name or handle."""
    wanted = q.strip().removeprefix("@").casefold()
    able = [person for person in visitor.people if can_act(person)]
    found = [p for p in able if wanted in f"{p.name}\0{p.real_name}\0{p.handle}".casefold()]
    rows = [
        PersonRow(
            who=visitor.names.who(person.id),
            channels=len(await services.directory.readable_channels(visitor.workspace.id, person)),
            current=person.id == visitor.actor.id,
        )
        for person in found[:_SHOWN]
    ]
    return page(
        "acting.html",
        visitor.shell,
        rows=rows,
        left_out=len(found) - len(rows),
        query=q,
        after=local(after),
    )


@router.post("/acting")
async def act_as(request: Request, visitor: VisitorDep, services: ServicesDep, fields: FormDep) -> Response:
    """Look through somebody else's eyes from now on; what they may not read becomes unreachable."""
    person = next((p for p in visitor.people if p.id == fields.get("person") and can_act(p)), None)
    if person is None:
        raise NotFound("person", fields.get("person", ""), remedy="Choose somebody from the list.")
    answer = go(local(fields.get("next", "/")))
    _set(answer, request, services, visitor.session.acting_as(UserId(person.id)))
    return answer


@router.get("/console/assets/{name}")
async def asset(name: str) -> Response:
    """Serve one of the console's files; its URL changes when it does."""
    found = assets().get(name)
    if found is None:
        raise NotFound("file", name, remedy="Load the page again.")
    headers = {"Cache-Control": "public, max-age=31536000, immutable"}
    return Response(found.data, media_type=found.media_type, headers=headers)


async def _sign_in(request: Request, services: Services, key: str, after: str) -> Response:
    try:
        found = await services.keys.verify(parse_bearer(f"Bearer {key.strip()}"))
    except NotAuthenticated as error:
        return _form(request, after, trouble=error)
    answer = go(after)
    seal = seal_of(services.settings.home)
    _set(answer, request, services, seal.start(found.workspace, found.id, services.clock.now()))
    return answer


def _form(request: Request, after: str, trouble: CatchupError | None = None) -> Response:
    return page(
        "login.html",
        Shell(theme=theme_of(request), here="/login"),
        status=401 if trouble else 200,
        trouble="That key is not one of ours, or it was revoked." if trouble else "",
        after=after,
    )


def _set(answer: Response, request: Request, services: Services, session: Session) -> None:
    answer.set_cookie(
        COOKIE,
        seal_of(services.settings.home).write(session),
        max_age=int(LIFETIME.total_seconds()),
        path="/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="lax",
    )
