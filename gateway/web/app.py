"""The REST application: routers, problems, middleware."""

from __future__ import annotations

from typing import cast

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.telemetry import TelemetryConfig
from starlette.exceptions import HTTPException
from starlette.responses import Response

from core.errors import CatchupError
from gateway.app import Services
from gateway.version import version
from gateway.web import (
    directory,
    docs,
    events,
    health,
    messages,
    prompts,
    recaps,
    recommendations,
    summaries,
    support,
)
from gateway.web.leaving import ClientLeft, on_client_left
from gateway.web.middleware import REQUEST_ID_KEY, Authenticate, BodyLimit, Envelope
from gateway.web.openapi import document
from gateway.web.problems import of_error, of_status, of_validation

ROUTERS: tuple[APIRouter, ...] = (
    docs.router,
    summaries.router,
    support.router,
    recaps.router,
    recommendations.router,
    events.router,
    messages.router,
    directory.router,
    prompts.router,
    health.router,
)

_NO_FOREIGN_TELEMETRY = TelemetryConfig(tracing=False, metrics=False, logs=False, auto_configure=False)
"""FastAPI's own would send exceptions as they are, and with them what somebody wrote."""


def create_app(services: Services) -> FastAPI:
    """Return the application over open services; the caller closes them after it."""
    app = FastAPI(
        title="Catchup", version=version(), docs_url=None, redoc_url=None, telemetry=_NO_FOREIGN_TELEMETRY
    )
    app.openapi = lambda: document(app)
    app.state.services = services
    for router in ROUTERS:
        app.include_router(router)
    app.add_exception_handler(CatchupError, _on_error)
    app.add_exception_handler(ClientLeft, on_client_left)
    app.add_exception_handler(RequestValidationError, _on_validation)
    app.add_exception_handler(HTTPException, _on_status)
    app.add_middleware(Authenticate, services=services)
    app.add_middleware(BodyLimit, limit=services.settings.max_body_bytes)
    app.add_middleware(Envelope, services=services)
    return app


async def _on_error(request: Request, error: Exception) -> Response:
    return of_error(cast("CatchupError", error)).response(request.scope[REQUEST_ID_KEY])


async def _on_validation(request: Request, error: Exception) -> Response:
    found = cast("RequestValidationError", error).errors()
    return of_validation(found).response(request.scope[REQUEST_ID_KEY])


async def _on_status(request: Request, error: Exception) -> Response:
    failed = cast("HTTPException", error)
    problem = of_status(failed.status_code, str(failed.detail), failed.headers)
    return problem.response(request.scope[REQUEST_ID_KEY])
