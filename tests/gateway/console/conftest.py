"""A browser without JavaScript, signed in to a server over a small world."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from html import unescape

import aiohttp
import pytest

from core.clock import ManualClock
from core.ids import UserId
from gateway.app import Services
from gateway.auth import Scope
from gateway.serving import application
from tests.gateway.conftest import MakeKey
from tests.support.server import running
from tests.support.world import fill

_CSRF = re.compile(r'name="csrf" value="(\w+)"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What came back."""

    status: int
    html: str
    path: str
    headers: Mapping[str, str]

    def links(self, containing: str) -> list[str]:
        """Return where the page's links lead, of those that contain something."""
        return [
            found
            for href in re.findall(r'href="([^"]+)"', self.html)
            if containing in (found := unescape(href))
        ]


class Browser:
    """Follows redirects and keeps cookies; reads the CSRF token from the last page."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self.session = session
        self.csrf = ""

    async def get(self, path: str) -> Page:
        """Open a page."""
        async with self.session.get(path) as answer:
            return await self._page(answer)

    async def post(self, path: str, *, headers: Mapping[str, str] | None = None, **fields: str) -> Page:
        """Send a form, with the token of the last page unless the fields say otherwise."""
        data = {"csrf": self.csrf, **fields}
        async with self.session.post(path, data=data, headers=headers) as answer:
            return await self._page(answer)

    async def act_as(self, person: UserId) -> Page:
        """Look through somebody's eyes."""
        await self.get("/acting")
        return await self.post("/acting", person=person)

    async def _page(self, answer: aiohttp.ClientResponse) -> Page:
        html = await answer.text()
        found = _CSRF.search(html)
        self.csrf = found[1] if found else self.csrf
        return Page(status=answer.status, html=html, path=str(answer.url.relative()), headers=answer.headers)


@pytest.fixture
async def visitor(services: Services, clock: ManualClock) -> AsyncIterator[Browser]:
    """A browser that has not signed in."""
    await fill(services, clock.now())
    await services.prompts.publish_library()
    async with AsyncExitStack() as opened:
        plain = await opened.enter_async_context(running(services, app=application(services)))
        async with plain.get("/login") as answer:
            base = answer.url.origin()
        jar = aiohttp.CookieJar(unsafe=True)  # keeps cookies of an IP address, as browsers do
        yield Browser(await opened.enter_async_context(aiohttp.ClientSession(base, cookie_jar=jar)))


@pytest.fixture
async def browser(visitor: Browser, make_key: MakeKey) -> Browser:
    """A browser signed in with a key that may everything."""
    await visitor.get(f"/login?key={await make_key(Scope.ADMIN)}")
    return visitor
