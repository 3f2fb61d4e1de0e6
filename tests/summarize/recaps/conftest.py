"""A room with recaps."""

from __future__ import annotations

import pytest

from core.database import Database
from tests.support.recap_room import RecapRoom


@pytest.fixture
async def room(sqlite_database: Database) -> RecapRoom:
    """Acme, on SQLite, with channels that people are members of."""
    made = RecapRoom(sqlite_database)
    await made.furnish()
    return made


@pytest.fixture
async def twin_room(database: Database) -> RecapRoom:
    """The same on every database in turn."""
    made = RecapRoom(database)
    await made.furnish()
    return made
