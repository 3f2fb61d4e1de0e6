"""Whatever ails an engine, the next one answers, in time, and the summary says that it did."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

import pytest

from core.chat import Usage
from core.directory import Channel
from core.errors import (
    CatchupError,
    DataDamaged,
    GenerationFailed,
    InvalidFile,
    InvalidInput,
    ModelOverloaded,
    ModelRefused,
    NotFound,
    Unavailable,
    UnknownVariable,
)
from core.telemetry import Metrics
from summarize.engine import Brief, Draft, Drafter
from summarize.extract_drafter import ExtractiveDrafter
from summarize.ladder import Ladder, Made
from summarize.models import Feature, Item
from tests.support.talk import ACME, ANN, GENERAL, CountingEmbedder, material, said

FAILURES = [
    UnknownVariable("glossary", None, "is missing for channel-summary", remedy="Give it."),
    InvalidFile("channel-summary.md:3", "x", "is not YAML", remedy="Correct it."),
    InvalidInput("links.json", "x", "cannot be read", remedy="Install the package again."),
    NotFound("prompt version", "channel-summary@1", remedy="Push one."),
    DataDamaged("a prompt is not what it was.", remedy="Restore it."),
    Unavailable("our master key is another.", remedy="Set it."),
    ModelRefused("the server answered 400.", status=400),
    GenerationFailed("the answer was cut off."),
]


@dataclass(slots=True)
class Broken:
    """Fails of an error; without one it thinks for ever."""

    error: CatchupError | None
    name: str = "broken/1"
    model: str = "broken"
    closed: asyncio.Event = field(default_factory=asyncio.Event)

    async def draft(self, brief: Brief) -> AsyncGenerator[Item | Draft, None]:
        try:
            if self.error is not None:
                raise self.error
            await asyncio.Event().wait()
            yield Draft(usage=Usage(prompt_tokens=1, completion_tokens=1))
        finally:
            self.closed.set()


def ladder(*rungs: Drafter) -> Ladder:
    return Ladder(lambda _workspace, _feature: (*rungs, ExtractiveDrafter(CountingEmbedder())), Metrics())


def brief(deadline_s: float) -> Brief:
    return Brief(
        workspace=ACME,
        channel=Channel(id=GENERAL, name="general"),
        material=material([said(0, ANN, "Decision: meter events stay in Postgres.")]),
        deadline_s=deadline_s,
    )


async def climbed(ladder: Ladder, brief: Brief) -> Made:
    steps = [step async for step in ladder.climb(brief, Feature.SUMMARY)]
    assert isinstance(steps[-1], Made)
    return steps[-1]


@pytest.mark.parametrize("error", FAILURES, ids=lambda error: type(error).__name__)
async def test_whatever_an_engine_fails_of_the_next_one_answers_and_says_why(error: CatchupError) -> None:
    made = await climbed(ladder(Broken(error)), brief(5))

    assert (made.engine.split("/")[0], made.degraded) == ("extractive", error.kind)
    assert made.items


async def test_an_engine_that_does_not_keep_its_deadline_is_ended() -> None:
    stuck, second = Broken(None), Broken(None)
    began = asyncio.get_running_loop().time()

    made = await climbed(ladder(stuck, second), brief(0.5))

    assert made.degraded == "model-timeout"
    assert stuck.closed.is_set()
    assert second.closed.is_set()
    assert asyncio.get_running_loop().time() - began < 3


async def test_a_recap_waits_for_a_busy_model_where_a_summary_falls_back() -> None:
    busy = Broken(ModelOverloaded("busy.", retry_after_s=1.0))
    steps = ladder(busy).climb(brief(5), Feature.RECAP)

    made = await climbed(ladder(busy), brief(5))
    with pytest.raises(ModelOverloaded):
        await anext(steps)

    assert made.degraded == "model-overloaded"
