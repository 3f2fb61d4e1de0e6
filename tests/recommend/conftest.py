"""An empty world, and one with three settled teams and a snapshot: built once, copied for every test."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.clock import ManualClock
from core.database import Database
from core.events.models import Event, Offset
from tests.support.communities import World, settle, world


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """Three teams on disk, and what is in their log."""

    folder: Path
    events: list[Event]


@pytest.fixture
async def empty(sqlite_database: Database, tmp_path: Path, clock: ManualClock) -> AsyncIterator[World]:
    async with world(sqlite_database, tmp_path, clock=clock) as found:
        yield found


@pytest.fixture
async def teams(empty: World, settled: Settled, tmp_path: Path) -> World:
    source, target = sqlite3.connect(settled.folder / "catchup.db"), sqlite3.connect(tmp_path / "catchup.db")
    source.backup(target)
    source.close()
    target.close()
    for name in ("lake", "snapshots"):
        shutil.copytree(settled.folder / name, tmp_path / name)
    await empty.events.append(settled.events)
    empty.last_event = len(settled.events)
    return empty


@pytest.fixture(scope="session")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Settled:
    folder = tmp_path_factory.mktemp("teams")
    with ThreadPoolExecutor(1) as thread:  # an event loop of its own
        return thread.submit(lambda: asyncio.run(_settled(folder))).result()


async def _settled(folder: Path) -> Settled:
    database = await Database.open(f"sqlite+aiosqlite:///{folder / 'catchup.db'}")
    async with world(database, folder) as found:
        await settle(found)
        await found.build()
        records = await found.events.read(after=Offset(0), limit=10_000)
    await database.close()
    return Settled(folder=folder, events=[record.event for record in records])
