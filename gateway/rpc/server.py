"""The gRPC server: which services it has, where it listens, how it stops."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import grpc
from grpc_health.v1 import health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from core.errors import InvalidInput
from gateway.app import Services
from gateway.proto.catchup.v1 import catchup_pb2, catchup_pb2_grpc
from gateway.rpc.health import ReadinessHealth
from gateway.rpc.recaps import RecapsDoor
from gateway.rpc.recommend import RecommendDoor
from gateway.rpc.summarize import SummarizeDoor

_aio: Any = grpc.aio  # untyped
_grpc: Any = catchup_pb2_grpc
_health: Any = health_pb2_grpc
_reflection: Any = reflection


@dataclass(frozen=True, slots=True, kw_only=True)
class RpcServer:
    """A running server and its address."""

    server: Any
    address: str

    async def stop(self, grace_s: float) -> None:
        """Accept no more calls; cancel what has not finished after the grace."""
        await self.server.stop(grace_s)


async def start_rpc(services: Services) -> RpcServer | None:
    """Start where `grpc_listen` says; None if it is off. Raises InvalidInput if the address cannot be had."""
    address = services.settings.grpc_listen
    if address == "off":
        return None
    server = _aio.server(
        options=[
            ("grpc.so_reuseport", 0),
            ("grpc.max_receive_message_length", services.settings.max_body_bytes),
        ]
    )
    ours = catchup_pb2.DESCRIPTOR.services_by_name
    names = frozenset(service.full_name for service in ours.values())
    _grpc.add_SummarizeServicer_to_server(SummarizeDoor(services), server)
    _grpc.add_RecapsServicer_to_server(RecapsDoor(services), server)
    _grpc.add_RecommendServicer_to_server(RecommendDoor(services), server)
    _health.add_HealthServicer_to_server(ReadinessHealth(services, names), server)
    _reflection.enable_server_reflection([*names, "grpc.health.v1.Health", _reflection.SERVICE_NAME], server)
    port = _bind(server, address)
    await server.start()
    return RpcServer(server=server, address=f"{address.rpartition(':')[0]}:{port}")


def _bind(server: Any, address: str) -> int:  # noqa: ANN401
    try:
        port = int(server.add_insecure_port(address))
    except RuntimeError:
        port = 0
    if port == 0:
        raise InvalidInput(
            "CATCHUP_GRPC_LISTEN",
            address,
            "cannot be listened on",
            remedy="Stop the other server, or choose another port (0 takes a free one), or off.",
        )
    return port
