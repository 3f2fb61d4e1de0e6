"""Does the process live, is it ready, how does it do: /healthz, /readyz, /metrics."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel, Field
from starlette.responses import Response

from gateway.readiness import READY
from gateway.web.deps import ServicesDep

router = APIRouter(tags=["operations"])


class Health(BaseModel):
    """That the process lives."""

    status: Annotated[str, Field(examples=["alive"])]


class ReadinessReport(BaseModel):
    """Whether requests should come here, and how each part does."""

    ready: bool
    parts: Annotated[
        dict[str, str],
        Field(
            description="Each part: `ready`, or what is wrong with it.",
            examples=[{"database": "ready", "events": "ready", "embedder": "embedder is loading."}],
        ),
    ]
    models: Annotated[
        dict[str, str],
        Field(
            description="Each language model: `ready`, `unused`, or `degraded`; without one, summaries are extractive.",
            examples=[{"llm": "ready"}],
        ),
    ]


@router.get("/healthz", summary="Tell that the process lives")
async def healthz() -> Health:
    """Answer 200 as long as the event loop turns; says nothing about other parts. For liveness probes."""
    return Health(status="alive")


@router.get(
    "/readyz",
    summary="Tell whether every part is ready",
    responses={503: {"model": ReadinessReport, "description": "A part is not ready; the body says which."}},
)
async def readyz(response: Response, services: ServicesDep) -> ReadinessReport:
    """Answer 200 if database, event log and embedder are ready to serve, else 503. For readiness probes."""
    parts = await services.readiness.report()
    ready = all(state == READY for state in parts.values())
    response.status_code = 200 if ready else 503
    models = {key: state.partition(":")[0] for key, state in services.models.report().items()}
    return ReadinessReport(ready=ready, parts=parts, models=models)


@router.get(
    "/metrics",
    summary="Give Prometheus metrics",
    response_class=Response,
    responses={
        200: {
            "content": {"text/plain": {"schema": {"type": "string"}}},
            "description": "Prometheus' text format.",
        }
    },
)
async def metrics(services: ServicesDep) -> Response:
    """Answer in Prometheus' text format."""
    return Response(generate_latest(services.metrics.registry), media_type=CONTENT_TYPE_LATEST)
