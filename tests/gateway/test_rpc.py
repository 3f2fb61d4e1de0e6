from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from core.clock import ManualClock
from gateway.app import Services
from gateway.auth import Scope
from gateway.proto.catchup.v1 import catchup_pb2 as pb
from gateway.proto.catchup.v1 import catchup_pb2_grpc as stubs
from gateway.rpc.server import start_rpc
from tests.gateway.conftest import MakeKey
from tests.support.logs import lines
from tests.support.world import SAID, fill

pytestmark = pytest.mark.slow

Metadata = tuple[tuple[str, str], ...]


@pytest.fixture
async def channel(services: Services, clock: ManualClock) -> AsyncIterator[Any]:
    await fill(services, clock.now())
    server = await start_rpc(services)
    assert server is not None
    async with grpc.aio.insecure_channel(server.address) as opened:
        yield opened
    await server.stop(0)


@pytest.fixture
async def ana(make_key: MakeKey) -> Metadata:
    token = await make_key(Scope.SUMMARIES, Scope.RECOMMENDATIONS)
    return (("authorization", f"Bearer {token}"), ("x-catchup-user", "@ana"))


def told(error: grpc.aio.AioRpcError) -> pb.Error:
    """The Error that came in the trailing metadata."""
    trailer = dict(error.trailing_metadata() or ())
    found = pb.Error.FromString(trailer["catchup-error-bin"])
    assert trailer["catchup-error-kind"] == found.kind
    return found


async def test_a_channel_is_summarized_with_citations(channel: Any, ana: Metadata):
    summary = await stubs.SummarizeStub(channel).Summarize(
        pb.SummarizeRequest(channel="#incidents", last="2h"), metadata=ana
    )

    assert summary.reader == "U_ANA"
    assert summary.coverage.found == len(SAID)
    assert summary.items
    assert all(item.citations and item.kind for item in summary.items)
    assert summary.until.seconds - summary.since.seconds == 7200


async def test_a_streamed_summary_brings_its_items_and_then_the_whole(channel: Any, ana: Metadata):
    request = pb.SummarizeRequest(channel="#incidents", last="2h", detail=pb.DETAIL_FULL)

    events = [event async for event in stubs.SummarizeStub(channel).StreamSummary(request, metadata=ana)]

    *items, last = events
    assert [event.WhichOneof("event") for event in events] == ["item"] * len(items) + ["summary"]
    assert [event.item for event in items] == list(last.summary.items)
    assert last.summary.detail == pb.DETAIL_FULL


async def test_a_window_of_moments_is_half_open(channel: Any, ana: Metadata, clock: ManualClock):
    request = pb.SummarizeRequest(channel="#incidents")
    request.between.since.FromDatetime(clock.now().replace(tzinfo=None))

    summary = await stubs.SummarizeStub(channel).Summarize(request, metadata=ana)

    assert summary.coverage.found == 0
    assert not summary.items


async def test_people_and_channels_are_recommended(channel: Any, ana: Metadata):
    stub = stubs.RecommendStub(channel)

    answer = await stub.Recommend(pb.RecommendRequest(use_case="channel_browser", k=3), metadata=ana)

    assert answer.request_id.startswith("rec_")
    assert answer.corpus == "channel"
    assert [(item.id, item.name, item.position) for item in answer.items] == [("C_LUNCH", "#lunch", 1)]
    assert answer.items[0].propensity > 0
    assert answer.items[0].reasons


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({}, "span"),
        ({"last": "7 parsecs"}, "last"),
        ({"between": {}}, "between.since"),
        ({"last": "1d", "detail": 9}, "detail"),
        ({"last": "1d", "user": "@ben"}, "user"),
    ],
)
async def test_a_wrong_field_is_named_with_its_remedy(
    channel: Any, ana: Metadata, asked: dict[str, Any], field: str
):
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await stubs.SummarizeStub(channel).Summarize(
            pb.SummarizeRequest(channel="#incidents", **asked), metadata=ana
        )

    error = told(raised.value)
    assert (raised.value.code().name, error.kind, error.field) == ("INVALID_ARGUMENT", "invalid-input", field)
    assert error.remedy


async def test_a_channel_that_one_may_not_read_looks_like_one_that_is_not_there(channel: Any, ana: Metadata):
    answers: list[tuple[str, str]] = []
    for name in ("#nope", "#board"):
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await stubs.SummarizeStub(channel).Summarize(
                pb.SummarizeRequest(channel=name, last="1d"), metadata=ana
            )
        answers.append((raised.value.code().name, told(raised.value).detail.replace(name, "#x")))

    assert answers == [("NOT_FOUND", "no channel '#x'.")] * 2


async def test_a_moment_outside_the_calendar_is_refused(channel: Any, ana: Metadata):
    request = pb.SummarizeRequest(channel="#incidents")
    request.between.since.seconds = 10**15

    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await stubs.SummarizeStub(channel).Summarize(request, metadata=ana)

    assert told(raised.value).field == "between.since"


@pytest.mark.parametrize("metadata", [(), (("authorization", "Bearer ck_1_" + "x" * 43),)])
async def test_without_a_good_key_nothing_answers(channel: Any, metadata: Metadata):
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await stubs.RecommendStub(channel).Recommend(pb.RecommendRequest(), metadata=metadata)

    assert raised.value.code() is grpc.StatusCode.UNAUTHENTICATED


async def test_a_key_without_the_scope_is_refused(channel: Any, make_key: MakeKey):
    metadata = (("authorization", f"Bearer {await make_key(Scope.SUMMARIES)}"), ("x-catchup-user", "@ana"))

    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await stubs.RecommendStub(channel).Recommend(pb.RecommendRequest(), metadata=metadata)

    assert raised.value.code() is grpc.StatusCode.PERMISSION_DENIED


async def test_a_key_that_calls_too_often_is_pushed_back(services: Services, channel: Any, ana: Metadata):
    stub = stubs.RecommendStub(channel)
    request = pb.RecommendRequest(use_case="none")
    codes: list[grpc.StatusCode] = []
    for _ in range(services.settings.rate_burst + 1):
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await stub.Recommend(request, metadata=ana)
        codes.append(raised.value.code())

    assert codes[-1] is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert int(dict(raised.value.trailing_metadata() or ())["grpc-retry-pushback-ms"]) > 0


async def test_the_request_id_of_the_caller_is_used_and_logged(
    channel: Any, ana: Metadata, log_stream: io.StringIO
):
    call = stubs.SummarizeStub(channel).Summarize(
        pb.SummarizeRequest(channel="#incidents", last="2h"), metadata=(*ana, ("x-request-id", "mine-1"))
    )

    initial = await call.initial_metadata()
    await call

    line = lines(log_stream, "request")[-1]
    assert dict(initial)["x-request-id"] == "mine-1"
    assert (line["door"], line["request"], line["status"]) == ("grpc", "mine-1", "OK")
    assert line["route"] == "/catchup.v1.Summarize/Summarize"
    assert "incidents" not in log_stream.getvalue()


async def test_calls_are_counted_under_the_same_names_as_rest(
    services: Services, channel: Any, ana: Metadata
):
    await stubs.SummarizeStub(channel).Summarize(
        pb.SummarizeRequest(channel="#incidents", last="2h"), metadata=ana
    )

    labels = {"door": "grpc", "route": "/catchup.v1.Summarize/Summarize", "status": "OK"}
    assert services.metrics.registry.get_sample_value("catchup_requests_total", labels) == 1


async def test_a_deadline_that_has_passed_ends_the_call(channel: Any, ana: Metadata):
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await stubs.SummarizeStub(channel).Summarize(
            pb.SummarizeRequest(channel="#incidents", last="2h"), metadata=ana, timeout=0.000001
        )

    assert raised.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED


async def test_reflection_lists_every_service(channel: Any):
    stub = reflection_pb2_grpc.ServerReflectionStub(channel)

    async def asking():
        yield reflection_pb2.ServerReflectionRequest(list_services="")

    answers = [answer async for answer in stub.ServerReflectionInfo(asking())]

    names = {service.name for service in answers[0].list_services_response.service}
    assert {"catchup.v1.Summarize", "catchup.v1.Recommend", "grpc.health.v1.Health"} <= names


async def test_health_says_serving_once_every_part_is_ready(services: Services, channel: Any):
    stub = health_pb2_grpc.HealthStub(channel)
    services.warmup.start()
    await services.warmup.finished()

    for service in ("", "catchup.v1.Summarize", "catchup.v1.Recommend"):
        answer = await stub.Check(health_pb2.HealthCheckRequest(service=service))
        assert answer.status == health_pb2.HealthCheckResponse.SERVING


async def test_health_is_watched_until_the_server_stops(services: Services, channel: Any):
    services.warmup.start()
    await services.warmup.finished()
    call = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest())

    first = await call.read()
    services.readiness.stop()
    second = await asyncio.wait_for(call.read(), 5)
    call.cancel()

    states = health_pb2.HealthCheckResponse
    assert (first.status, second.status) == (states.SERVING, states.NOT_SERVING)


async def test_health_of_an_unknown_service_is_not_found(channel: Any):
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(service="x"))

    assert raised.value.code() is grpc.StatusCode.NOT_FOUND
