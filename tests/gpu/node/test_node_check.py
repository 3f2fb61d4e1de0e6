from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import orjson
import pytest
from aiohttp import web

from core.errors import InvalidInput
from gpu.check import CheckItem, CheckReport
from gpu.node import metric_names as names
from gpu.node.check import check_node

WORDS = 24


@dataclass
class Server:
    """An OpenAI-compatible server whose faults are chosen; it keeps the books that vLLM keeps."""

    models: tuple[str, ...] = ("toy",)
    metrics: bool = True
    tokenizer: bool = True
    caches: bool = True
    tells_cached: bool = True
    takes_priority: bool = True
    frees: bool = True
    url: str = ""
    running: int = 0
    hits: int = 0
    known: set[str] = field(default_factory=set)

    async def list(self, _: web.Request) -> web.Response:
        return web.json_response({"data": [{"id": name} for name in self.models]})

    async def health(self, _: web.Request) -> web.Response:
        return web.Response()

    async def tokenize(self, request: web.Request) -> web.Response:
        if not self.tokenizer:
            return web.Response(status=404)
        return web.json_response({"count": len((await request.json())["prompt"].split())})

    async def scrape(self, _: web.Request) -> web.Response:
        if not self.metrics:
            return web.Response(status=404)
        values = dict.fromkeys(names.REQUIRED, 0) | {
            names.RUNNING: self.running,
            names.PREFIX_HITS: self.hits,
        }
        return web.Response(text="".join(f'{name}{{engine="0"}} {value}\n' for name, value in values.items()))

    async def chat(self, request: web.Request) -> web.StreamResponse:
        asked = await request.json()
        if asked.get("priority") and not self.takes_priority:
            return web.json_response({"error": {"message": "no priorities here"}}, status=400)
        response = web.StreamResponse()
        await response.prepare(request)
        self.running += 1
        try:
            await self._say(response, asked)
        finally:
            self.running -= self.frees or not asked["max_tokens"] > WORDS
        return response

    async def _say(self, response: web.StreamResponse, asked: dict) -> None:
        text, logprobs = "It was m2. ", None
        if asked.get("logprobs"):
            logprobs = {"content": [{"token": "It", "logprob": -0.1, "top_logprobs": []}]}
        if "response_format" in asked:
            choices = [{"delta": {"content": '{"id":"m2","sure":true}'}}]
        else:
            count = min(asked["max_tokens"], 1000)
            choices = [{"delta": {"content": text}, "logprobs": logprobs}] * count
        for choice in choices:
            await _event(response, {"choices": [choice]})
            await asyncio.sleep(0.001)
        await _event(response, {"choices": [{"delta": {}, "finish_reason": "stop"}]})
        await _event(response, {"choices": [], "usage": self._usage(asked["messages"][0]["content"])})
        await response.write(b"data: [DONE]\n\n")

    def _usage(self, prompt: str) -> dict:
        length = len(prompt.split())
        cached = length if self.caches and prompt in self.known else 0
        self.known.add(prompt)
        self.hits += cached
        told = {"prompt_tokens_details": {"cached_tokens": cached}} if self.tells_cached else {}
        return {"prompt_tokens": length, "completion_tokens": 8} | told


async def _event(response: web.StreamResponse, event: dict) -> None:
    await response.write(b"data: " + orjson.dumps(event) + b"\n\n")


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    server, app = Server(), web.Application()
    app.router.add_get("/v1/models", server.list)
    app.router.add_get("/health", server.health)
    app.router.add_get("/metrics", server.scrape)
    app.router.add_post("/tokenize", server.tokenize)
    app.router.add_post("/v1/chat/completions", server.chat)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield server
    await runner.cleanup()


def broken(report: CheckReport) -> dict[str, bool]:
    """Return what is not kept, and whether it is required."""
    return {item.name: item.required for item in report.items if not item.ok}


async def checked(server: Server) -> CheckReport:
    return await check_node(server.url + "/v1/", word="new", deadline_s=5, freed_s=0.2)


async def test_a_node_that_keeps_everything_is_found_to(server: Server):
    heard: list[CheckItem] = []

    report = await check_node(server.url, word="new", deadline_s=5, seen=heard.append)

    assert broken(report) == {}
    assert report.ok
    assert report.model == "toy"
    assert heard == report.items


@pytest.mark.parametrize(
    ("fault", "value", "found"),
    [
        ("tokenizer", False, {"counts exactly": False}),
        ("caches", False, {"reuses prefixes": False, "tells what it reused": False}),
        ("tells_cached", False, {"tells what it reused": False}),
        ("takes_priority", False, {"takes priorities": True}),
        ("frees", False, {"frees a closed stream": True, "frees what never began": True}),
        (
            "metrics",
            False,
            {
                "names its metrics": False,
                "reuses prefixes": False,
                "frees a closed stream": False,
                "frees what never began": False,
            },
        ),
    ],
)
async def test_each_fault_is_found_and_no_other(
    server: Server, fault: str, value: object, found: dict[str, bool]
):
    setattr(server, fault, value)

    report = await checked(server)

    assert broken(report) == found
    assert report.ok == (not any(found.values()))
    assert all(item.remedy for item in report.items if not item.ok)


@pytest.mark.parametrize("models", [(), ("one", "two")])
async def test_where_it_is_unclear_which_model_is_meant_nothing_is_asked(
    server: Server, models: tuple[str, ...]
):
    server.models = models

    report = await checked(server)

    assert broken(report) == {"lists its model": True}
    assert not server.known


async def test_a_node_that_is_not_there_is_a_finding():
    report = await check_node("http://127.0.0.1:9", word="new")

    assert broken(report) == {"lists its model": True}


async def test_a_url_that_is_none_is_refused():
    with pytest.raises(InvalidInput, match="url"):
        await check_node("127.0.0.1:8000", word="new")
