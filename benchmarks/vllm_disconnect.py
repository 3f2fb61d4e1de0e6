"""Twenty clients that all leave at once: how long until a real vLLM node has nothing left to do?

    python -m benchmarks.vllm_disconnect [--clients 20] [--stay 2] [--urls URL ...]

They ask through the pool (gpu.pool) and through our gateway (POST /v1/summaries over HTTP, CATCHUP_LLM_URL at the
node), each for something of their own, and leave: in the middle of a stream, before a first token, and during a call
whose answer comes whole. The time is from their leaving until vllm:num_requests_running and _waiting are 0 and stay 0,
as /metrics says it. `stayed` is what a like crowd that has not left still has running after `--stay` seconds: without
it a node that is merely done would look freed. One summary may be several requests to the model. A gateway's client
gets its first event with the first item that is grounded, which a random model never writes: in the middle of its
stream means that the model is writing. A line with more than 2 s, or with nothing that would have gone on, makes the
exit status 1.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import aiohttp

from benchmarks.gateway_overhead import PEOPLE, START, furnished
from benchmarks.vllm_nodes import NAME, node_urls
from core.chat import ChatMessage, ChatRequest, complete
from gateway.app import open_services
from gateway.settings import load_settings
from gpu.node.metrics import NodeMetrics, scrape
from gpu.pool.pool import PooledChatModel
from tests.support.server import bearer, running

LIMIT_S: Final = 2.0
WAIT_S: Final = 60.0
HOLD_S: Final = 0.5
"""Nothing to do means nothing for so long."""
MESSAGES: Final = 100
SHORT, LONG = 4, 500
"""Sentences of a prompt: read at once, or for a while."""
STREAM: Final = {"Accept": "text/event-stream"}
COLUMNS: Final = "door     they leave                    running waiting  first tokens    free after   stayed"

Client = Callable[[int], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What all nodes together do, and how many first tokens they have given since they started."""

    running: int
    waiting: int
    first: int

    @property
    def all(self) -> int:
        """Requests of either kind."""
        return self.running + self.waiting


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of leaving: through which door, and whether the model must have begun to answer."""

    door: str
    name: str
    client: Client
    begun: bool


class Nodes:
    """The nodes' own view of their load."""

    def __init__(self, urls: Sequence[str], session: aiohttp.ClientSession) -> None:
        self._urls = urls
        self._session = session

    async def load(self) -> Load:
        """Return it as of now."""
        found: list[NodeMetrics] = [await scrape(self._session, url, timeout_s=30) for url in self._urls]
        return Load(
            running=sum(each.running for each in found),
            waiting=sum(each.waiting for each in found),
            first=int(sum(each.ttft_count for each in found)),
        )

    async def when(self, true: Callable[[Load], bool]) -> Load:
        """Return the first load for which something is true; raises TimeoutError after a minute."""
        async with asyncio.timeout(WAIT_S):
            while not true(load := await self.load()):  # noqa: ASYNC110  another process's counters
                await asyncio.sleep(0.005)
        return load


class Crowd:
    """Clients of one kind, all asking at once."""

    def __init__(self, kind: Kind, nodes: Nodes, *, size: int, first_number: int) -> None:
        self._kind = kind
        self._nodes = nodes
        self._size = size
        self._numbers = range(first_number, first_number + size)
        self._tasks: list[asyncio.Task[None]] = []

    async def come(self) -> Load:
        """Return the load once most of them are served as their kind says; first tokens count from here."""
        before = await self._nodes.when(lambda load: not load.all)
        self._tasks = [asyncio.create_task(self._kind.client(number)) for number in self._numbers]
        few = self._size // 4 if self._kind.begun else 0
        load = await self._nodes.when(
            lambda load: load.all >= 0.75 * self._size and load.first - before.first >= few
        )
        return Load(running=load.running, waiting=load.waiting, first=load.first - before.first)

    async def leave(self) -> float:
        """Return the seconds until the nodes have nothing to do."""
        began = time.perf_counter()
        for task in self._tasks:
            task.cancel()
        seconds, now = 0.0, 0.0
        while not seconds or now < seconds + HOLD_S:  # a request still on its way would come after a first 0
            load = await self._nodes.load()
            now = time.perf_counter() - began
            seconds = 0.0 if load.all else seconds or now
            if now > WAIT_S:
                return now
        await asyncio.gather(*self._tasks, return_exceptions=True)
        return seconds


def pool_kinds(pool: PooledChatModel) -> list[Kind]:
    """Return the three kinds through the pool."""

    def request(number: int, words: int) -> ChatRequest:
        text = f"{time.time_ns()}-{number} " + "the deploy failed because the migration was missing. " * words
        return ChatRequest(
            messages=(ChatMessage(role="user", content=text),), max_tokens=2000, deadline_s=300
        )

    def reader(words: int) -> Client:
        async def read(number: int) -> None:
            async with aclosing(pool.stream(request(number, words))) as deltas:
                async for _ in deltas:
                    pass

        return read

    async def whole(number: int) -> None:
        await complete(pool, request(number, SHORT))

    return [
        Kind(door="pool", name="in the middle of a stream", client=reader(SHORT), begun=True),
        Kind(door="pool", name="before the first token", client=reader(LONG), begun=False),
        Kind(door="pool", name="during a whole answer", client=whole, begun=True),
    ]


def gateway_kinds(session: aiohttp.ClientSession) -> list[Kind]:
    """Return the kinds through the gateway; each client asks for a channel and a window of its own."""

    def body(number: int, messages: int) -> dict[str, str]:
        until = START + timedelta(seconds=30 * (messages + number // 60))
        return {
            "channel": f"C{number % 60}",
            "user": f"U{number % PEOPLE}",
            "since": START.isoformat(),
            "until": until.isoformat(),
            "detail": "full",
        }

    def client(messages: int, headers: dict[str, str]) -> Client:
        async def ask(number: int) -> None:
            async with session.post("/v1/summaries", json=body(number, messages), headers=headers) as answer:
                await answer.read()

        return ask

    return [
        Kind(door="gateway", name="in the middle, SSE", client=client(20, STREAM), begun=True),
        Kind(door="gateway", name="before the first token, SSE", client=client(60, STREAM), begun=False),
        Kind(door="gateway", name="before the first token, JSON", client=client(80, {}), begun=False),
        Kind(door="gateway", name="during a whole answer, JSON", client=client(40, {}), begun=True),
    ]


@asynccontextmanager
async def gateway(urls: Sequence[str]) -> AsyncGenerator[aiohttp.ClientSession]:
    """Serve a filled workspace over HTTP; give a session with a key to it."""
    with tempfile.TemporaryDirectory(prefix="catchup-leaving-") as folder:
        home = Path(folder)
        token = await furnished(home, MESSAGES)
        settings = load_settings(
            home=home,
            embedder="hashing",
            llm_url=",".join(urls),
            llm_model=NAME,
            grpc_listen="off",
            log_level="error",
        )
        async with open_services(settings) as services, running(services, headers=bearer(token)) as session:
            yield session


async def measured(kind: Kind, nodes: Nodes, numbers: range, stay_s: float) -> bool:
    """Print the line of one kind; return whether it is as it should be."""
    staying = Crowd(kind, nodes, size=len(numbers) // 2, first_number=numbers[0])
    await staying.come()
    await asyncio.sleep(stay_s)
    stayed = (await nodes.load()).all
    await staying.leave()
    leaving = Crowd(kind, nodes, size=len(numbers) // 2, first_number=numbers[len(numbers) // 2])
    load = await leaving.come()
    seconds = await leaving.leave()
    print(
        f"{kind.door:<8} {kind.name:<30} {load.running:>6} {load.waiting:>7} {load.first:>13}"
        f" {1000 * seconds:>10.0f} ms {stayed:>8}",
        flush=True,
    )
    return seconds <= LIMIT_S and stayed > 0


async def run(urls: Sequence[str], given: argparse.Namespace) -> bool:
    """Print a line for each kind; return whether all are as they should be."""
    pool = PooledChatModel(urls, NAME)
    print(f"{given.clients} clients, {len(urls)} nodes")
    print(COLUMNS)
    async with aiohttp.ClientSession() as plain, gateway(urls) as session:
        nodes = Nodes(urls, plain)
        kinds = [*pool_kinds(pool), *gateway_kinds(session)]
        step = 2 * given.clients
        well = [
            await measured(kind, nodes, range(place * step, (place + 1) * step), given.stay)
            for place, kind in enumerate(kinds)
        ]
    await pool.close()
    return all(well)


def main() -> None:
    """Start a node, or take those given, and let the clients leave."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clients", type=int, default=20)
    parser.add_argument("--stay", type=float, default=2.0, help="seconds that the crowd beside stays")
    parser.add_argument("--urls", nargs="+", help="nodes that serve already (benchmarks.vllm_nodes)")
    given = parser.parse_args()
    with node_urls(given.urls, 1) as urls:
        well = asyncio.run(run(urls, given))
    sys.exit(0 if well else 1)


if __name__ == "__main__":
    main()
