"""One door to the database, on every twin."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from core.clock import from_micros, to_micros
from core.database import Database, metadata
from core.directory import Directory, Workspace, workspaces
from core.errors import DatabaseUnavailable, InvalidInput
from core.ids import WorkspaceId
from tools.make_migration import declare, operations

OPEN_IT = """
import asyncio, sys
from core.database import Database
async def main():
    await (await Database.open(sys.argv[1])).close()
asyncio.run(main())
"""


@given(st.datetimes(timezones=st.just(UTC)))
def test_moments_survive_storage_to_the_microsecond(moment: datetime):
    assert from_micros(to_micros(moment)) == moment


def test_a_moment_in_another_zone_is_the_same_moment():
    berlin = timezone(timedelta(hours=1))

    assert to_micros(datetime(2026, 1, 1, 1, tzinfo=berlin)) == to_micros(datetime(2026, 1, 1, tzinfo=UTC))


async def test_the_migrations_make_exactly_the_declared_tables(database: Database):
    declare()

    async with database.writing() as connection:
        missing = await connection.run_sync(operations)

    assert "op." not in missing, missing


async def test_a_second_start_migrates_nothing_and_keeps_what_is_there(tmp_path: Path):
    url = f"sqlite+aiosqlite:///{tmp_path / 'a.db'}"
    first = await Database.open(url)
    await Directory(first).put_workspace(_workspace("T1"))
    await first.close()

    second = await Database.open(url)

    assert [found.id for found in await Directory(second).workspaces()] == ["T1"]
    await second.close()


@pytest.mark.slow
@pytest.mark.parametrize("twin", ["sqlite", "postgresql"])
def test_processes_that_start_at_once_migrate_once(twin: str, tmp_path: Path, request: pytest.FixtureRequest):
    file = f"sqlite+aiosqlite:///{tmp_path / 'a.db'}"
    url = file if twin == "sqlite" else request.getfixturevalue("postgres_url")

    together = [
        subprocess.Popen([sys.executable, "-c", OPEN_IT, url], stderr=subprocess.PIPE, text=True)
        for _ in range(4)
    ]

    errors = [process.communicate(timeout=120)[1] for process in together]
    assert [process.returncode for process in together] == [0, 0, 0, 0], errors


async def test_an_error_in_a_transaction_leaves_nothing_half_written(database: Database):
    async def half_a_change() -> None:
        async with database.writing() as connection:
            row = {"id": "T9", "name": "n", "created_at": datetime(2026, 1, 1, tzinfo=UTC)}
            await connection.execute(workspaces.insert(), [row])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await half_a_change()

    async with database.reading() as connection:
        assert (await connection.execute(select(func.count()).select_from(workspaces))).scalar() == 0


async def test_a_url_that_is_none_of_ours_is_refused_with_a_remedy():
    with pytest.raises(InvalidInput, match="postgresql\\+asyncpg://"):
        await Database.open("mongodb://somewhere")


async def test_a_server_that_does_not_answer_is_unavailable_not_a_stack_trace():
    with pytest.raises(DatabaseUnavailable, match="CATCHUP_DATABASE_URL"):
        await Database.open("postgresql+asyncpg://postgres@127.0.0.1:1/none")


async def test_a_password_in_a_bad_url_is_not_repeated():
    with pytest.raises(InvalidInput) as error:
        await Database.open("nonsense://ann:hunter2@host/db")

    assert "hunter2" not in str(error.value)


def test_every_table_carries_its_workspace():
    declare()
    installation_wide = {"workspaces", "audit", "releases", "prompts"}

    scoped = {name for name, table in metadata.tables.items() if "workspace" in table.c}

    assert {name for name in metadata.tables if not name.startswith("eval")} - scoped <= installation_wide


def _workspace(id: str) -> Workspace:
    return Workspace(id=WorkspaceId(id), name=id, created_at=datetime(2026, 1, 1, tzinfo=UTC))


async def test_a_reader_keeps_its_view_while_a_writer_commits(database: Database):
    directory = Directory(database)
    count = select(func.count()).select_from(workspaces)

    async with database.reading() as connection:
        before = (await connection.execute(count)).scalar()
        await directory.put_workspace(_workspace("T1"))
        after = (await connection.execute(count)).scalar()

    assert (before, after) == (0, 0)
    assert len(await directory.workspaces()) == 1
