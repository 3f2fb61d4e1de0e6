"""The ingest flow: an export or a chat event comes in; readers see text, recommendation sees metadata only."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import aiohttp
import pytest

from core.errors import NotFound
from core.events.models import Offset
from core.ids import ChannelId
from gateway.app import Services, open_services
from gateway.auth import Scope
from gateway.importers.slack.pipeline import SlackImport
from gateway.settings import EmbedderName, Settings
from tests.support.import_desk import EVER, WORKSPACE
from tests.support.server import bearer, running
from tests.support.slack_export import ANNA, BEN, GENERAL, SECRET, SlackExport, said, ts

WORDS = "xylophone quarterly zeppelin"


def _export() -> SlackExport:
    private = said(1, f"{WORDS} private", files=[{"name": f"{WORDS}.pdf"}])
    return (
        SlackExport()
        .day("general", [said(0, f"{WORDS} <@{BEN}>", reactions=[{"name": "+1", "users": [BEN]}])])
        .day("secret", [private])
    )


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", database_url="", events_url="", embedder=EmbedderName.HASHING)


async def _import(services: Services, path: Path) -> None:
    importer = SlackImport(
        directory=services.directory, intake=services.intake, events=services.events, clock=services.clock
    )
    assert (await importer.run(path)).imported == 2


async def test_members_read_what_was_imported_and_nobody_else(settings: Settings, tmp_path: Path) -> None:
    async with open_services(settings) as services:
        await _import(services, _export().to_zip(tmp_path / "e.zip"))
        now = services.clock.now()

        view = await services.access.view(WORKSPACE, ANNA, "#secret", now=now)
        assert [message.text for message in await services.access.window(view, EVER)] == [f"{WORDS} private"]
        view = await services.access.view(WORKSPACE, "@ben", GENERAL, now=now)
        assert [message.text for message in await services.access.window(view, EVER)] == [f"{WORDS} <@{BEN}>"]
        with pytest.raises(NotFound):
            await services.access.view(WORKSPACE, BEN, SECRET, now=now)


async def test_the_event_log_holds_not_one_word(settings: Settings, tmp_path: Path) -> None:
    async with open_services(settings) as services:
        await _import(services, _export().to_folder(tmp_path / "e"))
        assert len(await services.events.read(after=Offset(0), limit=100)) == 5

    data = b"".join(path.read_bytes() for path in settings.home.glob("events.db*"))
    assert b"interaction" in data
    for word in [*WORDS.split(), "private", "anna", "secret", "general"]:
        assert word.encode() not in data


async def test_a_live_message_goes_the_same_way(settings: Settings, tmp_path: Path) -> None:
    async with open_services(settings) as services:
        await _import(services, _export().to_zip(tmp_path / "e.zip"))
        _, token = await services.keys.create(WORKSPACE, "chat", [Scope.MESSAGES])
        async with running(services, headers=bearer(token)) as client:
            message = {
                "id": f"{GENERAL}-{ts(9)}",
                "channel": GENERAL,
                "author": BEN,
                "ts": ts(9),
                "text": "live",
            }
            answer = await _post(client, message)
            twin = await _post(client, {**message, "id": f"{GENERAL}-{ts(0)}", "text": "older", "ts": ts(0)})

        assert (answer["new"], twin["updated"]) == (1, 1)
        found = await services.messages.in_window(WORKSPACE, ChannelId(GENERAL), EVER)
        assert [message.text for message in found] == ["older", "live"]


async def _post(client: aiohttp.ClientSession, message: dict[str, str]) -> dict[str, int]:
    async with client.post("/v1/messages", json={"messages": [message]}) as answer:
        return await answer.json()


def _catchup(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {
        "CATCHUP_HOME": str(home),
        "CATCHUP_EMBEDDER": "hashing",
        "PATH": "/usr/bin:/bin",
        "COLUMNS": "100",
    }
    command = [sys.executable, "-m", "gateway.cli.main", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=120)


@pytest.mark.slow
def test_the_command_reports_for_people_and_machines_and_names_what_is_wrong(tmp_path: Path) -> None:
    home = tmp_path / "home"
    path = _export().day("general", b'[{"broken": ', "2026-03-05").to_zip(tmp_path / "e.zip")

    shown = _catchup(home, "import", "slack", str(path))
    again = _catchup(home, "import", "slack", str(path), "--json")
    wrong = _catchup(home, "import", "slack", str(tmp_path / "nowhere.zip"))

    assert (shown.returncode, shown.stderr) == (0, "")
    assert "skipped: damaged JSON" in shown.stdout
    assert "general/2026-03-05.json, line 1" in shown.stdout
    report = json.loads(again.stdout)
    assert (report["imported"], report["unchanged"], report["balanced"]) == (0, 2, True)
    assert wrong.returncode == 2
    assert "nowhere.zip" in wrong.stderr


@pytest.mark.slow
def test_tables_and_lines_come_in_by_command(tmp_path: Path) -> None:
    home = tmp_path / "home"
    table, lines = tmp_path / "t.csv", tmp_path / "m.jsonl"
    table.write_text("who,where,when\na,x,1772452800\nb,x,1772452860\n")
    lines.write_text(
        json.dumps({"id": "1", "channel": "x", "author": "a", "ts": 1772452800, "text": "hi"}) + "\nbad\n"
    )
    columns = ["--user", "who", "--item", "where", "--ts", "when"]

    first = _catchup(home, "import", "interactions", str(table), "-w", "acme", *columns, "--json")
    second = _catchup(home, "import", "messages", str(lines), "-w", "acme", "--json")
    wrong = _catchup(
        home, "import", "interactions", str(table), "-w", "acme", *columns, "--where", "nope = 1"
    )

    assert (json.loads(first.stdout)["imported"], json.loads(second.stdout)["imported"]) == (2, 1)
    assert json.loads(second.stdout)["places"] == {"not JSON": [{"file": "m.jsonl", "at": "line 2"}]}
    assert wrong.returncode == 2
    assert "who, where, when" in wrong.stderr
