"""Which parts are ready to serve, for /readyz and the gRPC health service."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from core.errors import CatchupError, ModelUnavailable
from core.telemetry import Log
from gateway.failures import describe

Check = Callable[[], Awaitable[object]]

READY = "ready"


class Readiness:
    """Asks every part at once; a part that does not answer within `patience_s` seconds is not ready."""

    def __init__(self, checks: Mapping[str, Check], *, patience_s: float = 2.0) -> None:
        self._checks = dict(checks)
        self._patience_s = patience_s
        self._stopping = False

    def stop(self) -> None:
        """Say from now on that this process is not ready: it is on its way out."""
        self._stopping = True

    async def report(self) -> dict[str, str]:
        """Return for each part `ready`, or what is wrong with it."""
        answers = await asyncio.gather(*[self._ask(check) for check in self._checks.values()])
        parts = dict(zip(self._checks, answers, strict=True))
        return parts | ({"server": "stopping"} if self._stopping else {})

    async def _ask(self, check: Check) -> str:
        try:
            await asyncio.wait_for(check(), self._patience_s)
        except CatchupError as error:
            return error.message
        except TimeoutError:
            return f"no answer within {self._patience_s:g} s."
        except Exception as error:  # a part may fail in ways of its own; the report must still be given
            return f"{type(error).__name__}."
        return READY


class Warmup:
    """Loads a model in a thread of its own, so that a server answers before its models are there."""

    def __init__(self, name: str, load: Callable[[], object], log: Log) -> None:
        self._name = name
        self._load = load
        self._log = log
        self._task: asyncio.Task[object] | None = None

    def start(self) -> None:
        """Begin to load; a second call does nothing."""
        if self._task is None:
            self._task = asyncio.create_task(asyncio.to_thread(self._load))
            self._task.add_done_callback(self._loaded)

    async def check(self) -> None:
        """Raise ModelUnavailable while the model loads, or what made the loading fail."""
        self.start()
        if self._task is None or not self._task.done():
            raise ModelUnavailable(f"{self._name} is loading.", remedy="Ask again in a few seconds.")
        self._task.result()

    async def finished(self) -> None:
        """Return when the loading has ended, well or not."""
        if self._task is not None:
            await asyncio.wait([self._task])

    def _loaded(self, task: asyncio.Task[object]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._log.error("model.failed", model=self._name, **describe(error))
        else:
            self._log.info("model.loaded", model=self._name)
