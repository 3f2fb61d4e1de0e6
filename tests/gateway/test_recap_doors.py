"""Recaps, read markers, questions and feedback: the same over REST and gRPC."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import aiohttp
import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from core.clock import ManualClock
from core.events.models import EventKind, Offset
from core.ids import SummaryId
from gateway.app import Services
from gateway.auth import Scope
from gateway.proto.catchup.v1 import catchup_pb2 as pb
from gateway.proto.catchup.v1 import catchup_pb2_grpc as stubs
from gateway.rpc.server import start_rpc
from tests.gateway.conftest import ACME, MakeKey
from tests.support.server import bearer, running
from tests.support.world import BEN, BOARD, INCIDENTS, LUNCH, SAID, fill

pytestmark = pytest.mark.slow

Metadata = tuple[tuple[str, str], ...]
TELLING = "Between us: the summary forgot that Bob was let go."


@pytest.fixture
async def token(services: Services, make_key: MakeKey, clock: ManualClock) -> str:
    await fill(services, clock.now())
    return await make_key(Scope.SUMMARIES)


@pytest.fixture
async def client(services: Services, token: str) -> AsyncIterator[aiohttp.ClientSession]:
    async with running(services, headers=bearer(token)) as session:
        yield session


@pytest.fixture
async def channel(services: Services, token: str) -> AsyncIterator[Any]:
    server = await start_rpc(services)
    assert server is not None
    async with grpc.aio.insecure_channel(server.address) as opened:
        yield opened
    await server.stop(0)


@pytest.fixture
def ben(token: str) -> Metadata:
    return (("authorization", f"Bearer {token}"), ("x-catchup-user", "@ben"))


async def post(client: aiohttp.ClientSession, path: str, body: object) -> tuple[int, dict[str, Any]]:
    async with client.post(path, json=body) as answer:
        return answer.status, await answer.json(content_type=None)


async def get(client: aiohttp.ClientSession, path: str) -> tuple[int, dict[str, Any]]:
    async with client.get(path) as answer:
        return answer.status, await answer.json(content_type=None)


async def test_a_recap_comes_back_and_is_read_again_by_its_reader_alone(client: aiohttp.ClientSession):
    status, recap = await post(client, "/v1/recaps", {"user": "@ben", "last": "2h", "detail": "full"})

    again = await get(client, f"/v1/recaps/{recap['id']}?user=@ben")
    other = await get(client, f"/v1/recaps/{recap['id']}?user=@cy")

    assert status == 200
    assert [section["channel"]["name"] for section in recap["sections"]] == ["incidents"]
    assert [channel["id"] for channel in recap["quiet"]] == [LUNCH]
    assert recap["sections"][0]["mentions"] == 1
    assert recap["todos"][0]["item"]["owner"]["id"] == BEN
    assert recap["coverage"]["found"] == len(SAID)
    assert again == (200, recap)
    assert (other[0], other[1]["kind"]) == (404, "not-found")


async def test_a_recap_over_grpc_says_the_same(client: aiohttp.ClientSession, channel: Any, ben: Metadata):
    stub = stubs.RecapsStub(channel)
    recap = await stub.MakeRecap(pb.RecapRequest(last="2h", detail=pb.DETAIL_FULL), metadata=ben)

    again = await stub.GetRecap(pb.GetRequest(id=recap.id), metadata=ben)
    _, over_rest = await get(client, f"/v1/recaps/{recap.id}?user=@ben")

    assert again == recap
    assert [section.summary for section in recap.sections] == [s["summary"] for s in over_rest["sections"]]
    assert [item.text for s in recap.sections for item in s.items] == [
        item["text"] for s in over_rest["sections"] for item in s["items"]
    ]
    assert [(todo.place, todo.item.owner) for todo in recap.todos] == [
        (todo["place"], todo["item"]["owner"]["id"]) for todo in over_rest["todos"]
    ]
    assert [one.channel for one in recap.quiet] == [LUNCH]
    assert recap.coverage.found == over_rest["coverage"]["found"]


async def test_unread_begins_at_the_marker_that_a_client_posted(client: aiohttp.ClientSession):
    marker = {"channel": "#incidents", "message": f"{INCIDENTS}-3"}
    marked = await post(client, "/v1/read-markers", {"user": "@ana", "markers": [marker]})

    _, summary = await post(
        client, "/v1/summaries", {"channel": "#incidents", "user": "@ana", "unread": True}
    )
    _, recap = await post(client, "/v1/recaps", {"user": "@ana", "last": "1d", "unread": True})

    assert marked == (200, {"markers": 1})
    assert summary["coverage"]["found"] == len(SAID) - 4
    assert recap["coverage"]["found"] == len(SAID) - 4


async def test_unread_over_grpc_begins_at_the_marker_too(channel: Any, ben: Metadata, clock: ManualClock):
    at = Timestamp()
    at.FromDatetime((clock.now() - timedelta(minutes=60 - 3)).replace(tzinfo=None))
    markers = [pb.ReadMarker(channel="#incidents", at=at)]
    answer = await stubs.RecapsStub(channel).SetReadMarkers(
        pb.ReadMarkersRequest(markers=markers), metadata=ben
    )

    summary = await stubs.SummarizeStub(channel).Summarize(
        pb.SummarizeRequest(channel="#incidents", unread=True), metadata=ben
    )

    assert answer.markers == 1
    assert summary.coverage.found == len(SAID) - 4


@pytest.mark.parametrize("marker", [{"ts": "2026-03-02T11:03:00Z"}, {"message": "C_INC-99"}])
async def test_a_marker_in_a_channel_that_one_may_not_read_is_refused_and_none_is_set(
    services: Services, client: aiohttp.ClientSession, marker: dict[str, str]
):
    wrong = {"channel": BOARD if "ts" in marker else INCIDENTS, **marker}
    good = {"channel": "#incidents", "message": f"{INCIDENTS}-3"}

    status, problem = await post(client, "/v1/read-markers", {"user": "@ana", "markers": [good, wrong]})
    unread, _ = await post(client, "/v1/summaries", {"channel": INCIDENTS, "user": "@ana", "unread": True})

    assert (status, problem["kind"]) == (404, "not-found")
    assert unread == 422  # no marker is known


async def test_a_question_and_a_language_reach_the_engine_and_the_words_of_neither_are_logged(
    client: aiohttp.ClientSession, channel: Any, ben: Metadata, log_stream: io.StringIO
):
    asked = {"question": "Who rolled back the zebra?", "language": "de-CH"}
    status, summary = await post(
        client, "/v1/summaries", {"channel": "#incidents", "user": "@ben", "last": "2h", **asked}
    )
    over_grpc = await stubs.SummarizeStub(channel).Summarize(
        pb.SummarizeRequest(channel="#incidents", last="2h", **asked), metadata=ben
    )

    assert status == 200
    assert summary["provenance"]["parameters"] == {
        "detail": "standard",
        "language": "de-CH",
        "question": "asked",
    }
    assert over_grpc.provenance.input_hash == summary["provenance"]["input_hash"]
    assert "zebra" not in log_stream.getvalue()


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"question": "?" * 501}, "question"),
        ({"question": "a\x00b"}, "question"),
        ({"language": "klingon!"}, "language"),
        ({"language": "de_DE"}, "language"),
        ({"language": "x" * 40}, "language"),
    ],
)
async def test_a_question_or_a_language_that_cannot_be_used_is_named_and_not_quoted(
    client: aiohttp.ClientSession, channel: Any, ben: Metadata, asked: dict[str, str], field: str
):
    status, problem = await post(
        client, "/v1/summaries", {"channel": "#incidents", "user": "@ben", "last": "2h", **asked}
    )
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await stubs.SummarizeStub(channel).Summarize(
            pb.SummarizeRequest(channel="#incidents", last="2h", **asked), metadata=ben
        )

    assert (status, problem["kind"], problem["errors"][0]["field"]) == (422, "invalid-input", field)
    assert problem["remedy"]
    assert "???" not in str(problem)
    assert raised.value.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_feedback_on_an_item_of_a_recap_joins_to_what_made_it_through_both_doors(
    services: Services, client: aiohttp.ClientSession, channel: Any, ben: Metadata
):
    _, recap = await post(client, "/v1/recaps", {"user": "@ben", "last": "2h", "detail": "full"})
    todo = recap["todos"][0]

    first = await post(
        client,
        f"/v1/summaries/{todo['summary']}/feedback",
        {"user": "@ben", "kind": "wrong", "item": todo["place"]},
    )
    again = await stubs.SummarizeStub(channel).GiveFeedback(
        pb.FeedbackRequest(summary=todo["summary"], kind=pb.FEEDBACK_KIND_WRONG, item=todo["place"]),
        metadata=ben,
    )
    other = await stubs.SummarizeStub(channel).GiveFeedback(
        pb.FeedbackRequest(summary=todo["summary"], kind=pb.FEEDBACK_KIND_UNSAFE), metadata=ben
    )

    made = (await services.summarizer.fetch(ACME, "@ben", SummaryId(todo["summary"]))).provenance
    records = await services.events.read(after=Offset(0), limit=100)
    logged = [r.event.data for r in records if r.event.kind is EventKind.SUMMARY_FEEDBACK]
    assert first == (202, {"duplicate": False})
    assert (again.duplicate, other.duplicate) == (True, False)
    assert [(one["feedback"], one["item"]) for one in logged] == [("wrong", todo["place"]), ("unsafe", None)]
    for one in logged:
        assert one["summary"] == todo["summary"]
        assert (one["engine"], one["model"], one["prompt"]) == (made.engine, made.model, made.prompt)
        assert (one["arm"], one["input_hash"]) == (made.arm, made.input_hash)


@pytest.mark.parametrize("field", ["comment", "text", "reason"])
async def test_feedback_takes_no_words_and_keeps_none(
    services: Services, client: aiohttp.ClientSession, log_stream: io.StringIO, field: str
):
    _, summary = await post(client, "/v1/summaries", {"channel": "#incidents", "user": "@ben", "last": "2h"})

    status, problem = await post(
        client, f"/v1/summaries/{summary['id']}/feedback", {"user": "@ben", "kind": "wrong", field: TELLING}
    )

    records = await services.events.read(after=Offset(0), limit=100)
    assert (status, problem["kind"], problem["errors"][0]["field"]) == (422, "invalid-input", field)
    assert "no words ever are" in problem["detail"]
    assert not [r for r in records if r.event.kind is EventKind.SUMMARY_FEEDBACK]
    assert not any("Bob" in told for told in (str(problem), log_stream.getvalue(), str(records)))


async def test_feedback_of_no_kind_is_refused_over_grpc(channel: Any, ben: Metadata):
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await stubs.SummarizeStub(channel).GiveFeedback(pb.FeedbackRequest(summary="sum_1"), metadata=ben)

    assert raised.value.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_a_summary_is_read_again_over_grpc(channel: Any, ben: Metadata):
    stub = stubs.SummarizeStub(channel)
    made = await stub.Summarize(pb.SummarizeRequest(channel="#incidents", last="2h"), metadata=ben)

    again = await stub.GetSummary(pb.GetRequest(id=made.id), metadata=ben)

    assert again == made


@pytest.mark.parametrize(
    ("request_", "says"),
    [
        (pb.RecapRequest(day="soon"), "day"),
        (pb.RecapRequest(last="soon"), "last"),
        (pb.RecapRequest(limit=0), "limit"),
        (pb.RecapRequest(detail=9), "detail"),  # pyright: ignore[reportArgumentType]
        (pb.RecapRequest(between=pb.Between()), "between.since"),
    ],
)
async def test_a_recap_that_cannot_be_made_says_which_field_is_wrong(
    channel: Any, ben: Metadata, request_: pb.RecapRequest, says: str
):
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await stubs.RecapsStub(channel).MakeRecap(request_, metadata=ben)

    assert raised.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert says in str(raised.value.details())


async def test_a_key_without_the_scope_makes_no_recap(services: Services, make_key: MakeKey):
    token = await make_key(Scope.EVENTS)
    async with running(services, headers=bearer(token)) as session:
        status, problem = await post(session, "/v1/recaps", {"user": "@ben"})

    assert (status, problem["kind"]) == (403, "not-permitted")
