"""An OpenAI-compatible server as laptops run them, with the habits that such servers have, each a switch.

Sources: Ollama issues 4357 (finish_reason "") and 4448 (no stream usage); LM Studio bug-tracker 189 (json_object
refused, the error a bare string); llama.cpp 19051 and 24097 (a schema silently not kept) and its /tokenize, which takes
`content` and answers `tokens`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

Say = Callable[[dict[str, Any]], str]


@dataclass(kw_only=True)
class Habits:
    """What the server does and does not; `say` words its answer from the request's body."""

    say: Say
    formats: frozenset[str] = frozenset({"json_schema", "json_object", "text"})
    """Kinds of response_format that are accepted; others are refused with 400."""
    bare_error: bool = False
    models: tuple[str, ...] = ("plain",)
    max_model_len: int | None = None
    listing: int = 200
    tokenize: str = ""
    """"" answers 404; `llama` as llama.cpp does."""
    usage: bool = True
    role_first: bool = True
    null_content: bool = False
    empty_finish: bool = False
    no_done: bool = False
    crlf: bool = False
    finish: str = "stop"
    piece: int = 7
    delay_s: float = 0.0
    too_long: int = 1_000_000
    asked: list[dict[str, Any]] = field(default_factory=list)
    listed: int = 0
    closed_early: int = 0


_HABITS = web.AppKey("habits", Habits)


def kind_of(body: dict[str, Any]) -> str:
    """Return the kind of response_format that a body asks for."""
    return (body.get("response_format") or {}).get("type", "text")


@asynccontextmanager
async def plain_server(habits: Habits) -> AsyncIterator[str]:
    """Serve on a free port; give the URL."""
    app = web.Application()
    app[_HABITS] = habits
    app.router.add_get("/v1/models", _models)
    app.router.add_post("/v1/chat/completions", _chat)
    if habits.tokenize:
        app.router.add_post("/tokenize", _tokenize)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def _models(request: web.Request) -> web.Response:
    habits = request.app[_HABITS]
    habits.listed += 1
    if habits.listing != 200:
        return web.Response(status=habits.listing)
    more = {"max_model_len": habits.max_model_len} if habits.max_model_len else {}
    return web.json_response({"object": "list", "data": [{"id": name, **more} for name in habits.models]})


async def _tokenize(request: web.Request) -> web.Response:
    body = await request.json()
    return web.json_response({"tokens": list(range(len(str(body.get("content", "")).split())))})


def _refused(habits: Habits, said: str) -> web.Response:
    error: object = (
        said if habits.bare_error else {"message": said, "type": "invalid_request_error", "code": 400}
    )
    return web.json_response({"error": error}, status=400)


async def _chat(request: web.Request) -> web.StreamResponse:
    habits = request.app[_HABITS]
    body = await request.json()
    habits.asked.append(body)
    if kind_of(body) not in habits.formats:
        return _refused(habits, f"'response_format.type' must be one of {sorted(habits.formats)}")
    if sum(len(message["content"]) for message in body["messages"]) > habits.too_long:
        return _refused(habits, "the prompt is longer than the context")
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    try:
        await _stream(response, habits, habits.say(body))
    except (asyncio.CancelledError, ConnectionError):
        habits.closed_early += 1
        raise
    return response


async def _stream(response: web.StreamResponse, habits: Habits, text: str) -> None:
    end = b"\r\n\r\n" if habits.crlf else b"\n\n"

    async def event(delta: dict[str, Any], finish: str | None = None, **more: object) -> None:
        waiting = "" if habits.empty_finish else None
        choice = {"index": 0, "delta": delta, "finish_reason": finish or waiting}
        data = {"object": "chat.completion.chunk", "choices": [choice], **more}
        await response.write(b"data: " + json.dumps(data).encode() + end)

    if habits.role_first:
        await event({"role": "assistant"} | ({"content": None} if habits.null_content else {}))
    for at in range(0, len(text), habits.piece):
        await event({"content": text[at : at + habits.piece]})
        await asyncio.sleep(habits.delay_s)
    await event({"content": None} if habits.null_content else {}, habits.finish)
    if habits.usage:
        usage = {"prompt_tokens": 11, "completion_tokens": len(text), "total_tokens": 11 + len(text)}
        await response.write(b"data: " + json.dumps({"choices": [], "usage": usage}).encode() + end)
    if not habits.no_done:
        await response.write(b"data: [DONE]" + end)
