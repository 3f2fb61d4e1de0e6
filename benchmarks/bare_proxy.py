"""The least that a gateway in this language costs: FastAPI in front, aiohttp behind, bytes passed through.

python -m benchmarks.bare_proxy PORT BACKEND_URL
"""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator

import aiohttp
import orjson
import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import StreamingResponse


def proxy(backend: str) -> FastAPI:
    """Return the application."""
    app = FastAPI()
    sessions: list[aiohttp.ClientSession] = []

    def session() -> aiohttp.ClientSession:
        if not sessions:
            sessions.append(aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)))
        return sessions[0]

    @app.post("/v1/chat/completions", response_model=None)
    async def completions(request: Request) -> Response:
        body = await request.body()
        upstream = await session().post(
            f"{backend}/v1/chat/completions", data=body, headers={"Content-Type": "application/json"}
        )
        if not orjson.loads(body).get("stream"):
            async with upstream:
                return Response(await upstream.read(), media_type="application/json")

        async def chunks() -> AsyncGenerator[bytes, None]:
            async with upstream:
                async for chunk in upstream.content.iter_any():
                    yield chunk

        return StreamingResponse(chunks(), media_type="text/event-stream")

    return app


if __name__ == "__main__":
    uvicorn.run(
        proxy(sys.argv[2]),
        port=int(sys.argv[1]),
        http="httptools",
        loop="uvloop",
        log_level="critical",
        access_log=False,
        lifespan="off",
    )
