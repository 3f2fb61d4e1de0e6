"""How long a stream may be silent: one timer for a whole stream, since one per chunk costs more than its parsing."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass
from typing import Final

import aiohttp

from core.chat import ChatRequest
from core.errors import ModelTimeout
from gpu.answers import stalled, timed_out


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Seconds to wait for the first token, from the asking on, and for more bytes after it; the deadline holds too."""

    first_token_s: float = math.inf
    idle_s: float = math.inf


ENDLESS: Final = Patience()


class Watch:
    """Reads a body, and ends a wait that its patience or the request's deadline does not allow.

    What has arrived is given out however late it is asked for.
    """

    def __init__(self, server: str, request: ChatRequest, patience: Patience) -> None:
        self._loop = asyncio.get_running_loop()
        self._server = server
        self._request = request
        self._patience = patience
        self._began = self._loop.time()
        self._deadline = self._began + request.deadline_s
        self._due = self.first_due
        self._rings_at = math.inf
        self._timer: asyncio.TimerHandle | None = None
        self._waiting: aiohttp.StreamReader | None = None
        self.started = False

    @property
    def first_due(self) -> float:
        """The loop time by which the first token must have come."""
        return min(self._deadline, self._began + self._patience.first_token_s)

    async def read(self, content: aiohttp.StreamReader) -> bytes:
        """Return the next bytes, none at the end; raise ModelTimeout when they do not come in time."""
        try:
            chunk = content.read_nowait()
        except TimeoutError as error:  # the bell rang just as a piece came
            raise self.expired() from error
        if chunk or content.at_eof():
            return chunk
        self._due = (
            min(self._deadline, self._loop.time() + self._patience.idle_s) if self.started else self.first_due
        )
        if self._due < self._rings_at:
            self._ring_at(self._due)
        self._waiting = content
        try:
            return await content.readany()
        except TimeoutError as error:
            raise self.expired() from error
        finally:
            self._waiting = None

    def expired(self) -> ModelTimeout:
        """Return the error for a wait that is over: the deadline's, or that of a server that stalls."""
        if self._due >= self._deadline:
            return timed_out(self._server, self._request)
        waited = self._patience.idle_s if self.started else self._patience.first_token_s
        return stalled(self._server, waited)

    def stop(self) -> None:
        """Forget the timer."""
        if self._timer is not None:
            self._timer.cancel()

    def _ring_at(self, when: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._rings_at, self._timer = when, None
        if when < math.inf:
            self._timer = self._loop.call_at(when, self._ring)

    def _ring(self) -> None:
        """End the wait if it is over; else ring again when it will be."""
        self._rings_at, self._timer = math.inf, None
        if self._waiting is None:
            return
        if self._loop.time() >= self._due:
            self._waiting.set_exception(TimeoutError())
        else:
            self._ring_at(self._due)
