"""What the gateway itself costs on the summary path, beside the least a gateway in this language costs.

    python -m benchmarks.gateway_overhead [--requests 1000] [--rounds 2] [--messages 60] [--extractive] [--no-profile]

A loopback model answers at once (benchmarks/loopback_model.py). One worker of ours, and a bare FastAPI+aiohttp proxy
(benchmarks/bare_proxy.py), each pinned to one core, take turns; the load and the model run on the others. CPU is that
of the whole gateway process from /proc/PID/stat, the least of the rounds. Then, apart from the figures, one pass in
this process under cProfile says where our time goes, as shares.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from socket import socket

import aiohttp
import orjson
from rich.console import Console
from rich.table import Table

from benchmarks.overhead_profile import Profile, profiling, show_profile
from benchmarks.summary_latency import LINES
from core.directory import Channel, Membership, Person, Workspace
from core.ids import ChannelId, MessageId, UserId, WorkspaceId
from gateway.app import Services, open_services
from gateway.auth import Scope
from gateway.serving import bind, rest_server
from gateway.settings import load_settings
from summarize.models import Message

HERE, START = WorkspaceId("bench"), datetime(2026, 3, 2, 9, tzinfo=UTC)
CHANNELS, PEOPLE, CONCURRENCY, WARM = 64, 12, 32, 20
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What is asked of whom: one row of the table."""

    name: str
    url: str
    body: Callable[[int], bytes]
    headers: dict[str, str]
    pid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One measurement: CPU and latencies in ms, and answers a second."""

    cpu: float
    rps: float
    p50: float
    p99: float


def main() -> None:
    """Measure, then profile."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name, default in (("requests", 1000), ("rounds", 2), ("messages", 60), ("items", 5), ("chunks", 20)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument(
        "--extractive", action="store_true", help="no model at all: our path without a client"
    )
    parser.add_argument("--no-profile", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as running:
        home = Path(folder) / "home"
        token = asyncio.run(furnished(home, given.messages))
        backend = running.enter_context(program("benchmarks.loopback_model", options(given), core=-1))
        settings = environment(home, "" if given.extractive else backend.url)
        bare = running.enter_context(
            program("benchmarks.bare_proxy", lambda port: [port, backend.url], core=0)
        )
        ours = running.enter_context(program("gateway", lambda _: ["serve"], core=0, env=settings))
        os.sched_setaffinity(0, others())
        asyncio.run(measured(given, token, backend, bare, ours))
        if not given.no_profile:
            ours.process.terminate()
            ours.process.wait()
            show_profile(asyncio.run(in_process(home, settings, token, min(given.requests, 120))))


def options(given: argparse.Namespace) -> Callable[[str], list[str]]:
    """Return the loopback model's command line for a port."""
    return lambda port: [port, "--items", str(given.items), "--chunks", str(given.chunks)]


async def furnished(home: Path, messages: int) -> str:
    """Fill a workspace of equal channels; return an API key."""
    async with open_services(load_settings(home=home, embedder="hashing", llm_url="", model="")) as services:
        await services.directory.put_workspace(Workspace(id=HERE, name="bench", created_at=START))
        people = [
            Person(id=UserId(f"U{n}"), handle=f"p{n}", display_name=f"Person {n}") for n in range(PEOPLE)
        ]
        channels = [Channel(id=ChannelId(f"C{n}"), name=f"channel-{n}") for n in range(CHANNELS)]
        await fill(services, people, channels, messages)
        return (await services.keys.create(HERE, "bench", frozenset({Scope.SUMMARIES})))[1]


async def fill(
    services: Services, people: Sequence[Person], channels: Sequence[Channel], messages: int
) -> None:
    """Put people and channels into the directory, and messages of a working day into every channel."""
    await services.directory.put_people(HERE, people)
    await services.directory.put_channels(HERE, channels)
    members = [Membership(person=person.id, channel=channel.id) for person in people for channel in channels]
    await services.directory.add_members(HERE, members)
    for channel in channels:
        await services.intake.put([message(channel.id, n) for n in range(messages)])


def message(channel: ChannelId, n: int) -> Message:
    """Return the n-th message of a channel; channels differ in their numbers."""
    return Message(
        id=MessageId(f"{channel}-{n:04d}"),
        workspace=HERE,
        channel=channel,
        author=UserId(f"U{(n * 7) % PEOPLE}"),
        at=START + timedelta(seconds=30 * n),
        text=LINES[(n * 3 + n // 11) % len(LINES)].format(n=n + 1000 * int(channel[1:])),
    )


def environment(home: Path, llm: str) -> dict[str, str]:
    """Return the environment of our gateway: everything at its default but what a benchmark must not have."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("CATCHUP_")}
    return plain | {
        "CATCHUP_HOME": str(home),
        "CATCHUP_EMBEDDER": "hashing",
        "CATCHUP_GRPC_LISTEN": "off",
        "CATCHUP_RATE_PER_SECOND": "1000000",
        "CATCHUP_RATE_BURST": "1000000",
        "CATCHUP_LLM_URL": llm,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A server that runs."""

    process: subprocess.Popen[bytes]
    url: str


@contextmanager
def program(
    module: str, arguments: Callable[[str], list[str]], *, core: int, env: dict[str, str] | None = None
) -> Iterator[Program]:
    """Run a server on a free port, on one core (-1: on the others), until the end of the block."""
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    cores = {sorted(os.sched_getaffinity(0))[core]} if core >= 0 else others()
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments(port)],
        env={**(env or os.environ), "CATCHUP_LISTEN": f"127.0.0.1:{port}"},
        stdout=subprocess.DEVNULL,
        preexec_fn=lambda: os.sched_setaffinity(0, cores),
    )
    try:
        wait_for(int(port), process)
        yield Program(process=process, url=f"http://127.0.0.1:{port}")
    finally:
        process.kill()
        process.wait()


def others() -> set[int]:
    """Return every core but the first, or the first if it is alone."""
    cores = sorted(os.sched_getaffinity(0))
    return set(cores[1:] or cores)


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Return once something listens at a port."""
    for _ in range(600):
        with socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None:
            break
        time.sleep(0.1)
    raise SystemExit(f"nothing listens at port {port}")


async def measured(
    given: argparse.Namespace, token: str, backend: Program, bare: Program, ours: Program
) -> None:
    """Print the table of all kinds, rounds interleaved."""
    console = Console()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    events = {"Accept": "text/event-stream"}
    summaries = f"{ours.url}/v1/summaries"
    kinds = [
        Kind(name="ours", url=summaries, body=ask, headers=headers, pid=ours.process.pid),
        Kind(name="ours, events", url=summaries, body=ask, headers=headers | events, pid=ours.process.pid),
    ]
    async with aiohttp.ClientSession() as session:
        await show_answer(console, session, kinds[0], backend.url, extractive=given.extractive)
        prompt = await fetched(session, f"{backend.url}/last") or (b'{"messages":["' + b"x" * 16_000 + b'"]}')
    completions = f"{bare.url}/v1/chat/completions"
    for name, stream in (("bare", False), ("bare, events", True)):
        passed = orjson.dumps(orjson.loads(prompt) | {"stream": stream})
        plain = {"Content-Type": "application/json"}
        body = bodies(passed)
        kinds.insert(0, Kind(name=name, url=completions, body=body, headers=plain, pid=bare.process.pid))
    rounds: dict[str, list[Round]] = {kind.name: [] for kind in kinds}
    for kind in kinds:
        await run(kind, min(200, given.requests))
    for _ in range(given.rounds):
        for kind in kinds:
            rounds[kind.name].append(await run(kind, given.requests))
    show(console, rounds, len(prompt))


def bodies(body: bytes) -> Callable[[int], bytes]:
    """Return the same body every time."""
    return lambda _: body


def ask(n: int) -> bytes:
    """Return the n-th summary request: no two at once are of one channel, so that none shares another's draft."""
    body = {
        "channel": f"C{n % CHANNELS}",
        "since": START.isoformat(),
        "until": (START + timedelta(days=1)).isoformat(),
        "user": f"U{n % PEOPLE}",
    }
    return orjson.dumps(body)


async def run(kind: Kind, count: int) -> Round:
    """Ask so many times, CONCURRENCY at once."""
    turns, walls = iter(range(count)), list[float]()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def client() -> None:
            for n in turns:
                began = time.perf_counter()
                async with session.post(kind.url, data=kind.body(n), headers=kind.headers) as response:
                    answer = await response.read()
                    if response.status != 200 or b"event: error" in answer:
                        raise SystemExit(f"{kind.name} answered {response.status}: {answer[:500]!r}")
                walls.append((time.perf_counter() - began) * 1e3)

        began, cpu = time.perf_counter(), ticks(kind.pid)
        await asyncio.gather(*(client() for _ in range(CONCURRENCY)))
        wall, cpu = time.perf_counter() - began, ticks(kind.pid) - cpu
    hundredths = statistics.quantiles(walls, n=100)
    return Round(cpu=cpu / TICKS * 1e3 / count, rps=count / wall, p50=hundredths[49], p99=hundredths[98])


def ticks(pid: int) -> int:
    """Return the CPU time of a process and its threads, user and system, in clock ticks."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


async def fetched(session: aiohttp.ClientSession, url: str) -> bytes:
    async with session.get(url) as response:
        return await response.read()


async def show_answer(
    console: Console, session: aiohttp.ClientSession, kind: Kind, backend: str, *, extractive: bool
) -> None:
    """Print what one answer is like, so that nobody takes a refusal for speed."""
    async with session.post(kind.url, data=kind.body(0), headers=kind.headers) as response:
        answer = orjson.loads(await response.read())
    if response.status != 200:
        raise SystemExit(f"{response.status}: {answer}")
    if not extractive and answer.get("degraded"):
        raise SystemExit(f"the answer is degraded: {answer['degraded']}")
    made, coverage = answer["provenance"], answer["coverage"]
    asked = orjson.loads(await fetched(session, f"{backend}/stats"))
    console.print(
        f"an answer: engine {made['engine']}, model {made['model']}, {len(answer['items'])} items kept, "
        f"{coverage['dropped']} dropped, {coverage['used']} messages; {asked['requests']} model call(s)"
    )


def show(console: Console, rounds: dict[str, list[Round]], size: int) -> None:
    best = {name: min(found, key=lambda one: one.cpu) for name, found in rounds.items()}
    table = Table("", "CPU ms/request", "x bare", "requests/s", "p50 ms", "p99 ms")
    for name, one in best.items():
        peer = best["bare, events" if name.endswith("events") else "bare"]
        table.add_row(
            name,
            f"{one.cpu:.2f}",
            f"{one.cpu / peer.cpu:.1f}",
            f"{one.rps:,.0f}",
            f"{one.p50:.1f}",
            f"{one.p99:.1f}",
        )
    console.print(table)
    console.print(
        f"{CONCURRENCY} at once, one core; model request of {size / 1024:.1f} KB; least CPU of the rounds"
    )


async def in_process(home: Path, settings: dict[str, str], token: str, count: int) -> Profile:
    """Serve from this process, under cProfile, one request at a time; return where the time went."""
    opened = load_settings(
        home=home,
        embedder="hashing",
        llm_url=settings["CATCHUP_LLM_URL"],
        rate_per_second=1e6,
        rate_burst=10**6,
    )
    with profiling() as profile:
        async with open_services(opened) as services:
            listener = bind("CATCHUP_LISTEN", "127.0.0.1:0")
            server = rest_server(services)
            serving = asyncio.create_task(server.serve([listener]))
            url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1/summaries"
            headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
            async with aiohttp.ClientSession(headers=headers) as session:
                for n in range(count):
                    if n == WARM:
                        profile.start()
                    async with session.post(url, data=ask(n)) as response:
                        await response.read()
            server.should_exit = True
            await serving
    return replace(profile.read(), requests=count - WARM)


if __name__ == "__main__":
    main()
