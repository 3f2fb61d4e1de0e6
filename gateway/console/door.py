"""How the console answers what goes wrong: with a page that a person can use, never with JSON."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import quote

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.responses import Response

from core.errors import CatchupError
from gateway.console.pages import go, problem
from gateway.console.views import Shell, Trouble
from gateway.console.visitors import SHELL_KEY, SignInFirst, theme_of
from gateway.failures import describe
from gateway.web.leaving import ClientLeft, on_client_left
from gateway.web.middleware import REQUEST_ID_KEY
from gateway.web.problems import TITLES, Problem, internal, of_error, of_validation

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class ConsoleRoute(APIRoute):
    """A route whose failures are pages: the same table of statuses as the REST door."""

    def get_route_handler(self) -> Handler:
        """Wrap the handler."""
        inner = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                return await inner(request)
            except ClientLeft as error:
                return await on_client_left(request, error)
            except SignInFirst as first:
                return go(f"/login?next={quote(first.after, safe='/')}")
            except CatchupError as error:
                return _page(request, of_error(error))
            except RequestValidationError as error:
                return _page(request, of_validation(error.errors()))
            except Exception as error:  # a person waits: the log gets the line, the page gets the request id
                _note(request, error)
                return _page(request, internal())

        return handle


def _page(request: Request, found: Problem) -> Response:
    trouble = Trouble(
        status=found.status,
        title=TITLES.get(found.kind, "Something went wrong"),
        detail=found.detail[:1].upper() + found.detail[1:],
        remedy=found.remedy,
        request_id=str(request.scope.get(REQUEST_ID_KEY, "")),
    )
    shell = request.scope.get(SHELL_KEY) or Shell(theme=theme_of(request))
    return problem(shell, trouble)


def _note(request: Request, error: Exception) -> None:
    log = request.app.state.services.log
    log.error("unexpected", request=request.scope.get(REQUEST_ID_KEY, ""), **describe(error))
