"""Print the Alembic operations that would bring a migrated database up to the tables declared in code.

python -m tools.make_migration            # paste what it prints into a file under core/migrations/versions
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import tempfile
from pathlib import Path

from alembic.autogenerate import api, render_python_code
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from core.database import Database, metadata

STORES = [
    "core.directory",
    "core.audit",
    "core.release_store",
    "core.vault_store",
    "summarize.store",
    "summarize.cache.store",
    "summarize.markers",
    "summarize.recaps.tables",
    "recommend.store",
    "prompts.store",
    "prompt_eval.store",
    "gateway.keys",
]


def declare() -> None:
    """Import every module that declares tables, as far as they exist."""
    for name in STORES:
        if importlib.util.find_spec(name):
            importlib.import_module(name)


def operations(connection: Connection) -> str:
    """Return the missing operations as Python code."""
    context = MigrationContext.configure(connection, opts={"target_metadata": metadata})
    script = api.produce_migrations(context, metadata)
    return render_python_code(script.upgrade_ops) if script.upgrade_ops else "pass"


async def main() -> None:
    """Compare a fresh, migrated SQLite database with the declared tables."""
    declare()
    with tempfile.TemporaryDirectory() as folder:
        database = await Database.open(f"sqlite+aiosqlite:///{Path(folder) / 'fresh.db'}")
        async with database.writing() as connection:
            print(await connection.run_sync(operations))
        await database.close()


if __name__ == "__main__":
    asyncio.run(main())
