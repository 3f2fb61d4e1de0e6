"""From a request to a node's stream: choose, be patient in measure, and ask a second node where that is allowed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from gpu.pool.attempt import Attempt
from gpu.pool.budgets import Budget
from gpu.pool.events import PoolEvent, PoolEventKind, PoolHook
from gpu.pool.node import Node
from gpu.pool.patience import Expectations
from gpu.pool.policy import PoolPolicy
from gpu.pool.race import Deltas, race
from gpu.pool.routing import Router
from gpu.pool.run import Run
from gpu.pool.statistics import Now

_BUSY_SHARE: Final = 0.7


class Dispatch:
    """Starts the tries of requests."""

    def __init__(
        self, nodes: Sequence[Node], router: Router, *, policy: PoolPolicy, hook: PoolHook, now: Now
    ) -> None:
        self._nodes = nodes
        self._router = router
        self._policy = policy
        self._hook = hook
        self._now = now
        self._expectations = Expectations(policy)
        self._hedges = Budget(share=policy.hedge_share, floor=0, window_s=100, now=now)

    def places(self) -> int:
        """Return how many requests the nodes that are well may have in flight; of all nodes if none is."""
        well = [node.limit.value for node in self._nodes if node.share > 0]
        return sum(well) or sum(node.limit.value for node in self._nodes)

    def next_try(self, run: Run) -> Deltas:
        """Return the deltas of the next try, not begun yet."""
        if not run.tried:
            self._hedges.asked()
        first = self._at(self._router.choose(self._nodes, run.ask, run.tried), run)
        after_s = self._hedge_after_s(run)
        return first if after_s is None else race(first, lambda: self._hedge(run), after_s)

    def untried(self, run: Run) -> list[Node]:
        """Return the nodes that are well and were not tried for this request."""
        return [node for node in self._nodes if node not in run.tried and node.share > 0]

    def _at(self, node: Node, run: Run) -> Deltas:
        """Return the deltas of a try at one node."""
        uncached, held = self._router.uncached(node, run.ask), self._router.held(node, run.ask)
        left_s = max(0.0, run.ask.deadline - self._now())
        run.tried.append(node)
        others = len(run.tried) < self._policy.attempts and bool(self.untried(run))
        patience = self._expectations.patience(
            left_s=left_s, estimate_s=node.estimate_s(uncached), others=others
        )
        self._router.sent(node, run.ask)
        attempt = Attempt(
            node,
            run.progress.request(left_s),
            uncached=uncached,
            held_tokens=int(held.characters / self._router.sizes.characters_per_token),
            since=held.since,
            expectations=self._expectations,
            now=self._now,
        )
        return attempt.deltas(patience, continuing=run.progress.continuing)

    def _hedge_after_s(self, run: Run) -> float | None:
        """Return when a second node may be asked as well; None where it may not."""
        if not self._policy.hedge or len(run.tried) > 1 or run.progress.continuing:
            return None
        return self._expectations.hedge_after_s()

    def _hedge(self, run: Run) -> Deltas | None:
        """Return a try at a second node, if one is at leisure and the budget allows."""
        others = [node for node in self.untried(run) if node.share >= 1]
        in_flight = sum(node.ledger.in_flight for node in self._nodes)
        if not others or in_flight > _BUSY_SHARE * self.places() or not self._hedges.take():
            return None
        node = self._router.choose(others, run.ask)
        self._hook(PoolEvent(kind=PoolEventKind.HEDGE, node=node.url))
        return self._at(node, run)
