"""kill -9 in the middle of a burst: what was acknowledged is in the log, once."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import Counter
from pathlib import Path

import aiohttp
import pytest

from core.events.models import EventKind, Offset
from core.events.sqlite import SqliteEventLog
from gateway.app import open_services
from gateway.auth import Scope
from gateway.settings import EmbedderName, Settings
from tests.support.process import served
from tests.support.server import bearer
from tests.support.world import ACME, fill

CLIENTS, ACKNOWLEDGED_BEFORE_THE_KILL = 16, 300


async def send_until_it_dies(
    session: aiohttp.ClientSession, client: int, answer: dict[str, str], acknowledged: set[str]
) -> None:
    """Send small batches one after the other; remember what was acknowledged. Ends when the server is gone."""
    for batch in range(100_000):
        ids = [f"e-{client}-{batch}-{place}" for place in range(3)]
        events = [
            {"id": id, "request_id": answer["request"], "kind": "impression", "item": answer["item"]}
            for id in ids
        ]
        try:
            async with session.post("/v1/events", json={"events": events}) as response:
                body = await response.json()
        except (aiohttp.ClientError, OSError):
            return
        assert response.status == 200, body
        acknowledged.update(
            result["id"] for result in body["results"] if result["status"] in {"accepted", "duplicate"}
        )


async def stored(home: Path) -> Counter[str]:
    """Count the impressions in the log by the id their sender gave them."""
    log = SqliteEventLog(home / "events.db")
    records = await log.read(after=Offset(0), limit=10_000_000)
    await log.close()
    impressions = [record.event for record in records if record.event.kind is EventKind.IMPRESSION]
    return Counter(event.id.rpartition(":")[2] for event in impressions)


async def enough(acknowledged: set[str]) -> None:
    """Wait until the burst is well under way."""
    while len(acknowledged) < ACKNOWLEDGED_BEFORE_THE_KILL:  # noqa: ASYNC110  the senders fill a plain set
        await asyncio.sleep(0.01)


@pytest.mark.slow
async def test_no_acknowledged_event_is_lost_or_doubled_by_a_kill(tmp_path: Path):
    home = tmp_path / "home"
    token = await prepared(home)
    acknowledged: set[str] = set()

    async with served(home) as server:
        async with aiohttp.ClientSession(server.rest, headers=bearer(token, "@ana")) as session:
            answer = await recommended(session)
            burst = [
                asyncio.create_task(send_until_it_dies(session, client, answer, acknowledged))
                for client in range(CLIENTS)
            ]
            await enough(acknowledged)
            os.kill(server.process.pid, signal.SIGKILL)
            await asyncio.gather(*burst)
        server.process.wait()
    before = await stored(home)

    async with (
        served(home) as server,
        aiohttp.ClientSession(server.rest, headers=bearer(token, "@ana")) as session,
    ):
        again = sorted(acknowledged)[:900]
        events = [
            {"id": id, "request_id": answer["request"], "kind": "impression", "item": answer["item"]}
            for id in again
        ]
        async with session.post("/v1/events", json={"events": events}) as response:
            repeated = await response.json()
    after = await stored(home)

    assert acknowledged - before.keys() == set()
    assert set(before.values()) == {1}
    assert repeated["duplicate"] == len(again)
    assert after == before


async def prepared(home: Path) -> str:
    """Fill a home with the small world and return a key to it."""
    settings = Settings(home=home, database_url="", events_url="", embedder=EmbedderName.HASHING)
    async with open_services(settings) as services:
        await fill(services, services.clock.now())
        _, token = await services.keys.create(ACME, "test", [Scope.EVENTS, Scope.RECOMMENDATIONS])
    return token


async def recommended(session: aiohttp.ClientSession) -> dict[str, str]:
    """Ask for a recommendation, so that there is something to send feedback to."""
    async with session.post("/v1/recommendations", json={"use_case": "channel_browser"}) as response:
        body = await response.json()
    return {"request": body["request_id"], "item": body["items"][0]["id"]}
