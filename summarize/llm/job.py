"""One draft in the making: what it needs at every stage, and what it has cost so far."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from core.chat import Usage
from core.errors import ModelTimeout
from core.ids import MessageId
from summarize.engine import Brief
from summarize.llm.handles import Handles
from summarize.llm.serving import Chosen
from summarize.models import Detail

_LEVELS = {Detail.BRIEF: (0.7, 2, 6), Detail.STANDARD: (1.6, 3, 16), Detail.FULL: (2.8, 4, 30)}
_LONGEST = {Detail.BRIEF: 180, Detail.STANDARD: 300, Detail.FULL: 420}


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How much is sent at once, in tokens. Up to `direct` a window goes in one request, beyond that in segments of
    `segment`; items of more than `condense` are condensed by groups before the last composition.
    """

    segment: int = 2200
    direct: int = 3600
    condense: int = 3600
    at_once: int = 6


@dataclass(slots=True, kw_only=True)
class Tally:
    """Tokens paid for and segments read, added up."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    segments: int = 0
    reused: int = 0
    repaired: int = 0

    def add(self, usage: Usage) -> None:
        """Count one generation."""
        self.prompt_tokens += usage.prompt_tokens
        self.completion_tokens += usage.completion_tokens
        self.cached_tokens += usage.cached_tokens

    @property
    def usage(self) -> Usage:
        """Everything paid for."""
        return Usage(
            prompt_tokens=self.prompt_tokens,
            completion_tokens=self.completion_tokens,
            cached_tokens=self.cached_tokens,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One draft: the brief, the prompts that serve it, and what names and labels mean in it."""

    brief: Brief
    summary: Chosen
    compose: Chosen
    handles: Handles
    labels: Mapping[MessageId, int]
    marker: str
    canary: str
    context_tokens: int
    ends_at: float
    tally: Tally = field(default_factory=Tally)

    @property
    def channel(self) -> str:
        """The channel as a prompt names it."""
        return f"#{self.brief.channel.name}"

    @property
    def affinity(self) -> str:
        """What requests of this channel have in common."""
        return f"{self.brief.workspace}/{self.brief.channel.id}"

    def left(self) -> float:
        """Return the seconds left; raises ModelTimeout when there are none."""
        left = self.ends_at - asyncio.get_running_loop().time()
        if left <= 0:
            raise ModelTimeout(
                f"the draft was not done within {self.brief.deadline_s:g} s.",
                remedy="Ask for a shorter window, or raise the deadline.",
            )
        return left


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """How much may be written: `most` items, in `max_tokens`."""

    most: int
    max_tokens: int

    def at_most(self, most: int) -> Room:
        """Return the room for fewer items."""
        fewer = min(self.most, most)
        return replace(self, most=fewer, max_tokens=self.max_tokens * fewer // self.most)


def room(detail: Detail, count: int, *, cap: int, context_tokens: int) -> Room:
    """Return the room for what `count` messages are worth, never more than a third of the context.

    An item is reckoned at its longest in English, four characters a token, and its frame; the limit leaves slack.
    """
    factor, least, most = _LEVELS[detail]
    longest = _LONGEST[detail]
    each = longest // 4 + 60
    limit = min(cap, context_tokens // 3)
    fits = max(1, (limit - 60) // each)
    many = min(fits, most, max(least, math.ceil(factor * math.sqrt(count))))
    return Room(most=many, max_tokens=min(limit, 2 * many * each + 60))
