"""A real server on a free port, in this process, over services that a test opened."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import uvicorn

from gateway.app import Services
from gateway.web.app import create_app


@asynccontextmanager
async def running(services: Services) -> AsyncIterator[aiohttp.ClientSession]:
    """Serve over real HTTP; give a client session whose base is the server's address."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(create_app(services), lifespan="off", log_config=None, access_log=False)
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server._serve([listener]))  # serve() would take over the signals
        while not server.started:  # noqa: ASYNC110  uvicorn offers a flag, no event
            await asyncio.sleep(0.005)
        base = f"http://127.0.0.1:{listener.getsockname()[1]}"
        try:
            async with aiohttp.ClientSession(base) as session:
                yield session
        finally:
            server.should_exit = True
            await serving
