"""Fixtures every test may use. A service that is absent is named once, at the end of the run."""

from __future__ import annotations

import asyncio
import os
import shutil
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import hypothesis
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from core.clock import ManualClock
from core.database import Database
from core.ids import SequentialIds
from tests.support.vllm_server import vllm_server, why_absent

POSTGRES = os.environ.get("CATCHUP_TEST_POSTGRES", "postgresql+asyncpg://postgres@127.0.0.1:5432/postgres")
NATS = os.environ.get("CATCHUP_TEST_NATS", "nats://127.0.0.1:4222")
SHARED = Path(__file__).parent.parent.parent / "shared" / "data"
hypothesis.settings.register_profile("fast", max_examples=20)  # `make fast`; `make test` takes the default
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def not_tested(what: str, why: str) -> None:
    """Skip with the one line the house asks for."""
    pytest.skip(f"not tested: {what}, because {why}")


@pytest.fixture
def clock() -> ManualClock:
    """A clock that stands at Monday 2026-03-02 09:00 UTC until moved."""
    return ManualClock(START)


@pytest.fixture
def ids() -> SequentialIds:
    """Identifiers 1, 2, 3, …"""
    return SequentialIds()


@pytest.fixture
def shared_data() -> Path:
    """The folder of public yardsticks beside the checkout; skips where it is absent."""
    if not SHARED.is_dir():
        not_tested("published yardsticks", "../shared/data is not there")
    return SHARED


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty, migrated SQLite file to copy: five times faster than to migrate for every test."""
    path = tmp_path_factory.mktemp("migrated") / "catchup.db"

    async def migrate() -> None:
        await (await Database.open(f"sqlite+aiosqlite:///{path}")).close()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(migrate())).result()
    return path


@pytest.fixture
async def sqlite_database(tmp_path: Path, migrated: Path) -> AsyncIterator[Database]:
    """A fresh, migrated SQLite database."""
    shutil.copy(migrated, tmp_path / "catchup.db")
    database = await Database.open(f"sqlite+aiosqlite:///{tmp_path / 'catchup.db'}")
    yield database
    await database.close()


def _elsewhere(statement: str) -> None:
    """Run one statement on the PostgreSQL server, in a thread with an event loop of its own."""

    async def execute() -> None:
        admin = create_async_engine(POSTGRES, isolation_level="AUTOCOMMIT")
        try:
            async with admin.connect() as connection:
                await connection.execute(text(statement))
        finally:
            await admin.dispose()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(execute())).result()


@pytest.fixture
def postgres_url() -> Iterator[str]:
    """A fresh, empty PostgreSQL database, dropped afterwards; skips where no server answers."""
    name = f"catchup_test_{uuid.uuid4().hex[:12]}"
    try:
        _elsewhere(f'CREATE DATABASE "{name}"')
    except OSError:
        not_tested("PostgreSQL", "no server answers at CATCHUP_TEST_POSTGRES (127.0.0.1:5432)")
    yield POSTGRES.rsplit("/", 1)[0] + f"/{name}"
    _elsewhere(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
async def database(request: pytest.FixtureRequest, tmp_path: Path, migrated: Path) -> AsyncIterator[Database]:
    """Every twin of the database in turn, fresh and migrated."""
    if request.param == "sqlite":
        shutil.copy(migrated, tmp_path / "catchup.db")
        url = f"sqlite+aiosqlite:///{tmp_path / 'catchup.db'}"
    else:
        url = request.getfixturevalue("postgres_url")
    database = await Database.open(url)
    yield database
    await database.close()


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a random Llama that transformers and vLLM load in a moment."""
    from tests.support import tiny_llama  # here, so that `make fast` does not wait for it

    return tiny_llama.build(tmp_path_factory.mktemp("tiny-llama"))


@pytest.fixture(scope="session")
def vllm_url(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The one vLLM server of the suite; whoever uses it carries `pytest.mark.xdist_group("vllm")`."""
    if reason := why_absent():
        not_tested("what a real vLLM does", reason)
    with vllm_server(tiny, tmp_path_factory.mktemp("vllm") / "vllm.log") as url:
        yield url


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The flows go through real doors: they are the slow kind wherever they stand."""
    for item in items:
        if "flows" in item.path.parts:
            item.add_marker(pytest.mark.slow)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print one line for each thing that was not tested, and how many tests that left out."""
    skipped = [report.longrepr for report in terminalreporter.stats.get("skipped", [])]
    reasons = Counter(
        str(place[2]).removeprefix("Skipped: ") for place in skipped if isinstance(place, tuple)
    )
    for reason, count in reasons.most_common():
        terminalreporter.write_line(f"{reason} ({count} tests)")
