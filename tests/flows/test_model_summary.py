"""A summary worded by a real vLLM server: whatever a random model writes, what comes out cites and holds."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from core.clock import ManualClock
from core.directory import Workspace
from core.ids import SequentialIds
from gateway.app import Services, open_services
from gateway.auth import Scope
from gateway.settings import EmbedderName, Settings
from tests.support.server import bearer, running
from tests.support.talk import ACME, ANN, BEN, CHANNELS, PEOPLE, said
from tests.support.vllm_server import NAME

pytestmark = [pytest.mark.vllm, pytest.mark.xdist_group("vllm")]
NOW = datetime(2026, 3, 2, 20, tzinfo=UTC)


@pytest.fixture
async def services(tmp_path: Path, vllm_url: str) -> AsyncIterator[Services]:
    settings = Settings(
        home=tmp_path / "home",
        database_url="",
        events_url="",
        embedder=EmbedderName.HASHING,
        llm_url=vllm_url,
        llm_model=NAME,
    )
    async with open_services(settings, clock=ManualClock(NOW), ids=SequentialIds()) as opened:
        await opened.directory.put_workspace(Workspace(id=ACME, name="Acme", created_at=NOW))
        await opened.directory.put_people(ACME, PEOPLE)
        await opened.directory.put_channels(ACME, CHANNELS)
        await opened.intake.put(
            [
                said(n, ANN if n % 2 else BEN, f"Decision: hall {n} gets {n + 3} lamps", id=f"m{n}")
                for n in range(6)
            ]
        )
        yield opened


@pytest.fixture
async def client(services: Services) -> AsyncIterator[aiohttp.ClientSession]:
    _, token = await services.keys.create(ACME, "test", [Scope.SUMMARIES])
    async with running(services, headers=bearer(token)) as session:
        yield session


def ask(**changes: Any) -> dict[str, Any]:
    return {"channel": "#general", "user": "@ann", "last": "1d", "detail": "brief", **changes}


async def test_a_random_model_keeps_the_schema_and_nothing_unsupported_gets_out(
    client: aiohttp.ClientSession,
):
    async with client.post("/v1/summaries", json=ask()) as answer:
        body = await answer.json()

    assert (answer.status, body["degraded"]) == (200, "")
    assert (body["provenance"]["engine"], body["provenance"]["model"]) == ("llm/1", NAME)
    assert body["provenance"]["prompt_tokens"] > 500
    assert body["coverage"]["used"] == 6
    for item in body["items"]:
        assert {citation["id"] for citation in item["citations"]} <= {f"m{n}" for n in range(6)}


async def test_the_prompt_of_a_channel_is_found_in_the_nodes_prefix_cache(client: aiohttp.ClientSession):
    async with client.post("/v1/summaries", json=ask()) as first:
        await first.read()
    async with client.post("/v1/summaries", json=ask()) as answer:
        made = (await answer.json())["provenance"]

    assert made["cached_tokens"] > made["prompt_tokens"] / 2


async def test_a_stream_ends_with_the_summary(client: aiohttp.ClientSession):
    async with client.post("/v1/summaries", json=ask(), headers={"Accept": "text/event-stream"}) as answer:
        text = await answer.text()

    events = [frame.split("\n", 1)[0] for frame in text.strip().split("\n\n")]
    assert events[-1] == "event: summary"
    assert set(events[:-1]) <= {"event: item"}
    assert json.loads(text.strip().rpartition("data: ")[2])["window"]


async def test_when_the_node_is_gone_the_summary_is_extractive_and_says_why(tmp_path: Path):
    settings = Settings(
        home=tmp_path / "home",
        embedder=EmbedderName.HASHING,
        llm_url="http://127.0.0.1:9",
        llm_model=NAME,
    )
    async with open_services(settings, clock=ManualClock(NOW), ids=SequentialIds()) as services:
        await services.directory.put_workspace(Workspace(id=ACME, name="Acme", created_at=NOW))
        await services.directory.put_people(ACME, PEOPLE)
        await services.directory.put_channels(ACME, CHANNELS)
        await services.intake.put([said(0, ANN, "Decision: we ship on Friday.")])
        _, token = await services.keys.create(ACME, "test", [Scope.SUMMARIES])
        async with (
            running(services, headers=bearer(token)) as client,
            client.post("/v1/summaries", json=ask()) as answer,
        ):
            body = await answer.json()

    assert (answer.status, body["degraded"]) == (200, "model-unavailable")
    assert body["items"][0]["text"]
    assert body["provenance"]["seconds"] < timedelta(seconds=30).total_seconds()
