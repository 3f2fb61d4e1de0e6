"""One gRPC call: authentication, request id, metrics, log line, errors."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import NoReturn, Protocol

from grpc import StatusCode

from core.errors import CatchupError
from core.ids import RequestId
from gateway.app import Services
from gateway.auth import Caller, Scope, parse_bearer
from gateway.failures import describe, plain
from gateway.rpc.status import REQUEST_ID, Metadata, code_of, internal_trailer, trailer_of

_SANE_ID = re.compile(r"[\w.:-]{1,64}", re.ASCII)


class Context(Protocol):
    """What we use of grpc.aio's ServicerContext, which has no types of its own."""

    def invocation_metadata(self) -> Sequence[tuple[str, str | bytes]] | None:
        """Return what the client sent along."""
        ...

    async def send_initial_metadata(self, initial_metadata: Metadata) -> None:
        """Send metadata ahead of the answer."""
        ...

    async def abort(self, code: StatusCode, details: str = "", trailing_metadata: Metadata = ()) -> NoReturn:
        """End the call with a status; raises."""
        ...


@asynccontextmanager
async def calling(services: Services, context: Context, route: str, scope: Scope) -> AsyncGenerator[Caller]:
    """Give the Caller to the body; answer its errors; write the log line and the metrics.

    A client that cancels, or whose deadline passes, cancels the body.
    """
    sent = _metadata(context)
    request_id = _request_id(services, sent)
    caller: Caller | None = None
    started, status = time.perf_counter(), StatusCode.OK
    try:
        await context.send_initial_metadata(((REQUEST_ID, request_id),))
        caller = await _caller(services, sent)
        caller.require(scope)
        yield caller
    except CatchupError as error:
        status = code_of(error)
        await context.abort(status, str(error), trailer_of(error, request_id))
    except asyncio.CancelledError:
        status = StatusCode.CANCELLED
        raise
    except Exception as error:
        status = StatusCode.INTERNAL
        services.log.error("unexpected", request=request_id, **describe(error))  # noqa: TRY400  our own Log
        await context.abort(status, "An unexpected error.", internal_trailer(request_id))
    finally:
        seconds = time.perf_counter() - started
        _note(services, route, status, seconds=seconds, request_id=request_id, caller=caller)


async def _caller(services: Services, sent: dict[str, str]) -> Caller:
    key = await services.keys.verify(parse_bearer(sent.get("authorization")))
    await services.limiter.take(key.id)
    return Caller(
        workspace=key.workspace, key=key.id, scopes=key.scopes, user=sent.get("x-catchup-user") or None
    )


def _metadata(context: Context) -> dict[str, str]:
    return {key: value for key, value in context.invocation_metadata() or () if isinstance(value, str)}


def _request_id(services: Services, sent: dict[str, str]) -> RequestId:
    given = sent.get(REQUEST_ID, "")
    return RequestId(given if _SANE_ID.fullmatch(given) else services.ids.new("req"))


def _note(
    services: Services,
    route: str,
    status: StatusCode,
    *,
    seconds: float,
    request_id: RequestId,
    caller: Caller | None,
) -> None:
    services.metrics.requests.labels("grpc", route, status.name).inc()
    services.metrics.request_seconds.labels("grpc", route).observe(seconds)
    services.log.info(
        "request",
        door="grpc",
        request=request_id,
        route=route,
        status=status.name,
        ms=round(seconds * 1000, 2),
        key=caller.key if caller else "",
        workspace=plain(caller.workspace) if caller else "",
    )
