from __future__ import annotations

import io
import stat
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from core.clock import ManualClock
from gateway.app import Services, open_services
from gateway.auth import parse_bearer
from gateway.cli.demo import welcome
from gateway.demo import Demo, prepare
from gateway.importers.report import Silent
from gateway.serving import Addresses
from gateway.settings import Settings
from recommend.models import Ask as Wish
from summarize.asks import Ask, parse_last
from summarize.models import Summary

pytestmark = pytest.mark.slow


@pytest.fixture
async def opened(settings: Settings, clock: ManualClock) -> AsyncIterator[Services]:
    async with open_services(settings, clock=clock, log_stream=io.StringIO()) as services:
        yield services


async def test_the_demo_has_a_key_a_reader_and_a_channel_with_something_to_tell(
    opened: Services, settings: Settings
):
    said: list[str] = []

    demo = await prepare(opened, said.append, Silent())

    key = await opened.keys.verify(parse_bearer(f"Bearer {demo.key}"))
    assert key.workspace == demo.workspace
    assert (await summarized(opened, demo)).items
    wish = Wish(workspace=demo.workspace, user=demo.user, use_case="channel_browser", k=5)
    answer = await opened.recommender.recommend(wish)
    assert answer.items
    assert answer.snapshot
    assert stat.S_IMODE((settings.home / "demo-key").stat().st_mode) == 0o600
    assert "Imported" in " ".join(said)


async def test_a_later_start_makes_only_what_is_missing(opened: Services, clock: ManualClock):
    first = await prepare(opened, lambda _: None, Silent())
    counted = await opened.messages.counts(first.workspace)
    said: list[str] = []

    again = await prepare(opened, said.append, Silent())
    clock.advance(timedelta(days=30))
    aged = await prepare(opened, said.append, Silent())
    unchanged = (again, said)
    await opened.keys.revoke(first.workspace, parse_bearer(f"Bearer {first.key}").id)
    renewed = await prepare(opened, lambda _: None, Silent())

    assert unchanged == (first, [])
    assert int(aged.last.removesuffix("d")) > 30
    assert (await summarized(opened, aged)).items
    assert renewed.key != first.key
    assert await opened.messages.counts(first.workspace) == counted


async def summarized(services: Services, demo: Demo) -> Summary:
    """Ask what the demo's first curl line asks."""
    span = parse_last(demo.last)
    return await services.summarizer.summarize(
        Ask(workspace=demo.workspace, reader=demo.user, channel=demo.channel, span=span)
    )


def test_the_welcome_has_two_lines_to_paste_and_a_link():
    demo = Demo(workspace="T", key="ck_1_x", user="@ana", channel="#incidents", last="7d")  # pyright: ignore[reportArgumentType]

    text = welcome(demo, Addresses(rest="http://127.0.0.1:8080", grpc="127.0.0.1:8081"))

    lines = [line for line in text.splitlines() if line.startswith("curl")]
    assert [line.split()[2].rpartition("/")[2] for line in lines] == ["summaries", "recommendations"]
    assert '"channel": "#incidents", "last": "7d"' in lines[0]
    assert "http://127.0.0.1:8080/login?key=ck_1_x" in text
