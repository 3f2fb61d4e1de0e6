"""One try of a request at one node, with its books kept whatever ends it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from core.chat import ChatDelta, ChatRequest
from core.errors import CatchupError, ModelRefused, ModelUnavailable
from gpu.pool.faults import Fault, fault_of, reason_of
from gpu.pool.node import Node
from gpu.pool.patience import Expectations
from gpu.pool.statistics import Now
from gpu.watch import Patience


class Attempt:
    """Sends a request to a node when its deltas are first asked for; closing them frees the node at once."""

    def __init__(
        self,
        node: Node,
        request: ChatRequest,
        *,
        uncached: int,
        expectations: Expectations,
        now: Now,
        held_tokens: int = 0,
        since: int = 0,
    ) -> None:
        self.node = node
        self._request = request
        self._uncached = uncached
        self._expectations = expectations
        self._now = now
        self._held_tokens = held_tokens
        self._since = since
        self._heard = False

    async def deltas(
        self, patience: Patience, *, continuing: bool = False
    ) -> AsyncGenerator[ChatDelta, None]:
        """Yield the node's answer; keep the ledger, the breaker and the speeds in step with it."""
        node = self.node
        began, work = self._now(), node.work(self._uncached)
        ticket = node.open(prefill=self._uncached, decode=self._request.max_tokens)
        stream = node.transport.attempt(self._request, patience, continuing=continuing)
        try:
            async for delta in stream:
                ticket.token()
                node.last_token = self._now()
                if not self._heard:
                    self._hear(node.last_token - began, work)
                if delta.finish is not None:
                    self._ended(delta)
                yield delta
            self._check_said_something()
        except CatchupError as error:
            self._failed(error, began)
            raise
        except (asyncio.CancelledError, GeneratorExit):
            self._abandoned(began)
            raise
        finally:
            ticket.close()
            await stream.aclose()

    def _hear(self, ttft_s: float, work: int) -> None:
        """Take in the time to first token."""
        self._heard = True
        self._expectations.heard(ttft_s)
        self.node.heard_first(ttft_s, work=work, uncached=self._uncached)

    def _ended(self, delta: ChatDelta) -> None:
        """Take in the end of a whole answer."""
        self.node.succeeded()
        if delta.usage is not None:
            self.node.cache.learn(self._held_tokens, self._since, delta.usage.cached_tokens)

    def _check_said_something(self) -> None:
        """Raise ModelUnavailable for a stream without any delta."""
        if not self._heard:
            raise ModelUnavailable(f"{self.node.url} answered with nothing at all.", remedy="Ask again.")

    def _failed(self, error: CatchupError, began: float) -> None:
        """Blame whom it concerns."""
        fault = fault_of(error)
        retry_after_s = error.retry_after_s if isinstance(error, ModelRefused) else None
        if fault is Fault.NODE:
            self.node.failed(reason_of(error))
        if fault is Fault.BUSY or (retry_after_s is not None and fault is Fault.NODE):
            self.node.refused(retry_after_s)
        if fault is Fault.CALLER:
            self._abandoned(began)

    def _abandoned(self, began: float) -> None:
        """Blame the node for a first token that nobody waited for longer, if nobody else had one from it either."""
        waited = self._now() - began
        if self._heard or self.node.last_token > began:
            return
        if waited >= self._expectations.slow_s():
            self.node.failed("silent")
