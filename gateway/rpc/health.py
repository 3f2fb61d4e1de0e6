"""The standard gRPC health service, answered by what /readyz answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

from grpc import StatusCode
from grpc_health.v1 import health_pb2, health_pb2_grpc

from gateway.app import Services
from gateway.readiness import READY
from gateway.rpc.call import Context

_pb: Any = health_pb2  # untyped
_LOOK_EVERY_S = 1.0


class ReadinessHealth(health_pb2_grpc.HealthServicer):
    """SERVING while every part is ready; the same for each service, and for the server as a whole ("")."""

    def __init__(self, services: Services, names: frozenset[str]) -> None:
        self._services = services
        self._names = names | {""}

    async def Check(self, request: Any, context: Context) -> Any:  # noqa: ANN401  the protocol's name
        """Answer for one service; NOT_FOUND for one that is not here."""
        if request.service not in self._names:
            await context.abort(StatusCode.NOT_FOUND, "no such service")
        return await self._status()

    async def Watch(self, request: Any, context: Context) -> AsyncGenerator[Any]:  # noqa: ANN401
        """Answer now and whenever it changes, until the client leaves."""
        known = request.service in self._names
        last = None
        while True:
            now = await self._status() if known else _pb.HealthCheckResponse(status="SERVICE_UNKNOWN")
            if now != last:
                yield now
                last = now
            await asyncio.sleep(_LOOK_EVERY_S)

    async def _status(self) -> Any:  # noqa: ANN401
        parts = await self._services.readiness.report()
        ready = all(state == READY for state in parts.values())
        return _pb.HealthCheckResponse(status="SERVING" if ready else "NOT_SERVING")
