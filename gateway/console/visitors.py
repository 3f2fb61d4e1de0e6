"""Who looks: a session with a living key, and the person through whose eyes the workspace is seen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request

from core.directory import Channel, Guest, Person, Workspace
from core.errors import NotAuthenticated, NotFound
from core.ids import UserId
from gateway.app import Services
from gateway.auth import Caller, Scope
from gateway.console.forms import read_form
from gateway.console.names import Names, Who, names_of
from gateway.console.sessions import COOKIE, Seal, Session
from gateway.console.views import Shell
from gateway.web.deps import CALLER_KEY, ServicesDep

SHELL_KEY = "catchup_shell"
"""In the scope: what the page of a later error has around it."""
THEME = "catchup_theme"
THEMES = ("system", "light", "dark")


class SignInFirst(Exception):
    """Nobody is signed in; `after` is where to go on afterwards."""

    def __init__(self, after: str) -> None:
        self.after = after
        super().__init__(after)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """A signed-in browser, what its key may do, and as whom it looks, and when."""

    now: datetime
    session: Session
    caller: Caller
    workspace: Workspace
    actor: Person
    people: tuple[Person, ...]
    readable: tuple[Channel, ...]
    names: Names
    shell: Shell

    def may(self, scope: Scope) -> bool:
        """Tell whether the key has a scope."""
        return scope in self.caller.scopes or Scope.ADMIN in self.caller.scopes


@lru_cache(maxsize=8)
def seal_of(home: Path) -> Seal:
    """Return the seal of an installation, read once."""
    return Seal.kept_in(home)


async def visitor(request: Request, services: ServicesDep) -> Visitor:
    """Return who looks; raises SignInFirst."""
    session = await _session(request, services)
    workspace = await services.directory.workspace(session.workspace)
    people = await services.directory.people(workspace.id)
    actor = _actor(people, session.actor)
    every = await services.directory.channels(workspace.id)
    readable = await services.directory.readable_channels(workspace.id, actor)
    names = names_of(people, readable, every)
    found = Visitor(
        now=services.clock.now(),
        session=session,
        caller=request.scope[CALLER_KEY],
        workspace=workspace,
        actor=actor,
        people=tuple(people),
        readable=tuple(readable),
        names=names,
        shell=_shell(request, services, session, workspace, names.who(actor.id)),
    )
    request.scope[SHELL_KEY] = found.shell
    return found


async def form(request: Request, services: ServicesDep, found: VisitorDep) -> dict[str, str]:
    """Return a posted form of this session's own; raises NotPermitted without its CSRF token."""
    fields = await read_form(request)
    seal_of(services.settings.home).check_csrf(found.session, fields.pop("csrf", ""))
    return fields


VisitorDep = Annotated[Visitor, Depends(visitor)]
FormDep = Annotated[dict[str, str], Depends(form)]


def can_act(person: Person) -> bool:
    """Tell whether the console can look through somebody's eyes: people who read, so no bots."""
    return not person.is_bot and not person.deactivated


def theme_of(request: Request) -> str:
    """Return the chosen theme."""
    chosen = request.cookies.get(THEME, "")
    return chosen if chosen in THEMES else THEMES[0]


def here_of(request: Request) -> str:
    """Return the path and query of a page that can be shown again with GET."""
    query = f"?{request.url.query}" if request.url.query else ""
    return f"{request.url.path}{query}" if request.method == "GET" else "/"


async def _session(request: Request, services: Services) -> Session:
    """Return the session, and put its caller into the scope, where log lines look for it."""
    try:
        session = seal_of(services.settings.home).read(request.cookies.get(COOKIE, ""), services.clock.now())
        keys = await services.keys.list(session.workspace)
    except NotAuthenticated as error:
        raise SignInFirst(here_of(request)) from error
    key = next((key for key in keys if key.id == session.key and key.revoked_at is None), None)
    if key is None:
        raise SignInFirst(here_of(request))
    await services.limiter.take(key.id)
    request.scope[CALLER_KEY] = Caller(workspace=key.workspace, key=key.id, scopes=key.scopes)
    return session


def _actor(people: list[Person], chosen: UserId | None) -> Person:
    """Return who was chosen, else the first full member."""
    able = [person for person in people if can_act(person)]
    fallback = next((person for person in able if person.guest is Guest.NO), able[0] if able else None)
    found = next((person for person in able if person.id == chosen), fallback)
    if found is None:
        raise NotFound("person", "anybody", remedy="Import a workspace: `catchup import slack EXPORT.zip`.")
    return found


def _shell(request: Request, services: Services, session: Session, workspace: Workspace, actor: Who) -> Shell:
    return Shell(
        workspace=workspace.name,
        actor=actor,
        csrf=seal_of(services.settings.home).csrf(session),
        theme=theme_of(request),
        notice=request.query_params.get("notice", ""),
        here=here_of(request),
    )
