"""What was measured, as numbers that can be compared and printed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from gpu.bench.load import Run
from gpu.node.metrics import NodeMetrics


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """The median and the 99th percentile of seconds; under 100 values, the latter is nearly the largest."""

    p50: float
    p99: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """One load: `cached` is the share of prompt tokens that came from the prefix cache, as usage says.

    `hit` is the same as /metrics says, `accepted` the share of guessed tokens that were kept; None: not known.
    """

    asked: int
    failed: Mapping[str, int] = field(default_factory=dict[str, int])
    seconds: float
    tokens_in: int
    tokens_out: int
    cached: float | None
    hit: float | None
    accepted: float | None
    first: Spread | None
    between: Spread | None
    stall: Spread | None

    @property
    def tokens_a_second(self) -> float:
        """Tokens generated a second."""
        return self.tokens_out / self.seconds

    @property
    def answers_a_second(self) -> float:
        """Answers finished a second."""
        return (self.asked - sum(self.failed.values())) / self.seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One concurrency: channels that the node had not seen, then the same channels grown a little."""

    concurrency: int
    cold: Phase
    warm: Phase

    @property
    def gain(self) -> float | None:
        """How many times sooner the first token comes when the channel is known, by the medians."""
        if self.cold.first is None or self.warm.first is None:
            return None
        return self.cold.first.p50 / self.warm.first.p50


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One node over all concurrencies, and what could not be measured."""

    model: str
    label: str
    levels: Sequence[Level]
    not_measured: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """A second node beside the first at one concurrency, cold: above 1 the second is faster; None: not known."""

    concurrency: int
    tokens: float
    between: float | None
    first: float | None
    accepted: float | None


def compare(first: Measured, second: Measured) -> list[Ratio]:
    """Return the second node's speed over the first's, concurrency by concurrency."""
    return [
        Ratio(
            concurrency=ours.concurrency,
            tokens=theirs.cold.tokens_a_second / ours.cold.tokens_a_second,
            between=_faster(ours.cold.between, theirs.cold.between),
            first=_faster(ours.cold.first, theirs.cold.first),
            accepted=theirs.cold.accepted,
        )
        for ours, theirs in zip(first.levels, second.levels, strict=True)
    ]


def phase(run: Run, before: NodeMetrics | None, after: NodeMetrics | None) -> Phase:
    """Return the figures of a run; the metrics are those around it, None where the node has none."""
    answers = [answer for answer in run.answers if not answer.error]
    usages = [answer.usage for answer in answers if answer.usage is not None]
    tokens_in = sum(usage.prompt_tokens for usage in usages)
    cached = sum(usage.cached_tokens for usage in usages)
    hit = accepted = None
    if before is not None and after is not None:
        hit = _share(after.prefix_hits - before.prefix_hits, after.prefix_queries - before.prefix_queries)
        accepted = _share(after.accepted - before.accepted, after.drafted - before.drafted)
    return Phase(
        asked=len(run.answers),
        failed=dict(Counter(answer.error for answer in run.answers if answer.error)),
        seconds=run.seconds,
        tokens_in=tokens_in,
        tokens_out=sum(usage.completion_tokens for usage in usages),
        cached=_share(cached, tokens_in),
        hit=hit,
        accepted=accepted,
        first=_spread([answer.first_s for answer in answers]),
        between=_spread([answer.between_s for answer in answers if answer.between_s is not None]),
        stall=_spread([answer.longest_gap_s for answer in answers]),
    )


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole > 0 else None


def _spread(seconds: Sequence[float]) -> Spread | None:
    if not seconds:
        return None
    p50, p99 = (float(value) for value in np.percentile(np.asarray(seconds), (50, 99)))
    return Spread(p50=p50, p99=p99)


def _faster(ours: Spread | None, theirs: Spread | None) -> float | None:
    """Return how many times shorter their median is."""
    return ours.p50 / theirs.p50 if ours and theirs and theirs.p50 else None
