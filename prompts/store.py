"""Prompt versions at rest: added, never changed. Opened by prompts and the composition root alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import Column, RowMapping, Select, String, Table, Text, select
from sqlalchemy.exc import IntegrityError

from core.audit import Entry, entries, record
from core.database import Database, UtcMicros, metadata
from core.release_store import subject
from core.releases import ArtifactKind
from prompts.models import PromptVersion

prompts = Table(
    "prompts",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("version", String(16), primary_key=True),
    Column("description", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("pushed_at", UtcMicros, nullable=False),
    Column("pushed_by", Text, nullable=False),
    Column("message", Text, nullable=False),
)


class PromptStore:
    """Every version of every prompt of this installation."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, prompt: PromptVersion) -> bool:
        """Keep a version and audit it; tell whether it is new. One that is there already stays as it is."""
        entry = Entry(
            at=prompt.pushed_at,
            actor=prompt.pushed_by,
            action="push",
            subject=subject(prompt.artifact),
            reason=prompt.message,
        )
        try:
            async with self._database.writing() as connection:
                await connection.execute(prompts.insert(), [asdict(prompt)])
                await record(connection, entry)
        except IntegrityError:
            return False
        return True

    async def every(self) -> list[PromptVersion]:
        """Return every version of every prompt, by name, the newest first."""
        return await self._read(select(prompts).order_by(prompts.c.name))

    async def of(self, name: str) -> list[PromptVersion]:
        """Return every version of a prompt, the newest first."""
        return await self._read(select(prompts).where(prompts.c.name == name).order_by(prompts.c.name))

    async def history(self, name: str) -> list[Entry]:
        """Return what was done to a prompt's versions, the latest first."""
        return await entries(self._database, subject=f"{ArtifactKind.PROMPT}/{name}@")

    async def _read(self, query: Select[tuple[object, ...]]) -> list[PromptVersion]:
        ordered = query.order_by(prompts.c.pushed_at.desc(), prompts.c.version)
        async with self._database.reading() as connection:
            rows: Sequence[RowMapping] = (await connection.execute(ordered)).mappings().all()
        return [PromptVersion(**row) for row in rows]
