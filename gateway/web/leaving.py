"""Clients that leave: what was being done for them stops at once, and frees what it holds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import aclosing, suppress
from typing import Any, TypeVar

from fastapi import Request
from starlette.responses import Response

Result = TypeVar("Result")

CLIENT_LEFT = 499
"""What the log and the metrics say of a call whose client did not wait for the answer (nginx's number)."""


_AHEAD = 64
"""Pieces that a generation may be ahead of a client that reads slowly."""


class ClientLeft(Exception):
    """The client is gone; there is nobody to answer."""


async def while_connected(request: Request, work: Coroutine[Any, Any, Result]) -> Result:
    """Return what the work returns; cancels it and raises ClientLeft as soon as the client is gone.

    The body must have been read before: from then on ASGI's `receive` gives the disconnect and nothing else.
    """
    working = asyncio.ensure_future(work)
    watching = asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait({working, watching}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientLeft
        return working.result()
    finally:
        await _stopped(watching)
        await _stopped(working)


async def pumped(source: AsyncGenerator[Result, None]) -> AsyncGenerator[Result, None]:
    """Yield what a generator yields, which runs in one task of its own whoever asks for the next.

    A server may ask for the first piece in one task and for the others in another; timeouts and task groups inside
    the generator could not bear that. Closing this cancels the task, which closes the generator.
    """
    pieces = asyncio.Queue[tuple[Result] | Exception | None](_AHEAD)
    running = asyncio.ensure_future(_run(source, pieces))
    try:
        while (piece := await pieces.get()) is not None:
            if isinstance(piece, Exception):
                raise piece
            yield piece[0]
    finally:
        await _stopped(running)


async def on_client_left(_request: Request, _error: Exception) -> Response:
    """Answer nobody."""
    return Response(status_code=CLIENT_LEFT)


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _run(
    source: AsyncGenerator[Result, None], pieces: asyncio.Queue[tuple[Result] | Exception | None]
) -> None:
    try:
        async with aclosing(source):
            async for piece in source:
                await pieces.put((piece,))
    except Exception as error:  # whoever reads the pieces raises it
        await pieces.put(error)
    else:
        await pieces.put(None)


async def _stopped(task: asyncio.Future[Any]) -> None:
    """Cancel a task unless it is done, and wait until it has cleaned up."""
    if not task.done():
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
