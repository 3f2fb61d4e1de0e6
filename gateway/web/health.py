"""Does the process live, is it ready, how does it do: /healthz, /readyz, /metrics."""

from __future__ import annotations

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import Response

from gateway.web.deps import ServicesDep

router = APIRouter(tags=["operations"])


@router.get("/healthz", summary="Tell that the process lives")
async def healthz() -> dict[str, str]:
    """Answer 200 as long as the event loop turns; says nothing about other parts."""
    return {"status": "alive"}


@router.get("/metrics", summary="Give Prometheus metrics", response_class=Response)
async def metrics(services: ServicesDep) -> Response:
    """Answer in Prometheus' text format."""
    return Response(generate_latest(services.metrics.registry), media_type=CONTENT_TYPE_LATEST)
