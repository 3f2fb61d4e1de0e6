"""An OpenAI-compatible server that thinks nothing: answers at once, in the shape of the schema it is asked for.

    python -m benchmarks.loopback_model PORT [--items 5] [--chunks 20] [--delay 0]

Streams or not, as asked. Items cite ids of the request's own enum. GET /stats tells how many requests came and how many
bytes they had; GET /last is the last request's body. Only for benchmarks: it costs a third of a millisecond a request.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast

import orjson
import uvicorn

NAME = "loopback"
Json = Any
Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]


class Loopback:
    """The ASGI application."""

    def __init__(self, *, items: int, chunks: int, delay_s: float) -> None:
        self._items = items
        self._chunks = chunks
        self._delay_s = delay_s
        self._turn = itertools.count()
        self._last = b""
        self._stats = {"requests": 0, "bytes": 0}

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request."""
        path = scope["path"]
        if path == "/v1/chat/completions":
            await self._chat(orjson.loads(await self._body(receive)), send)
        elif path == "/tokenize":
            body = orjson.loads(await _read(receive))
            await _json(send, {"count": -(-len(str(body.get("prompt", ""))) // 4), "max_model_len": 32768})
        elif path == "/v1/models":
            await _json(send, {"object": "list", "data": [{"id": NAME, "max_model_len": 32768}]})
        elif path == "/last":
            await _answer(send, self._last)
        else:
            await _json(send, self._stats)

    async def _body(self, receive: Receive) -> bytes:
        self._last = body = await _read(receive)
        self._stats["requests"] += 1
        self._stats["bytes"] += len(body)
        return body

    async def _chat(self, asked: dict[str, Any], send: Send) -> None:
        schema = asked.get("response_format", {}).get("json_schema", {}).get("schema", {"type": "string"})
        lines = dict(_LINE.findall(asked["messages"][-1]["content"]))
        text = orjson.dumps(self._said(schema, lines)).decode()
        usage = {
            "prompt_tokens": 4000,
            "completion_tokens": len(text) // 4,
            "total_tokens": 4000 + len(text) // 4,
        }
        if not asked.get("stream"):
            message = {"role": "assistant", "content": text}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            await _json(send, {"object": "chat.completion", "choices": [choice], "usage": usage})
            return
        await send(_start(b"text/event-stream"))
        size = max(1, -(-len(text) // self._chunks))
        for at in range(0, len(text), size):
            await _event(send, {"content": text[at : at + size]}, None)
            if self._delay_s:
                await asyncio.sleep(self._delay_s)
        await _event(send, {}, "stop")
        end = b"data: " + orjson.dumps({"choices": [], "usage": usage}) + b"\n\ndata: [DONE]\n\n"
        await send({"type": "http.response.body", "body": end})

    def _said(self, schema: dict[str, Any], lines: Mapping[str, str]) -> Json:
        """Return an instance of a schema: lists as long as wanted, items that say what the line they cite says."""
        if choices := schema.get("enum"):
            return None if None in choices else choices[next(self._turn) % len(choices)]
        kinds = schema.get("type", "object" if "properties" in schema else "string")
        match kinds[-1] if isinstance(kinds, list) else kinds:
            case "object":
                said = {name: self._said(inner, lines) for name, inner in schema["properties"].items()}
                return said | self._borne_out(said, lines)
            case "array":
                wanted = self._items if "properties" in schema.get("items", {}) else 1
                most = min(wanted, schema.get("maxItems", wanted))
                return [self._said(schema["items"], lines) for _ in range(most)]
            case "string":
                return "all was said"
            case other:
                return _SMALLEST[other]

    def _borne_out(self, said: Json, lines: Mapping[str, str]) -> Json:
        """Return what an item must say to hold: the words of the first line that it cites, of the plainest kind."""
        cited = next((said[name][0] for name in ("citations", "sources") if said.get(name)), None)
        if cited is None:
            return {}
        words = orjson.loads(f'"{lines[cited]}"') if cited in lines else said["text"]
        plain = {"text": words[:150], "kind": "topic", "participants": [], "superseded": []}
        return {name: value for name, value in plain.items() if name in said}


_LINE = re.compile(r'"id": ?"(\w+)".*?"text": ?"((?:[^"\\]|\\.)*)"')
_SMALLEST = {"integer": 0, "number": 0, "boolean": False, "null": None}


async def _read(receive: Receive) -> bytes:
    parts: list[bytes] = []
    more = True
    while more:
        event = await receive()
        parts.append(cast("bytes", event.get("body", b"")))
        more = bool(event.get("more_body"))
    return b"".join(parts)


def _start(kind: bytes) -> dict[str, Any]:
    return {"type": "http.response.start", "status": 200, "headers": [(b"content-type", kind)]}


async def _json(send: Send, value: Json) -> None:
    await _answer(send, orjson.dumps(value))


async def _answer(send: Send, body: bytes) -> None:
    await send(_start(b"application/json"))
    await send({"type": "http.response.body", "body": body})


async def _event(send: Send, delta: Json, finish: str | None) -> None:
    chunk = {
        "object": "chat.completion.chunk",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    }
    await send(
        {"type": "http.response.body", "body": b"data: " + orjson.dumps(chunk) + b"\n\n", "more_body": True}
    )


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("port", type=int)
    parser.add_argument("--items", type=int, default=5)
    parser.add_argument("--chunks", type=int, default=20)
    parser.add_argument("--delay", type=float, default=0.0, help="seconds between chunks")
    given = parser.parse_args()
    app = Loopback(items=given.items, chunks=given.chunks, delay_s=given.delay)
    uvicorn.run(app, port=given.port, http="httptools", loop="uvloop", log_level="critical", lifespan="off")


if __name__ == "__main__":
    main()
