"""What a vLLM node says of itself at /metrics, read as a value."""

from __future__ import annotations

import asyncio
import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

from core.errors import ModelTimeout, ModelUnavailable
from gpu.node import metric_names as names

SCRAPE_SECONDS: Final = 2.0
_WANTED: Final = tuple(
    f"{name}{after}" for name in (*names.REQUIRED, *names.OPTIONAL) for after in ("{", " ")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeMetrics:
    """One reading of a node; counters count from its start, times are in seconds.

    `iterations` grows with every step of the engine: frozen while `running` > 0 means that it hangs.
    """

    running: int
    waiting: int
    kv_cache_usage: float
    prefix_queries: float
    prefix_hits: float
    preemptions: float
    prompt_tokens: float
    generation_tokens: float
    queue_seconds: float
    queue_count: float
    ttft_seconds: float
    ttft_count: float
    iterations: float
    admission_rejections: float = 0.0
    drafted: float = 0.0
    accepted: float = 0.0


def parse(text: str) -> NodeMetrics:
    """Return the reading that a Prometheus text holds; engines of one node are summed, of their KV usage the largest.

    Raises ModelUnavailable when a required metric is missing: another server, or another vLLM.
    """
    values = named_values(text)
    if missing := missing_names(values):
        raise ModelUnavailable(
            f"The node's /metrics lacks {', '.join(missing)}.",
            remedy="Serve with vLLM 0.31 or newer, without --disable-log-stats; see `catchup gpu check`.",
        )

    def total(name: str) -> float:
        return sum(values.get(name, ()), 0.0)

    return NodeMetrics(
        running=int(total(names.RUNNING)),
        waiting=int(total(names.WAITING)),
        kv_cache_usage=max(values[names.KV_CACHE_USAGE]),
        prefix_queries=total(names.PREFIX_QUERIES),
        prefix_hits=total(names.PREFIX_HITS),
        preemptions=total(names.PREEMPTIONS),
        prompt_tokens=total(names.PROMPT_TOKENS),
        generation_tokens=total(names.GENERATION_TOKENS),
        queue_seconds=total(names.QUEUE_SECONDS),
        queue_count=total(names.QUEUE_COUNT),
        ttft_seconds=total(names.TTFT_SECONDS),
        ttft_count=total(names.TTFT_COUNT),
        iterations=total(names.ITERATIONS),
        admission_rejections=total(names.ADMISSION_REJECTIONS),
        drafted=total(names.DRAFTED),
        accepted=total(names.ACCEPTED),
    )


def named_values(text: str) -> dict[str, list[float]]:
    """Return each wanted metric's values over its labels; other lines are not parsed (20 ms a reading if they were)."""
    lines = [line for line in text.splitlines() if line.startswith(_WANTED)]
    found: dict[str, list[float]] = defaultdict(list)
    try:
        for family in text_string_to_metric_families("\n".join(lines)):
            for sample in family.samples:
                found[sample.name].append(_finite(sample.value))
    except ValueError as error:
        raise ModelUnavailable(
            "The node's /metrics is not Prometheus text.", remedy="Check the URL."
        ) from error
    return dict(found)


def missing_names(values: Mapping[str, list[float]]) -> list[str]:
    """Return the required metrics that are not among the values."""
    return [name for name in names.REQUIRED if name not in values]


async def scrape(
    session: aiohttp.ClientSession, url: str, *, timeout_s: float = SCRAPE_SECONDS
) -> NodeMetrics:
    """Return what a node says now; `url` without /v1.

    Raises ModelTimeout, ModelUnavailable (unreachable, no /metrics, a metric missing).
    """
    return parse(await scrape_text(session, url, timeout_s=timeout_s))


async def scrape_text(session: aiohttp.ClientSession, url: str, *, timeout_s: float = SCRAPE_SECONDS) -> str:
    """Return a node's /metrics as it is; raises as `scrape` does."""
    remedy = "Check that the node is a vLLM server and answers GET /metrics."
    try:
        async with asyncio.timeout(timeout_s), session.get(f"{url.rstrip('/')}/metrics") as answer:
            if answer.status != 200:
                raise ModelUnavailable(f"{url}/metrics answered {answer.status}.", remedy=remedy)
            return await answer.text()
    except TimeoutError as error:
        raise ModelTimeout(f"{url}/metrics did not answer within {timeout_s:g} s.", remedy=remedy) from error
    except (aiohttp.ClientError, OSError, UnicodeDecodeError) as error:
        raise ModelUnavailable(
            f"{url}/metrics cannot be read: {type(error).__name__}.", remedy=remedy
        ) from error


def _finite(value: float) -> float:
    """Return a value; raise ValueError for NaN and the infinities, which no metric of ours can be."""
    if not math.isfinite(value):
        raise ValueError(value)
    return float(value)
