"""Which engine words a summary: the first that answers, down to the one that always does.

Every item is held against its messages before anybody sees it, whoever wrote it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace

from core.errors import CatchupError, GenerationFailed, ModelOverloaded, ModelTimeout
from core.ids import WorkspaceId
from core.telemetry import Metrics
from summarize.engine import Brief, Draft, Drafter
from summarize.ground import Grounding
from summarize.models import NO_ENGINE, Feature, Item

Rungs = Callable[[WorkspaceId, Feature], Sequence[Drafter]]
_GRACE_S = 0.25  # for an engine to end by itself
_SHARE = 0.6  # of the time that is left, for an engine below which another model waits


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A draft whose items all hold. `degraded` says why a fallback made it, empty if none did.

    `begun_by` names the engine and model that wrote its first items and failed then.
    """

    items: tuple[Item, ...]
    draft: Draft
    engine: str
    model: str
    degraded: str = ""
    begun_by: str = ""
    dropped: int = 0
    repaired: int = 0


NOTHING = Made(items=(), draft=Draft(), engine=NO_ENGINE, model=NO_ENGINE)
"""What is made of nothing, without any engine."""


@dataclass(slots=True, kw_only=True)
class _Sieve:
    """Keeps the items that hold, and counts the others."""

    grounding: Grounding
    metrics: Metrics
    kept: list[Item] = field(default_factory=list[Item])
    dropped: int = 0
    repaired: int = 0

    def pass_on(self, item: Item) -> Item | None:
        """Return an item as it may be shown, None if it does not hold or says again what was said."""
        settled = self.grounding.settle(item)
        if settled.item is None:
            self.dropped += 1
            self.metrics.summary_items.labels(outcome=settled.fault).inc()
            return None
        if self.grounding.repeats(settled.item, self.kept):
            self.metrics.summary_items.labels(outcome="repeated").inc()
            return None
        self.repaired += settled.repaired
        self.metrics.summary_items.labels(outcome="repaired" if settled.repaired else "kept").inc()
        self.kept.append(settled.item)
        return settled.item


class Ladder:
    """Tries engines in order; what one has said before it failed stays, and the next adds to it.

    Whatever an engine fails of, its prompt or its cache too, the next one answers; a late one is ended.
    """

    def __init__(self, rungs: Rungs, metrics: Metrics) -> None:
        self._rungs = rungs
        self._metrics = metrics

    def reads_along(self, workspace: WorkspaceId, feature: Feature) -> bool:
        """Tell whether a model is asked, which understands a window better with what was said just before it."""
        return len(self._rungs(workspace, feature)) > 1

    async def climb(self, brief: Brief, feature: Feature) -> AsyncGenerator[Item | Made, None]:
        """Yield each item that holds, then what was made.

        Raises what the last engine raises: ModelUnavailable and its kinds, GenerationFailed; of a recap
        ModelOverloaded rather than falling back to extraction: it is kept, and can be made later.
        """
        sieve = _Sieve(grounding=await asyncio.to_thread(Grounding, brief.material), metrics=self._metrics)
        ends_at = asyncio.get_running_loop().time() + brief.deadline_s
        rungs = self._rungs(brief.workspace, feature)
        degraded = begun_by = ""
        for place, drafter in enumerate(rungs):
            timed, is_last = _timed(brief, ends_at, len(rungs) - place), place == len(rungs) - 1
            try:
                seconds = None if is_last else timed.deadline_s
                async with aclosing(_in_time(drafter.draft(timed), seconds)) as steps:
                    async for step in steps:
                        if isinstance(step, Draft):
                            yield replace(_made(sieve, step, drafter), degraded=degraded, begun_by=begun_by)
                            return
                        if (item := sieve.pass_on(step)) is not None:
                            yield item
            except CatchupError as error:
                self._metrics.engine_failures.labels(engine=drafter.name, kind=error.kind).inc()
                if is_last or (place == len(rungs) - 2 and _can_wait(feature, error)):
                    raise
                degraded = degraded or reason_of(error)
                if sieve.kept and not begun_by:
                    begun_by = f"{drafter.name} {drafter.model}"
        raise GenerationFailed("no engine gave a draft.", remedy="See the settings of models.")


def reason_of(error: CatchupError) -> str:
    """Return why a fallback was needed, as a word that says nothing of the messages."""
    return error.kind


def _can_wait(feature: Feature, error: CatchupError) -> bool:
    return feature is Feature.RECAP and isinstance(error, ModelOverloaded)


def _timed(brief: Brief, ends_at: float, rungs_left: int) -> Brief:
    """Return the brief with the time this rung may take: most of what is left where another model waits below."""
    left = max(0.05, ends_at - asyncio.get_running_loop().time())
    return replace(brief, deadline_s=left * _SHARE if rungs_left > 2 else left)


async def _in_time(
    steps: AsyncGenerator[Item | Draft, None], seconds: float | None
) -> AsyncGenerator[Item | Draft, None]:
    """Yield the steps; raises ModelTimeout if an engine that knows its deadline does not keep it."""
    ends_at = None if seconds is None else asyncio.get_running_loop().time() + seconds + _GRACE_S
    async with aclosing(steps):
        while True:
            try:
                async with asyncio.timeout_at(ends_at):
                    step = await anext(steps, None)
            except TimeoutError as error:
                raise ModelTimeout(
                    f"the draft was not done within {seconds:g} s.", remedy="Ask for a shorter window."
                ) from error
            if step is None:
                return
            yield step


def _made(sieve: _Sieve, draft: Draft, drafter: Drafter) -> Made:
    return Made(
        items=tuple(sieve.kept),
        draft=draft,
        engine=drafter.name,
        model=drafter.model,
        dropped=sieve.dropped,
        repaired=sieve.repaired,
    )
