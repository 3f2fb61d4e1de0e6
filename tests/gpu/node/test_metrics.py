from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ModelTimeout, ModelUnavailable
from gpu.node import metric_names as names
from gpu.node.metrics import parse, scrape

LABELS = '{engine="0",model_name="a \\"quoted\\" {name} 1 2"}'


def exposition(values: dict[str, float], labels: str = LABELS) -> str:
    return "".join(
        f"# HELP {name} about\n# TYPE {name} gauge\n{name}{labels} {values[name]}\n" for name in values
    )


EVERY = {name: float(place) for place, name in enumerate(names.REQUIRED)} | {names.KV_CACHE_USAGE: 0.25}


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


@pytest.fixture
async def node() -> AsyncIterator[
    Callable[[Callable[[web.Request], Awaitable[web.Response]]], Awaitable[str]]
]:
    """Start a server whose /metrics is a given handler; give its URL."""
    runners: list[web.AppRunner] = []

    async def start(handler: Callable[[web.Request], Awaitable[web.Response]]) -> str:
        app = web.Application()
        app.router.add_get("/metrics", handler)
        runner = web.AppRunner(app, shutdown_timeout=0)
        await runner.setup()
        runners.append(runner)
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        return f"http://127.0.0.1:{runner.addresses[0][1]}"

    yield start
    for runner in runners:
        await runner.cleanup()


def test_each_number_is_found_under_its_name():
    reading = parse(exposition(EVERY))

    assert (reading.running, reading.waiting, reading.kv_cache_usage) == (0, 1, 0.25)
    assert (reading.prefix_queries, reading.prefix_hits, reading.preemptions) == (3, 4, 5)
    assert (reading.prompt_tokens, reading.generation_tokens) == (6, 7)
    assert (reading.queue_seconds, reading.queue_count) == (8, 9)
    assert (reading.ttft_seconds, reading.ttft_count, reading.iterations) == (10, 11, 12)
    assert (reading.admission_rejections, reading.drafted, reading.accepted) == (0, 0, 0)


def test_the_engines_of_a_node_are_added_up_and_the_fullest_cache_counts():
    first = exposition(EVERY | {names.RUNNING: 3, names.KV_CACHE_USAGE: 0.9}, '{engine="0"}')
    second = exposition(EVERY | {names.RUNNING: 4, names.KV_CACHE_USAGE: 0.2}, '{engine="1"}')

    reading = parse(first + second)

    assert reading.running == 7
    assert reading.kv_cache_usage == 0.9


def test_rejections_are_added_up_over_their_reasons():
    name = names.ADMISSION_REJECTIONS

    reading = parse(
        exposition(EVERY) + f'{name}{{reason="queue_reqs"}} 2\n{name}{{reason="queue_tokens"}} 3\n'
    )

    assert reading.admission_rejections == 5


@pytest.mark.parametrize("gone", names.REQUIRED)
def test_a_metric_that_is_missing_is_named(gone: str):
    text = exposition({name: value for name, value in EVERY.items() if name != gone})

    with pytest.raises(ModelUnavailable, match=gone) as missing:
        parse(text)

    assert "catchup gpu check" in missing.value.remedy


@pytest.mark.parametrize("value", ["NaN", "+Inf", "twelve", ""])
def test_a_value_that_is_no_number_is_an_error_of_ours(value: str):
    text = exposition(EVERY).replace(f"{names.RUNNING}{LABELS} 0.0", f"{names.RUNNING}{LABELS} {value}")

    with pytest.raises(ModelUnavailable):
        parse(text)


@given(st.text())
def test_any_other_text_is_an_error_of_ours(text: str):
    with pytest.raises(ModelUnavailable):
        parse(text)


@given(st.text(alphabet=st.characters(exclude_characters='\n\r"\\', codec="utf-8")), st.integers(0, 10_000))
def test_any_model_name_is_read_past(name: str, running: int):
    text = exposition(EVERY | {names.RUNNING: running}, f'{{model_name="{"".join(name.splitlines())}"}}')

    assert parse(text).running == running


async def test_a_node_is_scraped(session: aiohttp.ClientSession, node):
    async def metrics(_: web.Request) -> web.Response:
        return web.Response(text=exposition(EVERY | {names.WAITING: 7}))

    reading = await scrape(session, await node(metrics) + "/")

    assert reading.waiting == 7


async def test_a_node_without_metrics_says_so(session: aiohttp.ClientSession, node):
    async def metrics(_: web.Request) -> web.Response:
        return web.Response(status=404)

    with pytest.raises(ModelUnavailable, match="answered 404"):
        await scrape(session, await node(metrics))


async def test_a_node_that_hangs_is_a_timeout(session: aiohttp.ClientSession, node):
    async def metrics(_: web.Request) -> web.Response:
        await asyncio.sleep(10)
        return web.Response()

    with pytest.raises(ModelTimeout, match=r"within 0\.1 s"):
        await scrape(session, await node(metrics), timeout_s=0.1)


async def test_a_node_that_is_not_there_is_unavailable(session: aiohttp.ClientSession):
    with pytest.raises(ModelUnavailable, match="cannot be read"):
        await scrape(session, "http://127.0.0.1:9")
