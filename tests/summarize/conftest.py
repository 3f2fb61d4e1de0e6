"""A furnished room on every database."""

from __future__ import annotations

import pytest

from core.database import Database
from tests.support.talk import Room


@pytest.fixture
async def room(sqlite_database: Database) -> Room:
    """Acme, on SQLite."""
    made = Room(sqlite_database)
    await made.furnish()
    return made


@pytest.fixture
async def twin_room(database: Database) -> Room:
    """Acme, on every database in turn."""
    made = Room(database)
    await made.furnish()
    return made
