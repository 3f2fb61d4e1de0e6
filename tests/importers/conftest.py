from __future__ import annotations

from pathlib import Path

import pytest

from core.database import Database
from tests.support.import_desk import Desk, desk_over


@pytest.fixture
def desk(sqlite_database: Database, tmp_path: Path) -> Desk:
    """An importer over SQLite."""
    return desk_over(sqlite_database, tmp_path)
