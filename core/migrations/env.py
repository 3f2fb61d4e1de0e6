"""Alembic's entry: runs inside the transaction that `core.database` has opened."""

from __future__ import annotations

from alembic import context

from core.database import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
