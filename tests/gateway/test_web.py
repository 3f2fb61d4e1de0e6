from __future__ import annotations

import asyncio
import io
from typing import Annotated

import aiohttp
import pytest
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from core.errors import NotFound
from core.ids import WorkspaceId
from gateway.app import Services
from gateway.auth import Scope
from gateway.web.app import create_app
from gateway.web.deps import Caller, allow
from tests.gateway.conftest import MakeKey
from tests.support.logs import lines
from tests.support.server import bearer, running

pytestmark = pytest.mark.slow

SECRET_WORDS = "we decided to let Bob go"


class Note(BaseModel):
    text: str
    stars: int = 0


def with_odd_routes(services: Services) -> FastAPI:
    """The application, and routes that do what no route of ours should."""
    app = create_app(services)

    @app.get("/boom")
    async def boom() -> None:
        raise RuntimeError(SECRET_WORDS)

    @app.get("/half")
    async def half() -> StreamingResponse:
        async def pieces():
            yield b"first half"
            raise RuntimeError(SECRET_WORDS)

        return StreamingResponse(pieces())

    @app.get("/gone")
    async def gone() -> None:
        raise NotFound("channel", "#nope", remedy="Look again.")

    @app.post("/v1/notes/{name}")
    async def note(name: str, note: Note, caller: Annotated[Caller, allow(Scope.MESSAGES)]) -> dict[str, str]:
        return {"workspace": caller.workspace, "user": caller.acting()}

    return app


@pytest.fixture
async def client(services: Services):
    async with running(services, app=with_odd_routes(services)) as session:
        yield session


async def test_a_key_opens_its_own_workspace_only(client: aiohttp.ClientSession, make_key: MakeKey):
    answers: list[str] = []
    for workspace in ("T_ACME", "T_OTHER"):
        token = await make_key(Scope.MESSAGES, workspace=WorkspaceId(workspace))
        async with client.post(
            "/v1/notes/x?workspace=T_ELSE",
            json={"text": "x", "workspace": "T_ELSE"},
            headers=bearer(token, "@ana") | {"X-Workspace": "T_ELSE"},
        ) as response:
            answers.append((await response.json())["workspace"])

    assert answers == ["T_ACME", "T_OTHER"]


async def test_a_handle_in_the_header_may_have_any_letters(client: aiohttp.ClientSession, make_key: MakeKey):
    headers = bearer(await make_key(Scope.MESSAGES), "@inês-日本")

    async with client.post("/v1/notes/x", json={"text": "x"}, headers=headers) as response:
        assert (await response.json())["user"] == "@inês-日本"


@pytest.mark.parametrize("header", [None, "Bearer nonsense", "Bearer ck_000009_" + "x" * 43])
async def test_without_a_good_key_nothing_under_v1_answers(client: aiohttp.ClientSession, header: str | None):
    headers = {"Authorization": header} if header else {}

    async with client.post("/v1/notes/x", data=b"not even json", headers=headers) as response:
        problem = await response.json(content_type="application/problem+json")

    assert response.status == 401
    assert problem["kind"] == "not-authenticated"
    assert response.headers["WWW-Authenticate"].startswith("Bearer")


async def test_a_key_without_the_scope_is_refused_by_name(client: aiohttp.ClientSession, make_key: MakeKey):
    token = await make_key(Scope.SUMMARIES)

    async with client.post("/v1/notes/x", json={"text": "x"}, headers=bearer(token)) as response:
        problem = await response.json(content_type=None)

    assert (response.status, problem["kind"]) == (403, "not-permitted")
    assert "messages" in problem["detail"]


async def test_a_wrong_field_is_named_and_what_was_written_is_not_repeated(
    client: aiohttp.ClientSession, make_key: MakeKey
):
    token = await make_key(Scope.MESSAGES)
    body = {"text": {"deep": SECRET_WORDS}, "stars": SECRET_WORDS}

    async with client.post("/v1/notes/x", json=body, headers=bearer(token)) as response:
        text = await response.text()
        problem = await response.json(content_type=None)

    assert response.status == 422
    assert [entry["field"] for entry in problem["errors"]] == ["text", "stars"]
    assert SECRET_WORDS not in text
    assert "text of 24 characters" in text


async def test_a_body_that_is_not_json_is_a_400(client: aiohttp.ClientSession, make_key: MakeKey):
    headers = bearer(await make_key(Scope.MESSAGES)) | {"Content-Type": "application/json"}

    async with client.post("/v1/notes/x", data=b'{"text": ', headers=headers) as response:
        problem = await response.json(content_type=None)

    assert (response.status, problem["kind"]) == (400, "invalid-input")


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nope", 404), ("DELETE", "/healthz", 405)])
async def test_unknown_routes_and_wrong_methods_are_problems(
    client: aiohttp.ClientSession, method: str, path: str, status: int
):
    async with client.request(method, path) as response:
        problem = await response.json(content_type="application/problem+json")

    assert (response.status, problem["status"]) == (status, status)
    assert problem["request_id"] == response.headers["X-Request-Id"]


async def test_an_error_of_ours_is_a_problem_with_its_remedy(client: aiohttp.ClientSession):
    async with client.get("/gone") as response:
        problem = await response.json(content_type="application/problem+json")

    assert (response.status, problem["kind"], problem["remedy"]) == (404, "not-found", "Look again.")


async def test_an_unexpected_error_shows_nothing_and_is_logged_by_its_place(
    client: aiohttp.ClientSession, log_stream: io.StringIO, capfd: pytest.CaptureFixture[str]
):
    async with client.get("/boom", headers={"X-Request-Id": "mine-1"}) as response:
        text = await response.text()

    logged = lines(log_stream, "unexpected")
    everything = text + log_stream.getvalue() + "".join(capfd.readouterr())
    assert response.status == 500
    assert (logged[0]["request"], logged[0]["error"]) == ("mine-1", "RuntimeError")
    assert "test_web.py:" in str(logged[0]["place"])
    assert SECRET_WORDS not in everything
    assert "Traceback" not in everything


async def test_a_stream_that_breaks_is_cut_and_not_ended_as_if_whole(
    client: aiohttp.ClientSession, log_stream: io.StringIO, capfd: pytest.CaptureFixture[str]
):
    async with client.get("/half") as response:
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.read()

    assert lines(log_stream, "unexpected")[0]["error"] == "RuntimeError"
    assert SECRET_WORDS not in log_stream.getvalue() + "".join(capfd.readouterr())


@pytest.mark.parametrize("given", ["abc-123", "01HZX.a:b_c"])
async def test_a_sane_request_id_is_kept(client: aiohttp.ClientSession, given: str):
    async with client.get("/healthz", headers={"X-Request-Id": given}) as response:
        assert response.headers["X-Request-Id"] == given


@pytest.mark.parametrize("given", ["", "a b", "x" * 65, '"><script>'])
async def test_any_other_request_id_is_replaced(client: aiohttp.ClientSession, given: str):
    async with client.get("/healthz", headers={"X-Request-Id": given}) as response:
        assert response.headers["X-Request-Id"].startswith("req_")


async def test_a_log_line_holds_the_template_of_the_route_and_no_more(
    client: aiohttp.ClientSession, make_key: MakeKey, log_stream: io.StringIO
):
    headers = bearer(await make_key(Scope.MESSAGES), "@ana")

    async with client.post(
        "/v1/notes/Bobs-severance?q=fire", json={"text": SECRET_WORDS}, headers=headers
    ) as response:
        await response.read()

    line = lines(log_stream, "request")[0]
    assert (line["door"], line["method"], line["route"], line["status"]) == (
        "rest",
        "POST",
        "/v1/notes/:name",
        200,
    )
    assert line["workspace"] == "T_ACME"
    assert not any(word in log_stream.getvalue() for word in ("severance", "fire", "Bob", "ana"))


async def test_metrics_count_by_route_template_and_status(client: aiohttp.ClientSession):
    for path in ("/healthz", "/healthz", "/nope/1", "/nope/2"):
        async with client.get(path) as response:
            await response.read()

    async with client.get("/metrics") as response:
        text = await response.text()

    assert 'catchup_requests_total{door="rest",route="/healthz",status="200"} 2.0' in text
    assert 'catchup_requests_total{door="rest",route="unmatched",status="404"} 2.0' in text


async def test_every_answer_carries_security_headers(client: aiohttp.ClientSession):
    for path in ("/healthz", "/nope", "/v1/nope", "/docs"):
        async with client.get(path) as response:
            assert response.headers["X-Content-Type-Options"] == "nosniff"
            assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]


async def test_a_body_over_the_limit_is_refused_by_its_stated_length(
    services: Services, client: aiohttp.ClientSession, make_key: MakeKey
):
    headers = bearer(await make_key(Scope.MESSAGES))
    data = b"x" * (services.settings.max_body_bytes + 1)

    async with client.post("/v1/notes/x", data=data, headers=headers) as response:
        problem = await response.json(content_type="application/problem+json")

    assert (response.status, problem["kind"]) == (413, "too-large")


async def test_a_body_over_the_limit_is_refused_as_it_comes_in(
    services: Services, client: aiohttp.ClientSession, make_key: MakeKey
):
    headers = bearer(await make_key(Scope.MESSAGES)) | {"Content-Type": "application/json"}
    piece = b" " * 65536

    async def pieces():
        for _ in range(services.settings.max_body_bytes // len(piece) + 2):
            yield piece

    async with client.post("/v1/notes/x", data=pieces(), headers=headers) as response:
        problem = await response.json(content_type="application/problem+json")

    assert (response.status, problem["kind"]) == (413, "too-large")


async def test_a_key_that_calls_too_often_is_told_when_to_come_back(
    services: Services, client: aiohttp.ClientSession, make_key: MakeKey
):
    headers = bearer(await make_key(Scope.MESSAGES))
    statuses: list[int] = []
    for _ in range(services.settings.rate_burst + 1):
        async with client.get("/v1/nope", headers=headers) as response:
            statuses.append(response.status)

    assert statuses == [404] * services.settings.rate_burst + [429]
    assert int(response.headers["Retry-After"]) >= 1


async def test_what_is_in_flight_is_finished_when_the_server_stops(services: Services):
    app = create_app(services)
    entered, release = asyncio.Event(), asyncio.Event()

    @app.get("/slow")
    async def slow() -> str:
        entered.set()
        await release.wait()
        return "finished"

    async with running(services, app=app) as client:
        answer = asyncio.create_task(client.get("/slow"))
        await entered.wait()
        asyncio.get_running_loop().call_later(0.05, release.set)
        response = await answer
        text = await response.json()

    assert (response.status, text) == (200, "finished")


async def test_the_process_lives_and_says_which_part_is_not_ready(
    services: Services, client: aiohttp.ClientSession
):
    async with client.get("/readyz") as response:
        first = await response.json()
    for _ in range(100):
        async with client.get("/readyz") as response:
            last = await response.json()
        if last["ready"]:
            break
        await asyncio.sleep(0.01)
    await services.database.close()
    services.readiness.stop()
    async with client.get("/readyz") as stopping, client.get("/healthz") as health:
        report = await stopping.json()

    assert first["parts"]["database"] == "ready"
    parts = ("database", "events", "vault", "embedder")
    assert last == {"ready": True, "parts": dict.fromkeys(parts, "ready"), "models": {}}
    assert (stopping.status, report["parts"]["server"]) == (503, "stopping")
    assert health.status == 200
