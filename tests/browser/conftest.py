"""A page of a real Chromium, signed in to a server over a small imported workspace."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page

from core.clock import ManualClock
from tests.browser.chromium import chromium, path
from tests.browser.site import Site, served
from tests.conftest import not_tested
from tests.support.slack_export import ANNA, BEN, SlackExport, channel, said

RELEASES = "C0RELEASE"
TALK = (
    said(0, "Checkout is down since the deploy of `4.12`, the payment service returns 502.", by=BEN),
    said(60, f"<@{ANNA}> the connection pool is exhausted.\n```\npool: 48 of 48 in use\n```", by=BEN),
    said(120, "We decided to roll back release 4.12 now.", reactions=[{"name": "tada", "users": [BEN], "count": 1}]),
    said(180, f"<@{BEN}> please write the post-mortem until Friday, see <https://wiki.example/pm|the template>."),
    said(240, "Will do. Does anybody know why the alert came ten minutes late?", by=BEN),
    said(300, "<script>document.title = 'hacked'</script> <javascript:alert(1)|a link>", by=BEN),
)  # fmt: skip


def export(folder: Path) -> Path:
    """Write the export: one channel both are in, and one that only Ben is in."""
    made = SlackExport()
    made.channels.append(channel(RELEASES, "releases", [BEN], purpose={"value": "What ships when"}))
    made.day("general", list(TALK))
    made.day("releases", [said(30 * n, f"Release 4.{n} is out.", by=BEN) for n in range(1, 6)])
    made.day("secret", [said(10, "Nobody but Anna reads this.")])
    return made.to_folder(folder)


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """The server, an hour after the last message."""
    clock = ManualClock(datetime(2026, 3, 2, 13, 0, tzinfo=UTC))
    async with served(export(tmp_path / "export"), tmp_path / "home", clock=clock) as found:
        yield found


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """A running Chromium; skips where there is none."""
    executable = path()
    if executable is None:
        not_tested("the console in a browser", "no Chromium is installed")
        return
    async with chromium(executable) as found:
        yield found


@pytest.fixture
async def page(browser: Browser, site: Site) -> AsyncIterator[Page]:
    """A page that fails the test if anything went wrong in it."""
    context = await browser.new_context(viewport={"width": 1280, "height": 900}, base_url=site.base)
    opened = await context.new_page()
    wrong: list[str] = []
    opened.on("console", lambda line: wrong.append(line.text) if line.type in {"error", "warning"} else None)
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.on("request", lambda sent: None if sent.url.startswith(site.base) else wrong.append(sent.url))
    yield opened
    await context.close()
    assert wrong == []
