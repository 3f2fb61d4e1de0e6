"""Many small pieces to few larger ones: a client's screen needs thirty a second, and each costs CPU all the way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress

from core.chat import ChatDelta


async def coalesced(
    stream: AsyncGenerator[ChatDelta, None], window_s: float = 0.03
) -> AsyncGenerator[ChatDelta, None]:
    """Yield a stream's deltas, those that come within `window_s` seconds joined; the first and the last at once.

    Raises what the stream raises, after what came before it. Closing it closes the stream.
    """
    pieces = _Pieces()
    reader = asyncio.get_running_loop().create_task(_read(stream, pieces))
    try:
        while not pieces.over:
            await pieces.wait(window_s)
            for delta in pieces.taken():
                yield delta
        await reader
    finally:
        reader.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await reader


class _Pieces:
    """What has come and was not passed on."""

    def __init__(self) -> None:
        self._deltas: list[ChatDelta] = []
        self._came = asyncio.Event()
        self._urgent = asyncio.Event()
        self._first = True
        self.ended = False

    @property
    def over(self) -> bool:
        return self.ended and not self._deltas

    def add(self, delta: ChatDelta) -> None:
        """Take a piece; the first, a restart and the last do not wait."""
        self._deltas.append(delta)
        self._came.set()
        if self._first or delta.restart or delta.finish is not None:
            self._first = False
            self._urgent.set()

    def end(self) -> None:
        self.ended = True
        self._came.set()
        self._urgent.set()

    async def wait(self, window_s: float) -> None:
        """Return when there is something to pass on, or the end."""
        await self._came.wait()
        if not self._urgent.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(window_s):
                    await self._urgent.wait()

    def taken(self) -> list[ChatDelta]:
        """Return what came, joined as far as restarts allow."""
        deltas, self._deltas = self._deltas, []
        self._came.clear()
        self._urgent.clear()
        if self.ended:
            self.end()
        groups: list[list[ChatDelta]] = []
        for delta in deltas:
            if delta.restart or not groups:
                groups.append([])
            groups[-1].append(delta)
        return [_joined(group) for group in groups]


async def _read(stream: AsyncGenerator[ChatDelta, None], pieces: _Pieces) -> None:
    """Take in a stream to its end, whatever that is."""
    try:
        async with aclosing(stream):
            async for delta in stream:
                pieces.add(delta)
    finally:
        pieces.end()


def _joined(deltas: list[ChatDelta]) -> ChatDelta:
    """Return one delta that says what several said."""
    if len(deltas) == 1:
        return deltas[0]
    return ChatDelta(
        text="".join(delta.text for delta in deltas),
        restart=deltas[0].restart,
        logprobs=tuple(logprob for delta in deltas for logprob in delta.logprobs),
        finish=deltas[-1].finish,
        usage=deltas[-1].usage,
    )
