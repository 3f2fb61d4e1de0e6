"""docs/reference/bad-input.md tells the truth: every row is run."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from core.clock import SystemClock
from gateway.app import Services, open_services
from gateway.auth import Scope
from gateway.settings import EmbedderName, Settings
from tests.support.server import bearer, running
from tests.support.world import ACME, fill

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent.parent
REST, COMMANDS = (ROOT / "docs/reference/bad-input.md").read_text().split("## Command line")


def rows(text: str, columns: int) -> list[list[str]]:
    """Return the cells of the tables' rows that have so many columns, without headings."""
    lines = [line for line in text.splitlines() if line.startswith("|") and not line.startswith("|--")]
    cells = [[cell.strip().strip("`") for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    return [row for row in cells if len(row) == columns and row[0] != "what is wrong"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A running server and its services."""

    services: Services
    session: aiohttp.ClientSession

    async def headers(self, key: str) -> dict[str, str]:
        """Return the Authorization header of a row."""
        if key == "none":
            return {}
        if key == "forged":
            return bearer("ck_0123456789abcdef01234567_" + "x" * 43)
        scopes = {Scope(key.removeprefix("only "))} if key.startswith("only ") else set(Scope)
        _, token = await self.services.keys.create(ACME, "row", frozenset(scopes))
        return bearer(token)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    settings = Settings(home=tmp_path, embedder=EmbedderName.HASHING)
    async with open_services(settings) as services:
        await fill(services, SystemClock().now())
        async with running(services) as session:
            yield Desk(services=services, session=session)


@pytest.mark.parametrize("row", rows(REST, 6), ids=lambda row: row[0])
async def test_over_rest(row: list[str], desk: Desk):
    _, key, request, body, answer, says = row
    method, path = request.split(" ", 1)
    headers = {**await desk.headers(key), "Content-Type": "application/json"}

    async with desk.session.request(method, path, data=body or None, headers=headers) as response:
        text = await response.text()

    status, *kind = answer.split()
    assert response.status == int(status), text
    assert says in text
    if kind:
        problem = await response.json(content_type="application/problem+json")
        assert problem["kind"] == kind[0]
        assert problem["detail"]
        assert problem["remedy"]
        assert problem["request_id"] == response.headers["X-Request-Id"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CATCHUP_HOME that holds the small world."""
    folder = tmp_path_factory.mktemp("home")
    code = (
        "import asyncio\nfrom core.clock import SystemClock\nfrom gateway.app import open_services\n"
        "from gateway.settings import load_settings\nfrom tests.support.world import fill\n"
        "async def main():\n    async with open_services(load_settings()) as s:\n"
        "        await fill(s, SystemClock().now())\nasyncio.run(main())"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, env=environment(folder))
    return folder


def environment(folder: Path) -> dict[str, str]:
    return {
        "CATCHUP_HOME": str(folder),
        "CATCHUP_EMBEDDER": "hashing",
        "PATH": "/usr/bin:/bin",
        "COLUMNS": "200",
    }


@pytest.mark.slow
@pytest.mark.parametrize("row", rows(COMMANDS, 4), ids=lambda row: row[0])
def test_on_the_command_line(row: list[str], home: Path):
    _, command, exit_code, says = row
    arguments = [sys.executable, "-m", "gateway", *shlex.split(command)[1:]]

    done = subprocess.run(
        arguments, cwd=ROOT, env=environment(home), capture_output=True, text=True, timeout=60, check=False
    )

    assert done.returncode == int(exit_code), done.stderr + done.stdout
    assert says in done.stderr
    assert "Traceback" not in done.stderr
