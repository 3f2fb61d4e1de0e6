"""Two nodes, one broken: the share of requests answered right, and how long they took.

    python -m benchmarks.node_faults [--faults hang dies] [--schema-share 0.5] [--requests 200]

Each fault gets fresh processes: a well server, a broken one, and a client with a timeout of 5 s that asks 8 requests at
a time, once through the pool and once naively (round-robin, no retries). An answer counts when it is letter by letter
the one that its prompt has. Beside them: published figures of LiteLLM, vLLM's production-stack and vllm-router at their
defaults, measured elsewhere in the same arrangement, quoted and not run here.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Final, Protocol

from core.chat import ChatDelta, ChatMessage, ChatRequest, complete
from core.errors import CatchupError
from gpu.openai_client import OpenAIChatModel
from gpu.pool.events import PoolEvent
from gpu.pool.policy import PoolPolicy
from gpu.pool.pool import PooledChatModel
from tests.support.fault_server import expected

ROOT: Final = Path(__file__).parent.parent
FAULTS: Final = ("500", "503", "429", "reset", "refused", "hang", "dies")
PEERS: Final = {  # fault: LiteLLM, production-stack, vllm-router (round robin)
    "500": (98.0, 50.0, 100.0),
    "503": (97.5, 50.0, 100.0),
    "429": (100.0, 50.0, 98.5),
    "reset": (97.5, 34.0, 100.0),
    "refused": (99.0, 34.0, 100.0),
    "hang": (43.0, 50.0, 50.0),
    "dies": (49.0, 50.0, 50.0),
}
TOKENS: Final = 24
TIMEOUT_S: Final = 5.0
WIDTH: Final = 8


class Client(Protocol):
    """What is measured."""

    @property
    def name(self) -> str:
        """The model's name."""
        ...

    def stream(self, request: ChatRequest) -> AsyncGenerator[ChatDelta, None]:
        """Yield an answer."""
        ...

    async def count_tokens(self, text: str) -> int:
        """Count."""
        ...

    async def close(self) -> None:
        """Close."""
        ...


class Naive:
    """One node after the other, and no second try."""

    def __init__(self, urls: Sequence[str]) -> None:
        self._nodes = [OpenAIChatModel(url, "tiny") for url in urls]
        self._turn = count()

    @property
    def name(self) -> str:
        """The model's name."""
        return "tiny"

    def stream(self, request: ChatRequest) -> AsyncGenerator[ChatDelta, None]:
        """Yield the answer of the node whose turn it is."""
        return self._nodes[next(self._turn) % len(self._nodes)].stream(request)

    async def count_tokens(self, text: str) -> int:
        """Return what the first node counts."""
        return await self._nodes[0].count_tokens(text)

    async def close(self) -> None:
        """Close all."""
        for node in self._nodes:
            await node.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of the requests of one run."""

    right: float
    p50_ms: float
    p99_ms: float
    events: dict[str, int]


@contextmanager
def server(fault: str) -> Iterator[str]:
    """Run a fault server in a process of its own; give its URL."""
    command = ["-m", "tests.support.fault_server", "--fault", fault, "--tokens", str(TOKENS)]
    command += ["--gap-ms", "2", "--first-ms", "10"]
    process = subprocess.Popen(
        [sys.executable, *command], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert process.stdout
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.communicate()


async def asked(client: Client, number: int, *, schema: bool) -> tuple[bool, float]:
    """Ask one request; return whether the answer was right, and the seconds it took."""
    content = f"What was decided in channel {number % 20}, asks reader {number}?"
    request = ChatRequest(
        messages=(ChatMessage(role="user", content=content),),
        schema={"type": "object", "properties": {"answer": {"type": "string"}}} if schema else None,
        affinity=f"channel-{number % 20}",
        deadline_s=TIMEOUT_S,
    )
    began = time.perf_counter()
    try:
        async with asyncio.timeout(TIMEOUT_S):
            text = (await complete(client, request)).text
    except (CatchupError, TimeoutError):
        text = ""
    right = text == expected([{"role": "user", "content": content}], tokens=TOKENS, schema=schema)
    return right, time.perf_counter() - began


async def run(kind: str, urls: Sequence[str], given: argparse.Namespace) -> Outcome:
    """Return what became of the requests through one kind of client."""
    events: Counter[str] = Counter()

    def heard(event: PoolEvent) -> None:
        events[event.kind.value] += 1

    client: Client = Naive(urls)
    if kind == "pool":
        client = PooledChatModel(urls, "tiny", policy=PoolPolicy(hedge=given.hedge), hook=heard)
    places = asyncio.Semaphore(WIDTH)

    async def one(number: int) -> tuple[bool, float]:
        async with places:
            return await asked(client, number, schema=(number * given.schema_share) % 1 < given.schema_share)

    results = await asyncio.gather(*(one(number) for number in range(given.requests)))
    await client.close()
    seconds = sorted(second for _, second in results)
    return Outcome(
        right=100 * sum(right for right, _ in results) / len(results),
        p50_ms=1000 * seconds[len(seconds) // 2],
        p99_ms=1000 * seconds[int(0.99 * (len(seconds) - 1))],
        events=dict(events),
    )


def measured(fault: str, kind: str, given: argparse.Namespace) -> Outcome:
    """Return one run's outcome, from fresh processes."""
    with server("none") as well, server(fault) as broken:
        command = ["-m", "benchmarks.node_faults", "--client", kind, "--urls", well, broken]
        command += ["--requests", str(given.requests), "--schema-share", str(given.schema_share)]
        command += ["--hedge"] if given.hedge else []
        said = subprocess.run(
            [sys.executable, *command], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout
    return Outcome(**json.loads(said))


def table(given: argparse.Namespace) -> None:
    """Print a row for each fault."""
    print(
        f"{given.requests} requests, {given.schema_share:.0%} with a schema, {WIDTH} at a time, timeout {TIMEOUT_S} s"
    )
    print(f"{'':9}|{'pool':^27}|{'naive':^27}| quoted: LiteLLM  prod-stack  vllm-router")
    print(f"{'fault':9}|{'right %':>9}{'p50 ms':>9}{'p99 ms':>9}|{'right %':>9}{'p50 ms':>9}{'p99 ms':>9}|")
    for fault in given.faults:
        cells: list[str] = []
        ours = Outcome(right=0, p50_ms=0, p99_ms=0, events={})
        for kind in ("naive", "pool"):
            ours = measured(fault, kind, given)
            cells.insert(0, f"{ours.right:>9.1f}{ours.p50_ms:>9.0f}{ours.p99_ms:>9.0f}")
        peers = "".join(f"{figure:>12}" for figure in PEERS.get(fault, ("-", "-", "-")))
        print(f"{fault:9}|{cells[0]}|{cells[1]}|  {peers}   {ours.events}", flush=True)


def main() -> None:
    """Print the table; or, as the client of one run, its outcome."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--faults", nargs="+", default=list(FAULTS), help="also: stalls, none")
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--schema-share", type=float, default=0.5)
    parser.add_argument("--hedge", action="store_true", help="let the pool hedge")
    parser.add_argument("--client", choices=["pool", "naive"], help=argparse.SUPPRESS)
    parser.add_argument("--urls", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.client is None:
        table(given)
        return
    outcome = asyncio.run(run(given.client, given.urls, given))
    print(json.dumps({name: getattr(outcome, name) for name in ("right", "p50_ms", "p99_ms", "events")}))


if __name__ == "__main__":
    main()
