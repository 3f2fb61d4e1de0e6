"""POST /v1/messages, DELETE /v1/messages/{id}, POST /v1/directory, PUT /v1/channels/{id}/members over real HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from core.clock import ManualClock
from core.directory import Workspace
from core.events.models import Offset
from core.ids import ChannelId, MessageId, SequentialIds, WorkspaceId
from gateway.app import Services, open_services
from gateway.auth import Scope
from gateway.settings import EmbedderName, Settings
from tests.support.server import bearer, running

pytestmark = pytest.mark.slow

ACME = WorkspaceId("T_ACME")
PEOPLE = [
    {"id": "u1", "handle": "ana"},
    {"id": "u2", "handle": "ben"},
    {"id": "u3", "handle": "gil", "guest": "multi-channel"},
]
CHANNELS = [
    {"id": "c1", "name": "general", "kind": "public"},
    {"id": "p1", "name": "board", "kind": "private"},
    {"id": "d1", "name": "d1", "kind": "direct"},
]
MEMBERS = [
    {"channel": "c1", "person": "u1"},
    {"channel": "p1", "person": "u1"},
    {"channel": "d1", "person": "u1"},
    {"channel": "d1", "person": "u2"},
]


@pytest.fixture
async def services(tmp_path: Path, clock: ManualClock, ids: SequentialIds) -> AsyncIterator[Services]:
    settings = Settings(home=tmp_path / "home", database_url="", events_url="", embedder=EmbedderName.HASHING)
    async with open_services(settings, clock=clock, ids=ids) as opened:
        await opened.directory.put_workspace(Workspace(id=ACME, name="Acme", created_at=clock.now()))
        yield opened


@pytest.fixture
async def client(services: Services) -> AsyncIterator[aiohttp.ClientSession]:
    _, token = await services.keys.create(ACME, "chat", [Scope.MESSAGES])
    async with running(services, headers=bearer(token)) as session:
        body = {"people": PEOPLE, "channels": CHANNELS, "memberships": MEMBERS}
        async with session.post("/v1/directory", json=body) as answer:
            assert answer.status == 200, await answer.text()
        yield session


def _said(id: str = "m1", **more: Any) -> dict[str, Any]:
    return {"id": id, "channel": "c1", "author": "u1", "ts": "2026-03-02T08:00:00Z", "text": "hello"} | more


async def _send(client: aiohttp.ClientSession, *messages: Any) -> dict[str, Any]:
    async with client.post("/v1/messages", json={"messages": list(messages)}) as answer:
        body = await answer.json()
        assert answer.status == 200, body
        return body


async def test_a_batch_is_kept_but_for_what_is_wrong_with_it(client: aiohttp.ClientSession) -> None:
    answer = await _send(
        client, _said(), _said("m2", ts="soon"), _said("m3", channel="nope"), "junk", _said("m5", author="u9")
    )

    assert [result["status"] for result in answer["results"]] == [
        "new",
        "rejected",
        "rejected",
        "rejected",
        "new",
    ]
    assert (answer["new"], answer["rejected"]) == (2, 3)
    assert answer["results"][1]["detail"].startswith("ts: is neither ISO 8601")
    assert answer["results"][2]["kind"] == "not-found"


async def test_sending_again_changes_nothing_and_an_edit_updates(
    client: aiohttp.ClientSession, services: Services
) -> None:
    await _send(client, _said())
    again = await _send(client, _said())
    edit = await _send(client, _said(text="hello <@u2>", edited="2026-03-02T08:01:00Z"))
    late = await _send(client, _said())

    statuses = [answer["results"][0]["status"] for answer in (again, edit, late)]
    assert statuses == ["unchanged", "updated", "superseded"]
    events = [record.event.data["type"] for record in await services.events.read(after=Offset(0), limit=100)]
    assert events == ["post", "mention"]


async def test_a_direct_message_is_logged_towards_its_partner(
    client: aiohttp.ClientSession, services: Services
) -> None:
    await _send(client, _said(channel="d1"))

    (post, dm) = [record.event for record in await services.events.read(after=Offset(0), limit=100)]
    assert (post.data["type"], post.data["public"], dm.data["type"], str(dm.corpus)) == (
        "post",
        False,
        "dm",
        "user",
    )


async def test_a_deleted_message_stays_deleted(client: aiohttp.ClientSession, services: Services) -> None:
    await _send(client, _said())

    for expected in (204, 204):
        async with client.delete("/v1/messages/m1") as answer:
            assert answer.status == expected
    again = await _send(client, _said())

    assert again["results"][0]["status"] == "superseded"
    found = await services.messages.find(ACME, MessageId("m1"))
    assert found is not None
    assert found.text == ""


async def test_deleting_what_was_never_sent_is_not_found(client: aiohttp.ClientSession) -> None:
    async with client.delete("/v1/messages/unknown") as answer:
        assert (answer.status, (await answer.json())["kind"]) == (404, "not-found")


async def test_more_than_a_thousand_at_once_is_too_large(client: aiohttp.ClientSession) -> None:
    async with client.post("/v1/messages", json={"messages": [{}] * 1001}) as answer:
        assert (answer.status, (await answer.json())["kind"]) == (413, "too-large")


async def test_members_are_exactly_those_named(client: aiohttp.ClientSession, services: Services) -> None:
    async with client.put("/v1/channels/p1/members", json={"members": ["u2", "u3", "u2"]}) as answer:
        assert (answer.status, await answer.json()) == (200, {"members": 2})

    assert await services.directory.members(ACME, ChannelId("p1")) == {"u2", "u3"}


async def test_who_left_may_not_read(client: aiohttp.ClientSession, services: Services) -> None:
    left = {"memberships": [{"channel": "p1", "person": "u1", "state": "left"}]}
    async with client.post("/v1/directory", json=left) as answer:
        assert answer.status == 200

    ana = await services.directory.find_person(ACME, "u1")
    assert {channel.id for channel in await services.directory.readable_channels(ACME, ana)} == {"c1", "d1"}


@pytest.mark.parametrize(
    ("path", "body", "status", "field"),
    [
        ("/v1/channels/p1/members", {"members": ["nobody"]}, 422, "members.0"),
        ("/v1/channels/nope/members", {"members": []}, 404, None),
        ("/v1/channels/p1/members", {"members": "u1"}, 422, None),
    ],
)
async def test_wrong_members_are_named(
    client: aiohttp.ClientSession, path: str, body: Any, status: int, field: str | None
) -> None:
    async with client.put(path, json=body) as answer:
        problem = await answer.json()

    assert answer.status == status
    assert field is None or field in problem["detail"]


@pytest.mark.parametrize(
    "body",
    [
        {"memberships": [{"channel": "c1", "person": "nobody"}]},
        {"memberships": [{"channel": "nope", "person": "u1"}]},
        {"people": [{"id": "two words", "handle": "x"}]},
        {"channels": [{"id": "c9", "name": "x"}]},
        {"surprise": []},
    ],
)
async def test_a_directory_with_anything_wrong_is_refused_whole(
    client: aiohttp.ClientSession, body: Any
) -> None:
    async with client.post("/v1/directory", json={"people": [{"id": "u7", "handle": "x"}]} | body) as answer:
        assert answer.status == 422


async def test_a_key_without_the_scope_is_refused(services: Services) -> None:
    _, token = await services.keys.create(ACME, "other", [Scope.SUMMARIES])

    async with (
        running(services, headers=bearer(token)) as session,
        session.post("/v1/messages", json={"messages": []}) as answer,
    ):
        assert answer.status == 403
