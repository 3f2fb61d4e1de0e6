"""Pools over fault servers in this loop, and nodes without any server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from core.chat import ChatDelta, ChatMessage, ChatRequest
from gpu.pool.events import PoolEvent
from gpu.pool.node import Node
from gpu.pool.policy import PoolPolicy
from gpu.pool.pool import PooledChatModel
from gpu.pool.statistics import Now
from gpu.watch import Patience
from tests.support.fault_server import FaultServer, expected, running


@dataclass
class Pooled:
    """A pool, its servers, and what it told."""

    pool: PooledChatModel
    servers: list[FaultServer]
    events: list[PoolEvent] = field(default_factory=list)

    def kinds(self) -> list[str]:
        """Return the kinds of the events that came."""
        return [event.kind.value for event in self.events]

    def at_rest(self) -> bool:
        """Return whether the books of all nodes are empty."""
        return all(
            (node.in_flight, node.queued_tokens, node.decode_tokens) == (0, 0, 0)
            for node in self.pool.report()
        )


@asynccontextmanager
async def pooled(*servers: FaultServer, policy: PoolPolicy | None = None) -> AsyncIterator[Pooled]:
    """Serve all servers, and give a pool over them in this order."""
    async with AsyncExitStack() as stack:
        for server in servers:
            await stack.enter_async_context(running(server))
        events: list[PoolEvent] = []
        pool = PooledChatModel(
            [server.url for server in servers],
            "tiny",
            policy=policy or PoolPolicy(health_s=0),
            hook=events.append,
        )
        stack.push_async_callback(pool.close)
        yield Pooled(pool, list(servers), events)


def asked(text: str = "What did I miss?", **fields: object) -> ChatRequest:
    """Return a request of one message."""
    request = {"messages": (ChatMessage(role="user", content=text),), "deadline_s": 5.0} | fields
    return ChatRequest(**request)  # pyright: ignore[reportArgumentType]


def answer_to(request: ChatRequest, tokens: int = 12) -> str:
    """Return what a fault server answers a request."""
    messages = [{"role": message.role, "content": message.content} for message in request.messages]
    return expected(messages, tokens=tokens, schema=request.schema is not None)


class Nowhere:
    """A transport that is never used."""

    def attempt(
        self, request: ChatRequest, patience: Patience, *, continuing: bool = False
    ) -> AsyncGenerator[ChatDelta, None]:
        raise NotImplementedError

    async def count_tokens(self, text: str) -> int:
        raise NotImplementedError

    async def get(self, path: str, timeout_s: float) -> tuple[int, str]:
        raise NotImplementedError

    async def close(self) -> None:
        """Nothing is open."""


def node(name: str, now: Now, policy: PoolPolicy | None = None) -> Node:
    """Return a node that has no server."""
    return Node(f"http://{name}", Nowhere(), policy=policy or PoolPolicy(health_s=0), now=now)


async def until(true: Callable[[], bool], seconds: float = 2.0) -> float:
    """Wait for a condition; return the seconds it took."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110  (what is waited for is not ours to signal)
            await asyncio.sleep(0.002)
    return loop.time() - began
