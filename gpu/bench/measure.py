"""Measure a node for this workload: concurrency by concurrency, each cold and then warm."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import aiohttp

from core.chat import ChatModel
from core.errors import InvalidInput, ModelUnavailable
from gpu.bench.figures import Level, Measured, Phase, phase
from gpu.bench.load import ask, run
from gpu.bench.workload import Workload
from gpu.node.metrics import NodeMetrics, scrape
from gpu.openai_client import OpenAIChatModel, base_url

SETTLE_SECONDS: Final = 0.2
SCRAPE_SECONDS: Final = 10.0  # a busy node answers late, and the figures need it
_WARM_UP: Final = 1_000_000_000  # a channel that no level asks for

_ONCE: Final = (
    "the spread between runs: each phase ran once, so run again before you believe a small difference"
)

Done = Callable[[], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """How much is asked: at each concurrency so many requests a client, and at least `least` in all."""

    workload: Workload
    concurrencies: Sequence[int] = (1, 2, 4, 8, 16, 32)
    each: int = 4
    least: int = 16

    def asked(self, concurrency: int) -> int:
        """Return how many requests one phase of a concurrency has."""
        return max(self.least, self.each * concurrency)

    @property
    def total(self) -> int:
        """All requests of one node."""
        return 2 + 2 * sum(self.asked(concurrency) for concurrency in self.concurrencies)


async def measure_node(
    bench: Bench,
    url: str,
    *,
    label: str = "",
    name: str = "",
    api_key: str | None = None,
    done: Done = lambda: None,
) -> Measured:
    """Return the figures of the node behind a URL; without a `name`, of the only model that it lists.

    Raises InvalidInput, and ModelUnavailable if it does not answer the first request.
    """
    lister = OpenAIChatModel(url, name or "server", api_key=api_key)
    try:
        served = name or _only(await lister.served(), url)
    finally:
        await lister.close()
    model = OpenAIChatModel(url, served, api_key=api_key, connections=2 * max(bench.concurrencies))
    try:
        return await measure(bench, model, base_url(url), label=label or url, done=done)
    finally:
        await model.close()


def _only(names: Sequence[str], url: str) -> str:
    if len(names) != 1:
        raise InvalidInput(
            "--name", None, f"{url} serves {', '.join(names) or 'no model'}", remedy="Give the name of one."
        )
    return names[0]


async def measure(
    bench: Bench, model: ChatModel, url: str, *, label: str, done: Done = lambda: None
) -> Measured:
    """Return a model's figures, with the books of the node at `url`; `done` hears of each answer.

    Raises ModelUnavailable if the first request fails.
    """
    async with aiohttp.ClientSession() as session:
        node = _Node(bench=bench, model=model, session=session, url=url, done=done)
        await _warm_up(node)
        levels: list[Level] = []
        for place, concurrency in enumerate(bench.concurrencies):
            channels = _channels(bench, place)
            cold = await _phase(node, concurrency, channels, warm=False)
            warm = await _phase(node, concurrency, channels, warm=True)
            levels.append(Level(concurrency=concurrency, cold=cold, warm=warm))
    return Measured(model=model.name, label=label, levels=levels, not_measured=tuple(_gaps(levels)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Node:
    """What is measured, and with what."""

    bench: Bench
    model: ChatModel
    session: aiohttp.ClientSession
    url: str
    done: Done


def _channels(bench: Bench, place: int) -> range:
    """Return channels that no other concurrency asks about."""
    start = sum(bench.asked(concurrency) for concurrency in bench.concurrencies[:place])
    return range(start, start + bench.asked(bench.concurrencies[place]))


async def _warm_up(node: _Node) -> None:
    """Ask twice, uncounted: connections open, and the grammars of both kinds of request compile."""
    for warm in (False, True):
        answered = await ask(node.model, node.bench.workload.request(_WARM_UP, warm=warm))
        if answered.error:
            raise ModelUnavailable(
                f"{node.model.name} does not answer the first request: {answered.error}.",
                remedy="Ask `catchup gpu check` what is wrong; is --messages too much for its context?",
            )
        node.done()


async def _phase(node: _Node, concurrency: int, channels: range, *, warm: bool) -> Phase:
    """Ask about every channel once, and read the node's books before and after."""
    before = await _metrics(node)
    requests = (node.bench.workload.request(channel, warm=warm) for channel in channels)
    finished = await run(node.model, requests, concurrency, done=node.done)
    await asyncio.sleep(SETTLE_SECONDS)  # the engine's counters come a step after its answer
    return phase(finished, before, await _metrics(node))


async def _metrics(node: _Node) -> NodeMetrics | None:
    """Return the node's metrics; None where it has none, which the report then says."""
    try:
        return await scrape(node.session, node.url, timeout_s=SCRAPE_SECONDS)
    except ModelUnavailable:
        return None


def _gaps(levels: Sequence[Level]) -> list[str]:
    """Return what these figures leave out."""
    phases = [phase for level in levels for phase in (level.cold, level.warm)]
    gaps = ["quality of the answers (see `catchup eval run`)", "power, and use of the GPU's units", _ONCE]
    if any(phase.hit is None for phase in phases):
        gaps.append("the prefix cache's hit rate over all requests: the node has no metrics of vLLM")
    if not any(phase.cached for phase in phases):
        gaps.append("cached tokens a request: usage told of none (--enable-prompt-tokens-details)")
    if any(phase.asked < 100 for phase in phases):
        gaps.append("p99 proper: a phase had fewer than 100 requests, so it is nearly the slowest")
    if any(phase.failed for phase in phases):
        gaps.append("the answers that failed: they are counted, and in no other figure")
    return gaps
