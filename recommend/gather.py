"""Candidates from all sources at once; a source that fails or is late is left out, and said to be."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from core.telemetry import Metrics
from recommend.candidates import SOURCES
from recommend.models import Ints, SourceReport
from recommend.query import Query
from recommend.usecase import SourceUse, UseCase

_FUSION = 60.0  # reciprocal rank fusion's constant (Cormack, Clarke and Büttcher 2009)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """Candidates in fused order, which sources brought each, and what became of every source."""

    items: Ints
    sources: dict[int, tuple[str, ...]]
    reports: tuple[SourceReport, ...]


async def gather(query: Query, use_case: UseCase, *, threads: ThreadPoolExecutor, metrics: Metrics) -> Pool:
    """Ask every source of the use case; never raises for a source's sake."""
    asked = [_ask(query, use_case, used, threads) for used in use_case.sources]
    answers = await asyncio.gather(*asked)
    for _, report in answers:
        if report.left_out:
            metrics.source_failures.labels(report.name).inc()
    return fuse(use_case.sources, answers, limit=use_case.pool)


def fuse(uses: Sequence[SourceUse], answers: Sequence[tuple[Ints, SourceReport]], *, limit: int) -> Pool:
    """Merge by weighted reciprocal rank: what several sources rank high comes first, ties by number."""
    points: dict[int, float] = {}
    brought: dict[int, tuple[str, ...]] = {}
    for used, (found, _) in zip(uses, answers, strict=True):
        for rank, item in enumerate(found.tolist(), start=1):
            points[item] = points.get(item, 0.0) + used.weight / (_FUSION + rank)
            brought[item] = (*brought.get(item, ()), used.name)
    best = sorted(points, key=lambda item: (-points[item], item))[:limit]
    return Pool(
        items=np.array(best, dtype=np.int32), sources=brought, reports=tuple(report for _, report in answers)
    )


async def _ask(
    query: Query, use_case: UseCase, used: SourceUse, threads: ThreadPoolExecutor
) -> tuple[Ints, SourceReport]:
    started = time.perf_counter()
    found, left_out = np.zeros(0, dtype=np.int32), ""
    try:
        source = SOURCES.get(use_case.corpus, used.name)
        running = asyncio.get_running_loop().run_in_executor(threads, source, query, used.limit)
        found = await asyncio.wait_for(running, used.budget_ms / 1000)
    except TimeoutError:
        left_out = "late"
    except Exception as error:  # a source is anybody's function: the answer comes without it
        left_out = f"failed:{type(error).__name__}"
    milliseconds = (time.perf_counter() - started) * 1000
    return found, SourceReport(name=used.name, found=len(found), milliseconds=milliseconds, left_out=left_out)
