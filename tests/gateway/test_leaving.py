"""Clients that leave, over real connections: the engine is free within 200 ms, whichever way they asked."""

from __future__ import annotations

import asyncio
import io
import json
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any

import aiohttp
import grpc
import pytest

from core.clock import ManualClock
from gateway.app import Services
from gateway.auth import Scope
from gateway.proto.catchup.v1 import catchup_pb2 as pb
from gateway.proto.catchup.v1 import catchup_pb2_grpc as stubs
from gateway.rpc.server import start_rpc
from gateway.web.leaving import pumped
from tests.gateway.conftest import MakeKey
from tests.support.logs import lines
from tests.support.server import bearer, running
from tests.support.slow_drafter import SlowDrafter, with_engine
from tests.support.world import fill

pytestmark = pytest.mark.slow

ASK = {"channel": "#incidents", "user": "@ana", "last": "2h"}
STREAM = {"Accept": "text/event-stream"}
SOON_S = 0.2


@pytest.fixture
def engine() -> SlowDrafter:
    """An engine that has not yet been asked."""
    return SlowDrafter()


@pytest.fixture
async def slow(services: Services, engine: SlowDrafter, clock: ManualClock) -> Services:
    """The small world, with the slow engine alone."""
    await fill(services, clock.now())
    return with_engine(services, engine)


@pytest.fixture
async def client(slow: Services, make_key: MakeKey) -> AsyncIterator[aiohttp.ClientSession]:
    async with running(slow, headers=bearer(await make_key(Scope.SUMMARIES))) as session:
        yield session


async def freed(engine: SlowDrafter) -> float:
    """Return how many seconds it takes from now on until the engine is free."""
    started = time.perf_counter()
    await asyncio.wait_for(engine.closed.wait(), 5)
    return time.perf_counter() - started


@pytest.mark.parametrize(
    ("path", "body"), [("/v1/summaries", ASK), ("/v1/recaps", {"user": "@ana", "last": "2h"})]
)
async def test_a_client_that_leaves_before_a_whole_answer_frees_the_engine(
    client: aiohttp.ClientSession, engine: SlowDrafter, log_stream: io.StringIO, path: str, body: Any
):
    posting = asyncio.create_task(client.post(path, json=body))
    await asyncio.wait_for(engine.thinking.wait(), 5)

    posting.cancel()

    assert await freed(engine) < SOON_S
    await asyncio.sleep(0.05)
    (line,) = [line for line in lines(log_stream, "request") if line.get("route") == path]
    assert line["status"] == 499


async def test_a_client_that_leaves_before_the_first_item_frees_the_engine(
    client: aiohttp.ClientSession, engine: SlowDrafter
):
    posting = asyncio.create_task(client.post("/v1/summaries", json=ASK, headers=STREAM))
    await asyncio.wait_for(engine.thinking.wait(), 5)

    posting.cancel()

    assert await freed(engine) < SOON_S


async def test_a_client_that_leaves_between_items_frees_the_engine(
    client: aiohttp.ClientSession, engine: SlowDrafter
):
    engine.items = 2
    answer = await client.post("/v1/summaries", json=ASK, headers=STREAM)
    first = await answer.content.readuntil(b"\n\n")
    await asyncio.wait_for(engine.thinking.wait(), 5)

    answer.close()

    assert json.loads(first.split(b"data: ")[1])["citations"]
    assert await freed(engine) < SOON_S


async def test_twenty_clients_that_leave_leave_nothing_behind(
    client: aiohttp.ClientSession, engine: SlowDrafter
):
    """Each asks a question of their own, so that none shares the draft of another."""
    ways: list[dict[str, str]] = [{}, STREAM]
    posting = [
        asyncio.create_task(
            client.post("/v1/summaries", json={**ASK, "question": f"{n}?"}, headers=ways[n % 2])
        )
        for n in range(20)
    ]
    while len(engine.briefs) < 20:  # noqa: ASYNC110  the engine counts, it has no event for twenty
        await asyncio.sleep(0.01)

    for one in posting:
        one.cancel()
    await asyncio.gather(*posting, return_exceptions=True)
    await asyncio.sleep(SOON_S)

    assert not [task for task in asyncio.all_tasks() if task.get_name() == "flight"]


@pytest.fixture
async def channel(slow: Services) -> AsyncIterator[Any]:
    server = await start_rpc(slow)
    assert server is not None
    async with grpc.aio.insecure_channel(server.address) as opened:
        yield opened
    await server.stop(0)


@pytest.mark.parametrize("items", [0, 2])
@pytest.mark.parametrize("method", ["Summarize", "StreamSummary"])
async def test_a_grpc_call_that_is_cancelled_frees_the_engine(
    channel: Any, engine: SlowDrafter, make_key: MakeKey, method: str, items: int
):
    engine.items = items
    metadata = (("authorization", f"Bearer {await make_key(Scope.SUMMARIES)}"),)
    stub: Any = stubs.SummarizeStub(channel)
    call = getattr(stub, method)(
        pb.SummarizeRequest(channel="#incidents", user="@ana", last="2h"), metadata=metadata
    )
    reading = asyncio.ensure_future(call.read() if method == "StreamSummary" else call)
    await asyncio.wait_for(engine.thinking.wait(), 5)

    call.cancel()

    assert await freed(engine) < SOON_S
    await asyncio.gather(reading, return_exceptions=True)


async def test_a_generator_runs_in_one_task_whoever_asks_for_the_next():
    seen: list[object] = []

    async def source() -> AsyncGenerator[int, None]:
        try:
            async with asyncio.timeout(5):
                for n in range(3):
                    seen.append(asyncio.current_task())
                    yield n
        finally:
            seen.append(asyncio.current_task())

    pieces = pumped(source())

    async def following() -> int:
        return await anext(pieces)

    async with aclosing(pieces):
        found = [await asyncio.create_task(following()) for _ in range(2)]

    assert found == [0, 1]
    assert len(set(seen)) == 1


async def test_what_a_generator_raises_is_raised_after_what_it_has_said():
    async def source() -> AsyncGenerator[int, None]:
        yield 1
        raise ValueError("odd")

    pieces = pumped(source())

    assert await anext(pieces) == 1
    with pytest.raises(ValueError, match="odd"):
        await anext(pieces)
