"""Where summaries of 200 channels go, over real vLLM nodes: the pool's routing beside round robin, by vLLM's own count.

    python -m benchmarks.vllm_affinity [--requests 600] [--channels 200] [--zipf 1.0] [--rate 4] [--urls URL URL]

One trace is played per policy, with arrivals at random times: channels by Zipf, each with a shared system prompt and a
history that now and then grows at its end. The channels of each policy have names of their own, so that nothing but
the system prompt is in a prefix cache when a policy begins; what is counted are differences of vLLM's metrics. In the
tiny model's 1 GiB of KV cache (2 million tokens) nothing would ever be forgotten; nodes of our own get one of
--cache-tokens, less than the histories of all channels have, as on a GPU. The hit rate of the history is that without
the system prompt, which is a hit under every policy.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Final

import aiohttp

from benchmarks.vllm_nodes import NAME, node_urls
from core.chat import ChatMessage, ChatModel, ChatRequest, complete
from gpu.node.metrics import NodeMetrics, scrape
from gpu.openai_client import OpenAIChatModel
from gpu.pool.policy import PoolPolicy
from gpu.pool.pool import PooledChatModel

SYSTEM: Final = "You summarize a channel for someone who was away, and cite what you say. " * 12
WORDS: Final = (
    "deploy",
    "failed",
    "because",
    "the",
    "migration",
    "was",
    "missing",
    "we",
    "rolled",
    "it",
    "back",
)
GROWS: Final = 0.25
"""The share of requests before which their channel's history has grown."""
LINES: Final = (16, 32, 64, 96)
"""How long a history is at first."""
MOST_LINES: Final = 192
BLOCK: Final = 32
"""Tokens of a block of the KV cache; vLLM's CPU build takes multiples of 32."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One request of the trace: when, for which channel, with how many lines of history."""

    at: float
    channel: int
    lines: int


def trace(given: argparse.Namespace) -> list[Arrival]:
    """Return the requests, the same for every policy."""
    rng = random.Random(given.seed)
    weights = [1 / (place + 1) ** given.zipf for place in range(given.channels)]
    lines = [rng.choice(LINES) for _ in weights]
    arrivals: list[Arrival] = []
    at = 0.0
    for channel in rng.choices(range(given.channels), weights, k=given.requests):
        at += rng.expovariate(given.rate)
        if rng.random() < GROWS:
            lines[channel] = min(MOST_LINES, lines[channel] + 8)
        arrivals.append(Arrival(at=at, channel=channel, lines=lines[channel]))
    return arrivals


def line_of(name: str, number: int) -> str:
    """Return one line of a channel's history, always the same."""
    rng = random.Random(f"{name}/{number}")
    return f"[m{number}] " + " ".join(rng.choices(WORDS, k=12))


def request_of(arrival: Arrival, salt: str) -> ChatRequest:
    """Return the request: what all share first, then what a channel keeps, oldest first."""
    name = f"{salt}-{arrival.channel}"
    history = "\n".join(line_of(name, number) for number in range(arrival.lines))
    return ChatRequest(
        messages=(
            ChatMessage(role="system", content=SYSTEM),
            ChatMessage(role="user", content=f"Channel {name}\n{history}"),
        ),
        max_tokens=16,
        deadline_s=120.0,
        affinity=name,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What one node did for one policy."""

    requests: float
    queries: float
    hits: float

    @property
    def prefilled(self) -> float:
        """Prompt tokens that were not in the cache."""
        return self.queries - self.hits


async def readings(urls: Sequence[str]) -> list[NodeMetrics]:
    """Return every node's metrics once nothing runs."""
    async with aiohttp.ClientSession() as session:
        while True:
            now = [await scrape(session, url, timeout_s=30) for url in urls]
            if not any(reading.running + reading.waiting for reading in now):
                await asyncio.sleep(0.5)  # the counters come a step after the answers
                return [await scrape(session, url, timeout_s=30) for url in urls]
            await asyncio.sleep(0.1)


async def play(arrivals: Sequence[Arrival], models: Sequence[ChatModel], salt: str) -> list[float]:
    """Send every request at its time, to the models in turn; return the seconds that each took."""
    turn = count()
    began = time.monotonic()

    async def one(arrival: Arrival) -> float:
        await asyncio.sleep(max(0.0, began + arrival.at - time.monotonic()))
        model = models[next(turn) % len(models)]
        sent = time.monotonic()
        await complete(model, request_of(arrival, salt))
        return time.monotonic() - sent

    return await asyncio.gather(*(one(arrival) for arrival in arrivals))


async def counted(
    policy: str, urls: Sequence[str], arrivals: Sequence[Arrival]
) -> tuple[list[Counted], list[float]]:
    """Return what each node did for a policy, and the seconds of its requests."""
    pool: list[ChatModel] = [PooledChatModel(urls, NAME, policy=PoolPolicy())]
    models = pool if policy == "pool" else [OpenAIChatModel(url, NAME) for url in urls]
    before = await readings(urls)
    seconds = await play(arrivals, models, f"{policy}-{time.time_ns()}")
    after = await readings(urls)
    for model in models:
        await model.close()
    return [
        Counted(
            requests=now.ttft_count - then.ttft_count,
            queries=now.prefix_queries - then.prefix_queries,
            hits=now.prefix_hits - then.prefix_hits,
        )
        for then, now in zip(before, after, strict=True)
    ], seconds


def busiest(values: Sequence[float]) -> float:
    """Return the largest over the mean."""
    return max(values) * len(values) / sum(values)


def row(policy: str, nodes: Sequence[Counted], seconds: Sequence[float], system_tokens: int) -> str:
    """Return one line of the table."""
    shared = system_tokens * len(seconds)
    queries, hits = sum(node.queries for node in nodes), sum(node.hits for node in nodes)
    ordered = sorted(seconds)
    return (
        f"{policy:<12} {hits / queries:>8.3f} {(hits - shared) / (queries - shared):>8.3f}"
        f" {queries:>10,.0f} {queries - hits:>10,.0f}"
        f" {busiest([node.requests for node in nodes]):>9.2f} {busiest([node.queries for node in nodes]):>7.2f}"
        f" {busiest([node.prefilled for node in nodes]):>9.2f}"
        f" {ordered[len(ordered) // 2]:>7.2f} {ordered[int(0.99 * (len(ordered) - 1))]:>7.2f}"
    )


async def compare(urls: Sequence[str], given: argparse.Namespace) -> None:
    """Print a line for each policy, in an order that the rounds turn."""
    arrivals = trace(given)
    channels = {arrival.channel for arrival in arrivals}
    print(
        f"{len(arrivals)} requests at {given.rate:g}/s for {len(channels)} channels (Zipf {given.zipf:g}),"
        f" {1 - len(channels) / len(arrivals):.0%} repeats, {len(urls)} nodes"
    )
    print(f"{'':12} {'hit rate of':^17} {'prompt':>10} {'prefilled':>10}  busiest/mean by           seconds")
    print(
        f"{'':12} {'all':>8} {'history':>8} {'tokens':>10} {'tokens':>10}  requests  tokens prefilled     p50     p99"
    )
    counting = OpenAIChatModel(urls[0], NAME)
    system_tokens = await counting.count_tokens(SYSTEM)
    await counting.close()
    policies = ["round robin", "pool"]
    for number in range(given.rounds):
        for policy in policies if number % 2 == 0 else reversed(policies):
            print(row(policy, *await counted(policy, urls, arrivals), system_tokens), flush=True)


def main() -> None:
    """Play the trace by each policy."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--requests", type=int, default=600)
    parser.add_argument("--channels", type=int, default=200)
    parser.add_argument("--zipf", type=float, default=1.0)
    parser.add_argument("--rate", type=float, default=4.0, help="requests a second, all nodes together")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cache-tokens", type=int, default=65_536, help="KV cache of each of our own nodes")
    parser.add_argument("--urls", nargs="+", help="nodes that serve already (benchmarks.vllm_nodes)")
    given = parser.parse_args()
    blocks = given.cache_tokens // BLOCK
    with node_urls(
        given.urls, 2, "--block-size", str(BLOCK), "--num-gpu-blocks-override", str(blocks)
    ) as urls:
        asyncio.run(compare(urls, given))


if __name__ == "__main__":
    main()
