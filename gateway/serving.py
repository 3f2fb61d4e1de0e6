"""One process that serves REST and gRPC until it is told to stop, then finishes what it has begun."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import signal
import socket
from collections.abc import Callable, Generator
from dataclasses import dataclass

import uvicorn
from fastapi import FastAPI

from core.errors import InvalidInput
from gateway.app import Services
from gateway.console.routes import router as console
from gateway.failures import LibraryLogs, plain
from gateway.settings import unknown_variables
from gateway.web.app import create_app

_BACKLOG = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where the server listens."""

    rest: str
    grpc: str | None


class RestServer(uvicorn.Server):
    """uvicorn without its signal handlers: the process decides when to stop."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Capture none."""
        yield


async def serve(services: Services, ready: Callable[[Addresses], None]) -> None:
    """Serve until SIGTERM or SIGINT; then accept no more, finish what is in flight, and return.

    What is not finished within `shutdown_seconds` is cancelled; a second signal cancels at once.
    """
    from gateway.rpc.server import start_rpc

    logging.basicConfig(handlers=[LibraryLogs(services.log)], level=logging.WARNING, force=True)
    if unknown := unknown_variables():
        services.log.warning("settings.unknown", variables=[plain(name) for name in unknown])
    listener = bind("CATCHUP_LISTEN", services.settings.listen)
    rest = rest_server(services)
    rpc = await start_rpc(services)
    stop = _stop_on_signal(rest)
    serving = asyncio.create_task(rest.serve([listener]))
    services.warmup.start()
    host, port = listener.getsockname()[:2]
    ready(Addresses(rest=f"http://{host}:{port}", grpc=rpc.address if rpc else None))
    await asyncio.wait({serving, asyncio.create_task(stop.wait())}, return_when=asyncio.FIRST_COMPLETED)
    services.readiness.stop()
    services.log.info("stopping")
    rest.should_exit = True
    if rpc is not None:
        await asyncio.gather(serving, rpc.stop(services.settings.shutdown_seconds))
    await serving
    services.log.info("stopped")


def application(services: Services) -> FastAPI:
    """Return all that is served over HTTP: the REST API and the console."""
    app = create_app(services)
    app.include_router(console)
    return app


def rest_server(services: Services, app: FastAPI | None = None) -> RestServer:
    """Return uvicorn set up as we run it: httptools, no logs of its own; over `application(services)`."""
    config = uvicorn.Config(
        app or application(services),
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        backlog=_BACKLOG,
        timeout_graceful_shutdown=max(1, round(services.settings.shutdown_seconds)),
    )
    return RestServer(config)


def bind(setting: str, address: str) -> socket.socket:
    """Return a listening socket; raises InvalidInput that names the setting if the address cannot be had."""
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, int(port)))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        taken = error.errno == errno.EADDRINUSE
        problem = "is taken by another process" if taken else f"cannot be listened on ({error.strerror})"
        remedy = "Stop the other server, or choose another port (0 takes a free one)."
        raise InvalidInput(setting, address, problem, remedy=remedy) from error
    return listener


def _stop_on_signal(rest: RestServer) -> asyncio.Event:
    """Return an event that the first signal sets; the second one makes uvicorn drop what is in flight."""
    stop = asyncio.Event()

    def signalled() -> None:
        if stop.is_set():
            rest.force_exit = True
        stop.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, signalled)
    return stop
