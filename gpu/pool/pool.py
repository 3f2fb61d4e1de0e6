"""Several nodes as one ChatModel: routed, admitted, tried again, resumed.

Each request is let in (admission), sent to the node that should answer first (routing), and given to the caller as it
streams. A failure before the first token is tried elsewhere within a budget; after it, a plain answer goes on where it
broke off, and any other begins anew.
"""

from __future__ import annotations

import random
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Final

from core.chat import ChatDelta, ChatRequest
from core.errors import CatchupError, InvalidInput, ModelOverloaded, ModelUnavailable
from gpu.openai_client import OpenAIChatModel, base_url
from gpu.pool.admission import Admission
from gpu.pool.dispatch import Dispatch
from gpu.pool.events import NodeReport, PoolEvent, PoolEventKind, PoolHook, unheard
from gpu.pool.faults import Fault, fault_of
from gpu.pool.health import Watcher
from gpu.pool.node import Node, Transport
from gpu.pool.policy import PoolPolicy
from gpu.pool.recovery import Recovery
from gpu.pool.routing import Router
from gpu.pool.run import Run
from gpu.pool.statistics import Now

_VOID: Final = ChatDelta(text="", restart=True)


class PooledChatModel:
    """The nodes at these URLs, which all serve the model `name`; use it in one event loop.

    `hook` hears of retries, hedges, breakers and the like as they happen. Raises InvalidInput for no nodes, or one
    given twice.
    """

    def __init__(
        self,
        nodes: Sequence[str],
        name: str,
        *,
        api_key: str | None = None,
        policy: PoolPolicy | None = None,
        hook: PoolHook = unheard,
        now: Now = time.monotonic,
        rng: random.Random | None = None,
        connect: Callable[[str], Transport] | None = None,
    ) -> None:
        urls = [base_url(url) for url in nodes]
        if not urls or len(set(urls)) < len(urls):
            raise InvalidInput("nodes", urls, "must be URLs, each once", remedy="Name every node once.")
        policy = policy or PoolPolicy()
        self._name = name
        self._hook = hook
        self._now = now
        rng = rng or random.Random()  # noqa: S311  (spreads load, guards nothing)
        connect = connect or (lambda url: OpenAIChatModel(url, name, api_key=api_key))
        self._nodes = [Node(url, connect(url), policy=policy, now=now, hook=hook) for url in urls]
        self._router = Router(policy, rng=rng, now=now)
        self._dispatch = Dispatch(self._nodes, self._router, policy=policy, hook=hook, now=now)
        self._recovery = Recovery(self._dispatch, self._router, policy=policy, hook=hook, rng=rng, now=now)
        self._admission = Admission(
            self._dispatch.places, queue=policy.queue, batch_share=policy.batch_share, now=now
        )
        self._watcher = Watcher(self._nodes, policy, rng=rng, now=now)

    @property
    def name(self) -> str:
        """The served model's name."""
        return self._name

    def report(self) -> tuple[NodeReport, ...]:
        """Return the state of every node."""
        return tuple(node.report() for node in self._nodes)

    @property
    def waiting(self) -> int:
        """How many requests wait in front of the nodes."""
        return self._admission.waiting

    @property
    def running(self) -> int:
        """How many requests are inside."""
        return self._admission.running

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ChatDelta, None]:
        """Yield the answer, whichever nodes it takes; see the port for the promise.

        Raises ModelOverloaded at once where the nodes have too much to do.
        """
        self._watcher.start()
        self._recovery.asked()
        run = Run(self._router.ask(request))
        await self._enter(request, run.ask.deadline)
        entered = self._now()
        try:
            whole = False
            while not whole:
                try:
                    async with aclosing(self._dispatch.next_try(run)) as deltas:
                        async for delta in deltas:
                            if (shown := run.progress.take(delta)) is not None:
                                yield shown
                    whole = True
                except CatchupError as error:
                    await self._recovery.after(run, error)
                if run.voided:
                    run.voided = False
                    yield _VOID
                if run.progress.full:
                    whole = True
                    yield run.progress.ending(run.ask.tokens)
            self._learn(run)
        finally:
            self._admission.leave(request.priority, self._now() - entered)

    async def count_tokens(self, text: str) -> int:
        """Return what the first node that can says; the same text on any node has the same tokens."""
        failure: CatchupError | None = None
        for node in sorted(self._nodes, key=lambda node: (-node.share, node.ledger.in_flight)):
            try:
                return await node.transport.count_tokens(text)
            except ModelUnavailable as error:
                if fault_of(error) is Fault.CALLER:
                    raise
                failure = error
        raise failure or ModelUnavailable("The pool has no nodes.", remedy="Give it some.")

    async def close(self) -> None:
        """End the watch and close every connection; a second call does nothing."""
        await self._watcher.close()
        for node in self._nodes:
            await node.transport.close()

    async def _enter(self, request: ChatRequest, deadline: float) -> None:
        """Wait for a place; raise ModelOverloaded where none is to be had in time."""
        try:
            await self._admission.enter(request.priority, deadline)
        except ModelOverloaded:
            self._hook(PoolEvent(kind=PoolEventKind.SHED))
            raise

    def _learn(self, run: Run) -> None:
        """Take in what an answer says of the size of its prompt."""
        if (usage := run.progress.usage) is not None:
            self._router.sizes.learn(run.ask.request, usage.prompt_tokens)
