"""What a pool tells of itself: events as they happen, and a report on request. Neither holds any text of a message."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias


class PoolEventKind(StrEnum):
    """What happened."""

    RETRY = "retry"
    HEDGE = "hedge"
    RESUME = "resume"
    RESTART = "restart"
    SHED = "shed"
    FAILURE = "failure"
    COOLED = "cooled"
    BREAKER_OPENED = "breaker-opened"
    BREAKER_CLOSED = "breaker-closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolEvent:
    """One event; `node` is a URL, or "" where the pool as a whole is meant; `detail` is of a small fixed set."""

    kind: PoolEventKind
    node: str = ""
    detail: str = ""


PoolHook: TypeAlias = Callable[[PoolEvent], None]


def unheard(_: PoolEvent) -> None:
    """Let an event pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeReport:
    """One node now; `state` is up, cooling, half-open or open.

    `queued_tokens` are uncached prompt tokens asked for and not answered yet; `decode_tokens` those that running
    answers may still bring. `ttft_s` and `s_per_token` (per uncached token) are live means, None before the first
    answer. The last two are vLLM's own, None where unknown.
    """

    url: str
    state: str
    in_flight: int
    limit: int
    queued_tokens: int
    decode_tokens: int
    requests: int
    errors: int
    ttft_s: float | None
    s_per_token: float | None
    kv_cache_usage: float | None = None
    prefix_hit_rate: float | None = None
