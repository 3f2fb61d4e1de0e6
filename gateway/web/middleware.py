"""Pure ASGI middleware, from the outside in: Envelope, BodyLimit, Authenticate."""

from __future__ import annotations

import re
import time
from typing import cast

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.errors import CatchupError, TooLarge
from gateway.app import Services
from gateway.auth import Caller, parse_bearer
from gateway.failures import describe, plain
from gateway.web.deps import CALLER_KEY
from gateway.web.problems import Problem, internal, of_error

REQUEST_ID_KEY = "catchup_request_id"
_SANE_ID = re.compile(r"[\w.:-]{1,64}", re.ASCII)
_SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
    ),
    "Cache-Control": "no-store",
}


class Envelope:
    """Gives every request an id, a log line, metrics, security headers and, if all else fails, a 500."""

    def __init__(self, app: ASGIApp, services: Services) -> None:
        self._app = app
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is not HTTP; wrap what is."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope[REQUEST_ID_KEY] = request_id = self._request_id(Headers(scope=scope))
        started, status = time.perf_counter(), 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _add_headers(MutableHeaders(scope=message), request_id)
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except Exception as error:  # the outermost door: nothing passes without an answer and a line
            self._services.log.error("unexpected", request=request_id, **describe(error))  # noqa: TRY400
            if status:
                raise ConnectionAbortedError from None  # half an answer is out: the server cuts the connection
            await internal().response(request_id)(scope, receive, sending)
        finally:
            self._note(scope, status or 499, time.perf_counter() - started)

    def _request_id(self, headers: Headers) -> str:
        given = headers.get("x-request-id", "")
        return given if _SANE_ID.fullmatch(given) else self._services.ids.new("req")

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = plain(str(getattr(scope.get("route"), "path", "unmatched")))
        metrics = self._services.metrics
        metrics.requests.labels("rest", route, str(status)).inc()
        metrics.request_seconds.labels("rest", route).observe(seconds)
        caller = cast("Caller | None", scope.get(CALLER_KEY))
        self._services.log.info(
            "request",
            door="rest",
            request=scope[REQUEST_ID_KEY],
            method=plain(scope["method"]),
            route=route,
            status=status,
            ms=round(seconds * 1000, 2),
            key=caller.key if caller else "",
            workspace=plain(caller.workspace) if caller else "",
        )


class BodyLimit:
    """Answers 413 to a body that is too large, by its stated length or as it comes in."""

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count the bytes of the body as they are received."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        length = Headers(scope=scope).get("content-length", "0")
        if not length.isdigit() or int(length) > self._limit:
            await _answer(of_error(self._too_large()), scope, receive, send)
            return
        received = 0

        async def receiving() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._limit:
                raise HTTPException(413, self._too_large().message)  # what FastAPI lets through from a body
            return message

        await self._app(scope, receiving, send)

    def _too_large(self) -> TooLarge:
        return TooLarge(
            f"the body is larger than {self._limit} bytes.",
            remedy="Send less at once, or raise CATCHUP_MAX_BODY_BYTES.",
        )


class Authenticate:
    """Verifies the key of every call under /v1 before its body is read, and holds the key to its rate."""

    def __init__(self, app: ASGIApp, services: Services) -> None:
        self._app = app
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Put the Caller into the scope, or answer 401 or 429."""
        if scope["type"] == "http" and scope["path"].startswith("/v1/"):
            try:
                scope[CALLER_KEY] = await self._caller(Headers(scope=scope))
            except CatchupError as error:
                await _answer(of_error(error), scope, receive, send)
                return
        await self._app(scope, receive, send)

    async def _caller(self, headers: Headers) -> Caller:
        key = await self._services.keys.verify(parse_bearer(headers.get("authorization")))
        await self._services.limiter.take(key.id)
        return Caller(
            workspace=key.workspace,
            key=key.id,
            scopes=key.scopes,
            user=_utf8(headers.get("x-catchup-user", "")) or None,
        )


def _add_headers(headers: MutableHeaders, request_id: str) -> None:
    headers["X-Request-Id"] = request_id
    for name, value in _SECURITY.items():
        headers.setdefault(name, value)


def _utf8(value: str) -> str:
    """Return a header as its sender meant it: ASGI reads Latin-1, clients send a handle's UTF-8."""
    try:
        return value.encode("latin-1").decode()
    except UnicodeError:
        return value


async def _answer(problem: Problem, scope: Scope, receive: Receive, send: Send) -> None:
    await problem.response(scope[REQUEST_ID_KEY])(scope, receive, send)
