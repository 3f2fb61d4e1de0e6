"""Recommendation through the real doors: ask, be told why, send feedback, be heard."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
from typer.testing import CliRunner

from core.clock import ManualClock
from core.events.models import EventKind, Offset
from core.ids import RandomIds, WorkspaceId
from gateway.app import Services, open_services
from gateway.auth import Scope
from gateway.cli import recommend as command
from gateway.settings import EmbedderName, Settings
from recommend.pipeline import build_snapshots
from tests.support.communities import ACME, World, channel, person, settle
from tests.support.server import bearer, running

NEWCOMER, LACKING = person(0, 4), channel(0, 3)


@dataclass(frozen=True, kw_only=True)
class Door:
    """A client of a running server, and what lies behind it."""

    client: aiohttp.ClientSession
    services: Services

    async def post(self, path: str, body: object, *, status: int = 200) -> dict:
        async with self.client.post(path, json=body) as response:
            found = await response.json()
            assert response.status == status, found
            return found

    async def ask(self, user: str = NEWCOMER, use_case: str = "channel_browser", **more) -> dict:
        return await self.post("/v1/recommendations", {"user": user, "use_case": use_case, **more})


@pytest.fixture
async def door(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Door]:
    settings = Settings(home=tmp_path / "home", database_url="", events_url="", embedder=EmbedderName.HASHING)
    async with open_services(settings, clock=clock, ids=RandomIds(), log_stream=io.StringIO()) as services:
        await settle(world_of(services))
        await build(services)
        _, token = await services.keys.create(ACME, "client", [Scope.RECOMMENDATIONS, Scope.EVENTS])
        async with running(services, headers=bearer(token)) as client:
            yield Door(client=client, services=services)


def world_of(services: Services) -> World:
    return World(
        directory=services.directory,
        events=services.events,
        store=services.recommend_store,
        recommender=services.recommender,
        feedback=services.feedback,
        clock=services.clock,
        metrics=services.metrics,
        lake=services.settings.lake,
        folder=services.settings.snapshots,
    )


async def build(services: Services) -> None:
    await build_snapshots(
        directory=services.directory,
        events=services.events,
        store=services.recommend_store,
        lake=services.settings.lake,
        folder=services.settings.snapshots,
        clock=services.clock,
    )


async def test_ask_click_dismiss_and_never_see_it_again(door: Door):
    answer = await door.ask()
    assert LACKING in [item["id"] for item in answer["items"][:2]]
    feedback = [
        {"id": "1", "request_id": answer["request_id"], "kind": "impression", "item": LACKING},
        {"id": "2", "request_id": answer["request_id"], "kind": "click", "item": LACKING},
        {"id": "3", "request_id": answer["request_id"], "kind": "dismiss", "item": LACKING},
    ]

    first = await door.post("/v1/events", {"events": feedback})
    again = await door.post("/v1/events", {"events": feedback})

    assert (first["accepted"], first["duplicate"], first["rejected"]) == (3, 0, 0)
    assert (again["accepted"], again["duplicate"], again["rejected"]) == (0, 3, 0)
    assert LACKING not in [item["id"] for item in (await door.ask(k=50))["items"]]
    records = await door.services.events.read(after=Offset(0), limit=10_000)
    kinds = [record.event.kind for record in records if record.event.request == answer["request_id"]]
    assert kinds == [
        EventKind.RECOMMENDATION_SERVED,
        EventKind.IMPRESSION,
        EventKind.CLICK,
        EventKind.DISMISS,
    ]


async def test_reasons_are_sentences_with_names(door: Door):
    answer = await door.ask()

    lacking = next(item for item in answer["items"] if item["id"] == LACKING)
    said = {reason["code"]: reason["text"] for reason in lacking["reasons"]}
    assert said["colleagues_active"] == "2 people you work with are active here: p00 and p03"
    assert lacking["name"] == "#team0-3"
    assert "features" not in {name for name, value in lacking.items() if value is not None}


async def test_explained_answers_carry_features_and_what_each_adds(door: Door):
    answer = await door.ask(explain=True)

    item = answer["items"][0]
    assert set(item["features"]) == set(item["contributions"])
    assert sum(item["contributions"].values()) == pytest.approx(item["score"], rel=1e-4)


async def test_what_is_on_the_screen_already_can_be_left_out(door: Door):
    answer = await door.ask(context={"exclude": [LACKING]}, k=50)

    assert LACKING not in [item["id"] for item in answer["items"]]


async def test_one_bad_event_does_not_cost_the_others(door: Door):
    answer = await door.ask()
    good = {"id": "g", "request_id": answer["request_id"], "kind": "click", "item": answer["items"][0]["id"]}
    bad = [
        good | {"id": "unknown request", "request_id": "rec_none"},
        good | {"id": "u", "request_id": "rec_none"},
        good | {"id": "i", "item": "C-none"},
        good | {"id": "k", "kind": "hover"},
        good | {"id": "t", "at": "2026-03-02T09:00:00"},
        good | {"id": "x", "extra": 1},
        {"id": "m"},
        "nonsense",
        None,
    ]

    found = await door.post("/v1/events", {"events": [*bad, good]})

    assert (found["accepted"], found["rejected"]) == (1, len(bad))
    assert [result["status"] for result in found["results"]] == ["rejected"] * len(bad) + ["accepted"]
    for result in found["results"][:-1]:
        assert result["kind"] in {"invalid-input", "not-found"}
        assert result["detail"]
        assert result["remedy"]
    assert "rec_none" in found["results"][1]["detail"]
    assert "events.3.kind" in found["results"][3]["detail"]


@pytest.mark.parametrize(
    ("path", "body", "status", "says"),
    [
        ("/v1/recommendations", {"use_case": "nope", "user": NEWCOMER}, 404, "channel_browser"),
        ("/v1/recommendations", {"use_case": "channel_browser", "user": "@nobody"}, 404, "user"),
        ("/v1/recommendations", {"use_case": "channel_browser"}, 422, "X-Catchup-User"),
        ("/v1/recommendations", {"user": NEWCOMER}, 422, "use_case"),
        (
            "/v1/recommendations",
            {"use_case": "channel_browser", "user": NEWCOMER, "k": 0},
            422,
            "between 1 and 50",
        ),
        ("/v1/recommendations", {"use_case": "channel_browser", "user": NEWCOMER, "k": "x"}, 422, "k"),
        ("/v1/recommendations", {"use_case": "channel_browser", "user": NEWCOMER, "kk": 1}, 422, "kk"),
        ("/v1/events", {"events": "all"}, 422, "events"),
        ("/v1/events", {}, 422, "events"),
        ("/v1/events", {"events": [{}] * 1001}, 413, "1000"),
    ],
)
async def test_bad_input_is_named_with_what_to_do(
    door: Door, path: str, body: object, status: int, says: str
):
    problem = await door.post(path, body, status=status)

    assert says in json.dumps(problem)
    assert problem["request_id"]


async def test_use_cases_are_listed_with_their_sizes(door: Door):
    async with door.client.get("/v1/use-cases") as response:
        found = await response.json()

    by_name = {use_case["name"]: use_case for use_case in found["use_cases"]}
    assert set(by_name) == {"channel_browser", "composer_dm", "daily_digest", "teammates"}
    assert by_name["composer_dm"]["corpus"] == "user"
    assert by_name["channel_browser"]["k_max"] == 50


@pytest.mark.parametrize(
    ("scope", "path"), [(Scope.EVENTS, "/v1/recommendations"), (Scope.RECOMMENDATIONS, "/v1/events")]
)
async def test_a_key_without_the_scope_may_not(door: Door, scope: Scope, path: str):
    _, token = await door.services.keys.create(ACME, "other", [scope])
    body = {"use_case": "channel_browser", "user": NEWCOMER} if path.endswith("ations") else {"events": []}

    async with door.client.post(path, json=body, headers=bearer(token)) as response:
        assert response.status == 403


async def test_feedback_to_another_workspaces_answer_is_rejected(door: Door):
    other = WorkspaceId("other")
    await settle(world_of(door.services), workspace=other, active=False)
    answer = await door.ask()
    _, token = await door.services.keys.create(other, "theirs", [Scope.EVENTS])
    event = {"id": "1", "request_id": answer["request_id"], "kind": "click", "item": answer["items"][0]["id"]}

    async with door.client.post("/v1/events", json={"events": [event]}, headers=bearer(token)) as response:
        found = await response.json()

    assert found["rejected"] == 1


class TestCommand:
    """`catchup recommend`, over a home that another process filled."""

    @pytest.fixture
    def run(self, tmp_path: Path):
        import asyncio

        home = tmp_path / "home"
        settings = Settings(home=home, database_url="", events_url="", embedder=EmbedderName.HASHING)

        async def fill() -> None:
            async with open_services(settings, log_stream=io.StringIO()) as services:
                await settle(world_of(services))
                await build(services)

        asyncio.run(fill())
        environment = {"CATCHUP_HOME": str(home), "CATCHUP_EMBEDDER": "hashing", "COLUMNS": "160"}

        def invoke(*arguments: str):
            return CliRunner().invoke(command.app, list(arguments), env=environment)

        return invoke

    def test_it_shows_a_table_with_reasons(self, run):
        found = run("channels", "--user", NEWCOMER, "-k", "3")

        assert found.exit_code == 0, found.output
        assert "#team0-3" in found.output
        assert "people you work with are active here" in found.output

    def test_it_prints_json_and_explains(self, run):
        found = run("people", "--user", "@p04", "--json", "--explain")

        answer = json.loads(found.output)
        assert answer["use_case"] == "composer_dm"
        assert answer["items"][0]["contributions"]

    def test_a_use_case_of_the_other_kind_says_which_command(self, run):
        found = run("channels", "--user", "@p04", "--use-case", "composer_dm")

        assert "catchup recommend people" in str(found.exception)

    def test_opting_out_hides_somebody_until_it_is_undone(self, run):
        run("opt-out", "--user", "@p00")
        hidden = run("people", "--user", "@p04", "--json").output
        run("opt-out", "--user", "@p00", "--undo")
        shown = run("people", "--user", "@p04", "--json").output

        assert person(0, 0) not in hidden
        assert person(0, 0) in shown
