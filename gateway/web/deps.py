"""What a REST handler asks for: the services, and a caller with the right scope.

@router.post("/v1/summaries", summary="…")
async def summarize(body: AskBody, caller: Annotated[Caller, allow(Scope.SUMMARIES)], services: ServicesDep):
    reader = caller.acting(body.user)
"""

from __future__ import annotations

from typing import Annotated, Any, cast

from fastapi import Depends, Request, Security
from fastapi.security import HTTPBearer

from core.errors import NotAuthenticated
from gateway.app import Services
from gateway.auth import Caller, Scope

__all__ = ["Caller", "Scope", "ServicesDep", "allow", "services"]

BEARER = HTTPBearer(
    scheme_name="ApiKey",
    bearerFormat="ck_<id>_<secret>",
    description="An API key of one workspace, made by `catchup keys create`.",
    auto_error=False,
)
CALLER_KEY = "catchup_caller"


async def services(request: Request) -> Services:
    """Return the services of this process; a coroutine, for FastAPI sends plain functions to another thread."""
    return cast("Services", request.app.state.services)


ServicesDep = Annotated[Services, Depends(services)]


def allow(scope: Scope) -> Any:  # noqa: ANN401  FastAPI's dependency marker
    """Return a dependency that gives the Caller, or raises NotAuthenticated or NotPermitted.

    The key itself was verified by the middleware, before any body was read; `Security` shows it in OpenAPI.
    """

    async def caller(request: Request, _shown: Annotated[object, Security(BEARER)]) -> Caller:
        found = request.scope.get(CALLER_KEY)
        if not isinstance(found, Caller):
            raise NotAuthenticated("no API key was sent.", remedy="Send `Authorization: Bearer ck_…`.")
        found.require(scope)
        return found

    return Depends(caller)
