"""An OpenAI-compatible server that answers what can be known beforehand, and fails on request.

    python -m tests.support.fault_server --fault hang

It prints its URL. The answer to a prompt is a function of the prompt (`expected`), so that a client can check what it
got. Faults: none, 400, 500, 503, 429, reset (the connection is cut), hang (no answer, while /health says 200), dies
(cut in the middle of the answer), stalls (silent in the middle of it), refused (nobody listens); POST /fault
{"fault": "hang"} changes all but the last while it runs. GET /counts tells what was asked and what clients aborted.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import signal
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

FAULTS = ("none", "400", "500", "503", "429", "reset", "hang", "dies", "stalls", "refused")
DEATH_AFTER = 5


def expected(messages: Sequence[dict[str, str]], *, tokens: int = 12, schema: bool = False) -> str:
    """Return the answer to messages; with a schema, a JSON object whose `answer` it is."""
    seed = hashlib.sha256(json.dumps([[m["role"], m["content"]] for m in messages]).encode()).hexdigest()
    words = " ".join(f"{seed[2 * (n % 32) : 2 * (n % 32) + 2]}{n}" for n in range(tokens))
    return json.dumps({"answer": words}) if schema else words


def pieces_of(text: str) -> list[str]:
    """Return a text in tokens: words with the blank before them."""
    words = text.split(" ")
    return [words[0], *(f" {word}" for word in words[1:])]


class FaultServer:
    """Answers, counts, and fails as told."""

    def __init__(
        self, *, fault: str = "none", tokens: int = 12, gap_s: float = 0.0, first_s: float = 0.0
    ) -> None:
        self.fault = fault
        self.tokens = tokens
        self.gap_s = gap_s
        self.first_s = first_s
        self.resumes = True
        self.retry_after: str | None = None
        self.requests = 0
        self.aborted = 0
        self.running = 0
        self.resumed = 0
        self.steps = 0
        self.aborted_at: list[float] = []
        self.bodies: list[dict[str, Any]] = []
        self.url = ""

    def app(self) -> web.Application:
        """Return the application."""
        app = web.Application(client_max_size=64 * 2**20)
        app.router.add_post("/v1/chat/completions", self._chat)
        app.router.add_post("/tokenize", self._tokenize)
        app.router.add_get("/v1/models", self._models)
        app.router.add_get("/health", self._health)
        app.router.add_get("/metrics", self._metrics)
        app.router.add_get("/counts", self._counts)
        app.router.add_post("/fault", self._set_fault)
        return app

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.requests += 1
        self.bodies.append(body)
        del self.bodies[:-1000]
        self.running += 1
        try:
            return await self._answer(request, body)
        except asyncio.CancelledError:
            self._left()
            raise
        except ConnectionError:
            self._left()
            return web.Response()
        finally:
            self.running -= 1

    def _left(self) -> None:
        self.aborted += 1
        self.aborted_at.append(asyncio.get_running_loop().time())

    async def _answer(self, request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        if self.fault in {"400", "500", "503", "429"}:
            headers = {"Retry-After": self.retry_after} if self.retry_after else {}
            error = {"error": {"message": "as told", "code": int(self.fault)}}
            return web.json_response(error, status=int(self.fault), headers=headers)
        if self.fault == "hang":
            await asyncio.sleep(3600)
        if self.fault == "reset":
            _cut(request)
            return web.Response()
        messages, said = body["messages"], ""
        if body.get("continue_final_message"):
            if not self.resumes:
                return web.json_response({"error": {"message": "no such field"}}, status=400)
            *messages, last = messages
            said = last["content"]
            self.resumed += 1
        return await self._stream(request, body, self._rest(messages, said, body))

    def _rest(self, messages: list[dict[str, str]], said: str, body: dict[str, Any]) -> list[str]:
        """Return the pieces of the answer that are still to be said."""
        whole = expected(messages, tokens=self.tokens, schema="response_format" in body)
        return pieces_of(whole)[len(pieces_of(said)) if said else 0 :]

    async def _stream(
        self, request: web.Request, body: dict[str, Any], pieces: list[str]
    ) -> web.StreamResponse:
        most = body.get("max_tokens", 512)
        finish = "length" if len(pieces) > most else "stop"
        pieces = pieces[:most]
        if self.first_s:
            await asyncio.sleep(self.first_s)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for n, piece in enumerate(pieces):
            if n == DEATH_AFTER and self.fault == "dies":
                _cut(request)
                return response
            if n == DEATH_AFTER and self.fault == "stalls":
                await asyncio.sleep(3600)
            self.steps += 1
            await response.write(_event({"choices": [_choice(piece, body)]}))
            if self.gap_s:
                await asyncio.sleep(self.gap_s)
        prompt = sum(len(message["content"].split()) for message in body["messages"])
        usage = {"prompt_tokens": prompt, "completion_tokens": len(pieces)}
        ending = {"index": 0, "delta": {}, "finish_reason": finish}
        await response.write(
            _event({"choices": [ending]}) + _event({"choices": [], "usage": usage}) + b"data: [DONE]\n\n"
        )
        return response

    async def _tokenize(self, request: web.Request) -> web.Response:
        text = (await request.json())["prompt"]
        return web.json_response({"count": len(pieces_of(text)) if text else 0})

    async def _models(self, _: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": [{"id": "tiny", "object": "model"}]})

    async def _health(self, _: web.Request) -> web.Response:
        return web.Response()

    async def _metrics(self, _: web.Request) -> web.Response:
        values = {
            "num_requests_running": self.running,
            "num_requests_waiting": 0,
            "kv_cache_usage_perc": 0.1,
            "prefix_cache_queries_total": 100,
            "prefix_cache_hits_total": 50,
            "num_preemptions_total": 0,
            "prompt_tokens_total": 0,
            "generation_tokens_total": self.steps,
            "request_queue_time_seconds_sum": 0,
            "request_queue_time_seconds_count": 0,
            "time_to_first_token_seconds_sum": 0,
            "time_to_first_token_seconds_count": 0,
            "iteration_tokens_total_count": self.steps,
        }
        lines = [f'vllm:{name}{{engine="0",model_name="tiny"}} {value}\n' for name, value in values.items()]
        return web.Response(text="".join(lines))

    async def _counts(self, _: web.Request) -> web.Response:
        names = ("requests", "aborted", "running", "resumed")
        return web.json_response({name: getattr(self, name) for name in names})

    async def _set_fault(self, request: web.Request) -> web.Response:
        self.fault = (await request.json())["fault"]
        return web.Response()


@asynccontextmanager
async def running(server: FaultServer, port: int = 0) -> AsyncIterator[FaultServer]:
    """Serve in this loop; a request whose client leaves is cancelled at once."""
    runner = web.AppRunner(server.app(), handler_cancellation=True, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield server
    finally:
        await runner.cleanup()


def free_port() -> int:
    """Return a port where nobody listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def refuse() -> None:
    """Hold a port that refuses connections, so that no other process gets it, until killed."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        print(f"http://127.0.0.1:{held.getsockname()[1]}", flush=True)  # noqa: T201
        signal.pause()


def _choice(piece: str, body: dict[str, Any]) -> dict[str, Any]:
    choice: dict[str, Any] = {"index": 0, "delta": {"content": piece}, "finish_reason": None}
    if body.get("logprobs"):
        choice["logprobs"] = {"content": [{"token": piece, "logprob": -0.5, "top_logprobs": []}]}
    return choice


def _event(value: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(value).encode() + b"\n\n"


def _cut(request: web.Request) -> None:
    """Cut the connection as a process that dies does."""
    if request.transport is not None:
        request.transport.abort()


async def _serve(server: FaultServer) -> None:
    async with running(server):
        print(server.url, flush=True)  # noqa: T201
        await asyncio.Event().wait()


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--fault", choices=FAULTS, default="none")
    parser.add_argument("--tokens", type=int, default=12)
    parser.add_argument("--gap-ms", type=float, default=0.0)
    parser.add_argument("--first-ms", type=float, default=0.0)
    given = parser.parse_args()
    if given.fault == "refused":
        refuse()
    asyncio.run(
        _serve(
            FaultServer(
                fault=given.fault,
                tokens=given.tokens,
                gap_s=given.gap_ms / 1000,
                first_s=given.first_ms / 1000,
            )
        )
    )


if __name__ == "__main__":
    main()
