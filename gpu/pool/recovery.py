"""What to do about a try that failed: another, a resumption, a new beginning, or the error to the caller."""

from __future__ import annotations

import asyncio
import random
from typing import Final

from core.errors import CatchupError, ModelOverloaded, ModelRefused
from gpu.pool.budgets import Budget
from gpu.pool.dispatch import Dispatch
from gpu.pool.events import PoolEvent, PoolEventKind, PoolHook
from gpu.pool.faults import Fault, fault_of, reason_of
from gpu.pool.policy import PoolPolicy
from gpu.pool.routing import Router
from gpu.pool.run import Run
from gpu.pool.statistics import Now

_LEAST_LEFT_S: Final = 0.02
_COUNT_SECONDS: Final = 0.5
_PAUSE_SECONDS: Final = 0.05


class Recovery:
    """Prepares the next try of a request, or raises.

    Retries before the first token draw on a budget. What goes on after it does not: the work was admitted and begun,
    and moves from a node that has lost it; only the number of tries bounds it.
    """

    def __init__(
        self,
        dispatch: Dispatch,
        router: Router,
        *,
        policy: PoolPolicy,
        hook: PoolHook,
        rng: random.Random,
        now: Now,
    ) -> None:
        self._dispatch = dispatch
        self._router = router
        self._policy = policy
        self._hook = hook
        self._rng = rng
        self._now = now
        self._retries = Budget(share=policy.retry_share, floor=policy.retry_floor, window_s=10, now=now)

    def asked(self) -> None:
        """Count a request, of which retries are a share."""
        self._retries.asked()

    async def after(self, run: Run, error: CatchupError) -> None:
        """Make a request ready for its next try; raise what the caller is to see if there is to be none."""
        if run.progress.continuing and isinstance(error, ModelRefused) and error.status == 400:
            run.tried.pop()  # the node is well, it only does not know how to go on
            self._restart(run, "not-resumable")
            return
        left_s = run.ask.deadline - self._now()
        spent = len(run.tried) >= self._policy.attempts or left_s < _LEAST_LEFT_S
        if fault_of(error) is Fault.CALLER or spent:
            raise _last(error)
        if run.progress.begun:
            await self._go_on(run, error)
        else:
            await self._retry(run, error)

    async def _retry(self, run: Run, error: CatchupError) -> None:
        """Allow another try if the budget does; where only tried nodes are left, after a moment."""
        if not self._retries.take():
            raise _last(error)
        self._hook(PoolEvent(kind=PoolEventKind.RETRY, node=run.tried[-1].url, detail=reason_of(error)))
        if not self._dispatch.untried(run):
            await asyncio.sleep(_PAUSE_SECONDS * (0.5 + self._rng.random()) * len(run.tried))

    async def _go_on(self, run: Run, error: CatchupError) -> None:
        """Resume where the answer broke off, or begin anew."""
        if not (self._policy.resume and run.progress.resumable):
            self._restart(run, reason_of(error))
            return
        run.progress.resume(await self._count(run))
        self._hook(PoolEvent(kind=PoolEventKind.RESUME, node=run.tried[-1].url, detail=reason_of(error)))

    def _restart(self, run: Run, reason: str) -> None:
        run.progress.restart()
        run.voided = True
        self._hook(PoolEvent(kind=PoolEventKind.RESTART, node=run.tried[-1].url, detail=reason))

    async def _count(self, run: Run) -> int:
        """Return how many tokens were generated: by a node's tokenizer, or an estimate where none answers soon."""
        text = run.progress.text.rstrip()
        for node in self._dispatch.untried(run)[:1]:
            try:
                async with asyncio.timeout(_COUNT_SECONDS):
                    return await node.transport.count_tokens(text)
            except (CatchupError, TimeoutError):
                continue
        return round(len(text) / self._router.sizes.characters_per_token)


def _last(error: CatchupError) -> CatchupError:
    """Return the error that the caller sees: nodes all too busy are an overload, with a time to come back."""
    if fault_of(error) is not Fault.BUSY or not isinstance(error, ModelRefused):
        return error
    after = 1.0 if error.retry_after_s is None else max(1.0, min(60.0, error.retry_after_s))
    return ModelOverloaded(
        "Every model node that was asked has too much to do.",
        retry_after_s=after,
        remedy=f"Come back in {after:.0f} s, or add nodes.",
    )
