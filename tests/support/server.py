"""A real server on a free port, in this process, over services that a test opened."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import aiohttp
from fastapi import FastAPI

from gateway.app import Services
from gateway.serving import bind, rest_server


@asynccontextmanager
async def running(
    services: Services, *, headers: Mapping[str, str] | None = None, app: FastAPI | None = None
) -> AsyncIterator[aiohttp.ClientSession]:
    """Serve over real HTTP; give a client session whose base is the server's address.

    `headers` go with every request (an API key, say); `app` is `create_app(services)` with more routes.
    """
    listener = bind("CATCHUP_LISTEN", "127.0.0.1:0")
    server = rest_server(services, app)
    serving = asyncio.create_task(server.serve([listener]))
    while not server.started:  # noqa: ASYNC110  uvicorn offers a flag, no event
        await asyncio.sleep(0.005)
    base = f"http://127.0.0.1:{listener.getsockname()[1]}"
    try:
        async with aiohttp.ClientSession(base, headers=dict(headers or {})) as session:
            yield session
    finally:
        server.should_exit = True
        await serving


def bearer(token: str, user: str = "") -> dict[str, str]:
    """Return the headers of a caller."""
    acting = {"X-Catchup-User": user} if user else {}
    return {"Authorization": f"Bearer {token}", **acting}
