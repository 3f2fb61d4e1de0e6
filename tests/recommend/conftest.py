"""An empty world, and one with three settled teams and a snapshot."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.clock import ManualClock
from core.database import Database
from tests.support.communities import World, settle, world


@pytest.fixture
async def empty(sqlite_database: Database, tmp_path: Path, clock: ManualClock) -> AsyncIterator[World]:
    async with world(sqlite_database, tmp_path, clock=clock) as found:
        yield found


@pytest.fixture
async def teams(empty: World) -> World:
    await settle(empty)
    await empty.build()
    return empty
