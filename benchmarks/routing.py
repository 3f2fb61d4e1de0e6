"""Where channel summaries go: our router beside round-robin and hashing by channel, on one trace, in simulated time.

    python -m benchmarks.routing [--nodes 2 4 6] [--requests 4000] [--channels 200] [--seed 1]

The router is the shipped one; the nodes are a model of one (prefill in turn at a fixed rate, a prefix cache of limited
size), so the table ranks policies and says nothing of any GPU. Every prompt begins with the same system prompt. A
repeat is a request for a channel seen before; it hits when its node still holds the channel's history.
"""

from __future__ import annotations

import argparse
import heapq
import random
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Final

from core.chat import ChatDelta, ChatMessage, ChatRequest
from gpu.pool.ledger import Ticket
from gpu.pool.node import Node
from gpu.pool.policy import PoolPolicy
from gpu.pool.prefix import Held, rank
from gpu.pool.routing import Ask, Router
from gpu.watch import Patience

SYSTEM_TOKENS: Final = 768
PREFILL_PER_S: Final = 8000.0
STEP_S: Final = 0.02
CHARACTERS: Final = 4

Choose = Callable[[Sequence["Simulated"], "Arrival"], tuple["Simulated", int, Held]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One request of the trace: when, for which channel, with how many tokens of history."""

    at: float
    channel: int
    tokens: int
    ask: Ask


class Nowhere:
    """A transport that is never used."""

    def attempt(
        self, request: ChatRequest, patience: Patience, *, continuing: bool = False
    ) -> AsyncGenerator[ChatDelta, None]:
        """Fail."""
        raise NotImplementedError

    async def count_tokens(self, text: str) -> int:
        """Fail."""
        raise NotImplementedError

    async def get(self, path: str, timeout_s: float) -> tuple[int, str]:
        """Fail."""
        raise NotImplementedError

    async def close(self) -> None:
        """Fail."""
        raise NotImplementedError


@dataclass(slots=True)
class Simulated:
    """A node: the state the router keeps of it, and the model of what it really does."""

    node: Node
    memory: int
    free_at: float = 0.0
    cached: OrderedDict[int, int] = field(default_factory=OrderedDict[int, int])
    requests: int = 0
    prefilled: int = 0

    def prefill(self, arrival: Arrival) -> tuple[int, float]:
        """Return the tokens that were cached, and when the first token of a request comes."""
        held = min(self.cached.get(arrival.channel, 0), arrival.tokens)
        fresh = arrival.tokens - held + (0 if self.cached else SYSTEM_TOKENS)
        self.cached[arrival.channel] = max(held, arrival.tokens)
        self.cached.move_to_end(arrival.channel)
        while sum(self.cached.values()) > self.memory:
            self.cached.popitem(last=False)
        self.free_at = max(self.free_at, arrival.at) + fresh / PREFILL_PER_S
        self.requests += 1
        self.prefilled += fresh
        return held + (SYSTEM_TOKENS if self.requests > 1 else 0), self.free_at + STEP_S


@dataclass(slots=True)
class Result:
    """What a policy made of the trace."""

    hits: int = 0
    repeats: int = 0
    seconds: list[float] = field(default_factory=list[float])


class Clock:
    """The time of the simulation."""

    now = 0.0

    def __call__(self) -> float:
        """Return it."""
        return self.now


def trace(router: Router, given: argparse.Namespace, nodes: int) -> list[Arrival]:
    """Return requests for Zipf-distributed channels whose histories grow in buckets of 1,024 tokens."""
    rng = random.Random(given.seed)
    weights = [1 / (n + 1) ** given.zipf for n in range(given.channels)]
    history = [rng.choice((1024, 2048, 4096, 8192)) for _ in weights]
    letters = [f"{n:04d}" * 16_384 for n in range(given.channels)]
    arrivals: list[Arrival] = []
    at = 0.0
    for channel in rng.choices(range(given.channels), weights, k=given.requests):
        at += rng.expovariate(given.rate * nodes)
        if rng.random() < 0.1 and history[channel] < 15_000:
            history[channel] += 1024
        system = ChatMessage(role="system", content="s" * SYSTEM_TOKENS * CHARACTERS)
        user = ChatMessage(role="user", content=letters[channel][: history[channel] * CHARACTERS])
        request = ChatRequest(messages=(system, user), max_tokens=given.answer, affinity=f"channel-{channel}")
        arrivals.append(Arrival(at=at, channel=channel, tokens=history[channel], ask=router.ask(request)))
    return arrivals


def play(arrivals: Sequence[Arrival], nodes: Sequence[Simulated], choose: Choose, clock: Clock) -> Result:
    """Send every request where the policy says; the router learns of answers when they come."""
    result, seen = Result(), set[int]()
    coming: list[tuple[float, int, Callable[[], None]]] = []
    numbers = count()
    for arrival in arrivals:
        while coming and coming[0][0] <= arrival.at:
            clock.now, _, happen = heapq.heappop(coming)
            happen()
        clock.now = arrival.at
        for each in nodes:  # answers that run bring tokens all the time
            each.node.last_token = arrival.at if each.node.ledger.decode_tokens else each.node.last_token
        to, uncached, held = choose(nodes, arrival)
        result.repeats += arrival.channel in seen
        result.hits += arrival.channel in seen and to.cached.get(arrival.channel, 0) >= arrival.tokens - 1024
        seen.add(arrival.channel)
        work = to.node.work(uncached)
        ticket = to.node.open(prefill=uncached, decode=arrival.ask.request.max_tokens)
        cached, first_at = to.prefill(arrival)
        to.node.cache.learn(held.characters // CHARACTERS, held.since, cached)
        result.seconds.append(first_at - arrival.at)
        first = Heard(to.node, ticket, work, uncached, arrival.at, clock)
        heapq.heappush(coming, (first_at, next(numbers), first))
        end = first_at + STEP_S * arrival.ask.request.max_tokens
        heapq.heappush(coming, (end, next(numbers), ticket.close))
    return result


@dataclass(slots=True)
class Heard:
    """The first token of a request, as it comes."""

    node: Node
    ticket: Ticket
    work: int
    tokens: int
    began: float
    clock: Clock

    def __call__(self) -> None:
        """Tell the router's books."""
        self.ticket.token()
        self.node.last_token = self.clock.now
        self.node.heard_first(self.clock.now - self.began, work=self.work, uncached=self.tokens)


def policies(router: Router) -> dict[str, Choose]:
    """Return the policies by name."""
    turn = count()

    def ours(nodes: Sequence[Simulated], arrival: Arrival) -> tuple[Simulated, int, Held]:
        chosen = router.choose([each.node for each in nodes], arrival.ask)
        uncached, held = router.uncached(chosen, arrival.ask), router.held(chosen, arrival.ask)
        router.sent(chosen, arrival.ask)
        return next(each for each in nodes if each.node is chosen), uncached, held

    def in_turn(nodes: Sequence[Simulated], arrival: Arrival) -> tuple[Simulated, int, Held]:
        return nodes[next(turn) % len(nodes)], arrival.tokens, Held()

    def hashed(nodes: Sequence[Simulated], arrival: Arrival) -> tuple[Simulated, int, Held]:
        affinity = arrival.ask.request.affinity
        return max(nodes, key=lambda each: rank(affinity, each.node.url)), arrival.tokens, Held()

    return {"round-robin": in_turn, "hash(channel)": hashed, "pool": ours}


def row(name: str, nodes: Sequence[Simulated], result: Result) -> str:
    """Return one line of the table."""
    seconds = sorted(result.seconds)
    requests = [each.requests for each in nodes]
    tokens = [each.prefilled for each in nodes]
    return (
        f"{len(nodes):>5} {name:<14} {result.hits / max(1, result.repeats):>8.3f}"
        f" {max(requests) * len(nodes) / sum(requests):>14.2f} {max(tokens) * len(nodes) / sum(tokens):>13.2f}"
        f" {sum(tokens) / 1e6:>10.2f} {1000 * seconds[len(seconds) // 2]:>7.0f}"
        f" {1000 * seconds[int(0.99 * len(seconds))]:>7.0f}"
    )


def main() -> None:
    """Print a line for each number of nodes and policy."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--nodes", type=int, nargs="+", default=[2, 4, 6])
    parser.add_argument("--requests", type=int, default=4000)
    parser.add_argument("--channels", type=int, default=200)
    parser.add_argument("--zipf", type=float, default=1.0)
    parser.add_argument("--rate", type=float, default=3.0, help="requests per second and node")
    parser.add_argument("--memory", type=int, default=400_000, help="tokens of a node's prefix cache")
    parser.add_argument("--answer", type=int, default=128, help="tokens of an answer")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    print(
        f"{given.requests} requests for {given.channels} channels (Zipf {given.zipf}), {given.rate} a second a node"
    )
    print("nodes policy         repeats  busiest/mean:                prefilled TTFT ms")
    print("                      on hit       requests        tokens   M tokens     p50     p99")
    for size in given.nodes:
        for name in policies(Router(PoolPolicy(), rng=random.Random(0), now=Clock())):
            clock = Clock()
            policy = PoolPolicy()
            router = Router(policy, rng=random.Random(given.seed), now=clock)
            nodes = [
                Simulated(Node(f"http://node-{n}:8000", Nowhere(), policy=policy, now=clock), given.memory)
                for n in range(size)
            ]
            result = play(trace(router, given, size), nodes, policies(router)[name], clock)
            print(row(name, nodes, result))


if __name__ == "__main__":
    main()
