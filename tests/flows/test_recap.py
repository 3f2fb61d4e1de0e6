"""The recap flow through its real doors: import, a night's batch from the command line, then REST and the console."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from core.clock import SystemClock
from core.database import Database
from gateway.app import open_services
from gateway.auth import Scope
from gateway.settings import EmbedderName, Settings
from tests.support.process import ROOT, environment
from tests.support.server import bearer, running
from tests.support.slack_export import ANNA, BEN, SlackExport, said

pytestmark = pytest.mark.slow

DAY, PEOPLE = "2026-03-02", 100
TALK = [
    said(0, "Decision: meter events stay in Postgres, with daily partitions.", BEN),
    said(1, "I'll write the migration by Friday.", BEN),
    said(2, f"<@{BEN}> please send the figures to the customer by Thursday.", ANNA),
]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with an imported workspace: Anna and Ben are in #general."""
    export = SlackExport().day("general", TALK).to_folder(tmp_path / "export")
    catchup(tmp_path / "home", "import", "slack", str(export))
    return tmp_path / "home"


def catchup(home: Path, *arguments: str, code: int = 0) -> str:
    """Return what `catchup …` prints, over a home."""
    done = subprocess.run(
        [sys.executable, "-m", "gateway", *arguments],
        cwd=ROOT,
        env=environment(home) | {"COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


@asynccontextmanager
async def watching(home: Path) -> AsyncIterator[Callable[[], Awaitable[tuple[int, int]]]]:
    """Give what counts the recaps and the summaries that are kept."""
    database = await Database.open(Settings(home=home, database_url="").database)

    async def count() -> tuple[int, int]:
        async with database.reading() as connection:
            found = [
                (await connection.exec_driver_sql(f"select count(*) from {table}")).scalar_one()  # noqa: S608
                for table in ("recaps", "summaries")
            ]
        return found[0], found[1]

    yield count
    await database.close()


async def kept(home: Path) -> tuple[int, int]:
    """Return how many recaps and summaries there are."""
    async with watching(home) as count:
        return await count()


async def test_a_night_of_recaps_is_made_once_and_read_in_the_morning(home: Path) -> None:
    first = catchup(home, "recap", "run", "--day", DAY, "--now")
    made = await kept(home)
    second = catchup(home, "recap", "run", "--day", DAY, "--now")
    shown = json.loads(catchup(home, "recap", "show", "--user", BEN, "--day", DAY, "--json"))

    assert "Recaps: 2 made" in first
    assert "2 there already" in second
    assert await kept(home) == made
    assert {todo["item"]["owner"]["id"] for todo in shown["todos"]} <= {BEN}
    assert [section["channel"]["name"] for section in shown["sections"]] == ["general"]
    assert shown["day"] == DAY

    settings = Settings(home=home, database_url="", events_url="", embedder=EmbedderName.HASHING)
    async with open_services(settings) as services:
        (workspace,) = await services.directory.workspaces()
        _, token = await services.keys.create(workspace.id, "test", [Scope.SUMMARIES])
        async with running(services, headers=bearer(token, BEN)) as session:
            async with session.post("/v1/recaps", json={"day": DAY}) as answer:
                assert (await answer.json())["id"] == shown["id"]
            async with session.get(f"/v1/recaps/{shown['id']}") as answer:
                assert await answer.json() == shown
            async with session.get(f"/v1/recaps/{shown['id']}", headers={"X-Catchup-User": ANNA}) as answer:
                assert answer.status == 404


def test_the_command_line_shows_a_recap_and_says_whose_is_due(home: Path) -> None:
    shown = catchup(home, "recap", "show", "--user", BEN, "--day", DAY, "--detail", "full")
    due = catchup(home, "recap", "due")
    catchup(home, "recap", "opt-out", "--user", BEN)
    after = catchup(home, "recap", "due")

    assert "#general" in shown
    assert "Yours to do" in shown
    assert "Meter events stay in Postgres" in shown
    assert "3 of 3 messages of 1 channel used" in shown
    assert "3 in all, 0 opted out" in due  # the owner of the workspace is in no channel
    assert "2 in all, 1 opted out" in after


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
async def test_a_run_that_is_stopped_or_killed_is_finished_by_the_next_and_nothing_is_doubled(
    tmp_path: Path, how: signal.Signals
) -> None:
    home, at_once = tmp_path / "home", 2
    await _many(home, people=PEOPLE)
    night = ["-m", "gateway", "recap", "run", "--day", DAY, "--now", "--concurrency", str(at_once)]
    batch = await asyncio.create_subprocess_exec(
        sys.executable,
        *night,
        cwd=ROOT,
        env=environment(home),
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(
            signal.SIGINT, signal.SIG_DFL
        ),  # a test run in the background ignores it
    )
    async with watching(home) as count:
        while (await count())[0] < 5 and batch.returncode is None:  # noqa: ASYNC110  it is another process
            await asyncio.sleep(0.02)
        batch.send_signal(how)
        _, complaints = await asyncio.wait_for(batch.communicate(), 60)
        begun, _ = await count()

    rest = await asyncio.to_thread(catchup, home, "recap", "run", "--day", DAY, "--now")

    counts = {outcome: int(count) for count, outcome in re.findall(r"(\d+) (made|there already)", rest)}
    recaps, summaries = await kept(home)
    assert 5 <= begun < PEOPLE
    assert b"Traceback" not in complaints
    assert (b"Interrupted" in complaints) == (how is signal.SIGINT)
    assert counts["made"] + counts["there already"] == recaps == PEOPLE
    assert counts["there already"] >= begun - at_once  # what was in the making is all that is made again
    assert summaries <= PEOPLE + at_once


async def _many(home: Path, *, people: int) -> None:
    """Put so many people into one channel where something was decided."""
    from core.directory import Channel, Membership, Person, Workspace
    from core.ids import ChannelId, MessageId, UserId, WorkspaceId
    from summarize.models import Message

    settings = Settings(home=home, database_url="", events_url="", embedder=EmbedderName.HASHING)
    here, room = WorkspaceId("T_MANY"), ChannelId("C_ROOM")
    everybody = [Person(id=UserId(f"U{n}"), handle=f"p{n}") for n in range(people)]
    async with open_services(settings) as services:
        await services.directory.put_workspace(
            Workspace(id=here, name="Many", created_at=SystemClock().now())
        )
        boss = Person(id=UserId("U_BOSS"), handle="boss", is_bot=True)
        await services.directory.put_people(here, [*everybody, boss])
        await services.directory.put_channels(here, [Channel(id=room, name="room")])
        await services.directory.set_members(
            here, room, [Membership(channel=room, person=one.id) for one in everybody]
        )
        text = "Decision: meter events stay in Postgres, with daily partitions."
        at = SystemClock().now().replace(year=2026, month=3, day=2)
        message = Message(id=MessageId("m1"), workspace=here, channel=room, author=boss.id, at=at, text=text)
        await services.intake.put([message])
