"""Finished segments in the database, their text sealed with the workspace's key."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import (
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    and_,
    delete,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from core.clock import Clock
from core.database import Database, UtcMicros, metadata, upsert
from core.errors import DataDamaged
from core.ids import ChannelId, MessageId, WorkspaceId
from core.telemetry import Log
from core.vault import Vault, generation_of
from summarize.cache.models import purpose_of
from summarize.models import Message
from summarize.store import chunks, unchanged

segment_cache = Table(
    "segment_cache",
    metadata,
    Column("workspace", String(64), primary_key=True),
    Column("key", String(64), primary_key=True),
    Column("channel", String(64), nullable=False),
    Column("made_at", UtcMicros, nullable=False),
    Column("generation", Integer, nullable=False),  # of the key that sealed it
    Column("sealed", LargeBinary, nullable=False),
    Index("ix_segment_cache_made_at", "workspace", "made_at"),
    Index("ix_segment_cache_generation", "workspace", "generation"),
)
segment_messages = Table(
    "segment_messages",
    metadata,
    Column("workspace", String(64), primary_key=True),
    Column("segment", String(64), primary_key=True),
    Column("message", String(128), primary_key=True),
    Index("ix_segment_messages_message", "workspace", "message"),
)
_CHANGING = ["channel", "made_at", "generation", "sealed"]


class SqlSegmentCache:
    """A SegmentCache that every process on the database shares."""

    def __init__(self, database: Database, vault: Vault, *, clock: Clock, log: Log) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock
        self._log = log

    async def find(self, workspace: WorkspaceId, keys: Sequence[str]) -> dict[str, bytes]:
        """Return what is kept and opens; raises Unavailable if our master key is not the one it was sealed under."""
        if not keys:
            return {}
        rows = await self._database.read(lambda connection: _sealed(connection, workspace, keys))
        opened = {key: await self._opened(workspace, key, sealed) for key, sealed in rows}
        return {key: payload for key, payload in opened.items() if payload is not None}

    async def keep(
        self,
        workspace: WorkspaceId,
        channel: ChannelId,
        key: str,
        payload: bytes,
        *,
        made_from: Sequence[Message],
    ) -> bool:
        """Seal and keep a payload, if every message it was made from still stands as it was read."""
        sealed = await self._vault.seal(workspace, payload, purpose=purpose_of(key))
        row = {
            "workspace": workspace,
            "key": key,
            "channel": channel,
            "made_at": self._clock.now(),
            "generation": generation_of(sealed),
            "sealed": sealed,
        }
        ids = {message.id for message in made_from}
        links = [{"workspace": workspace, "segment": key, "message": id} for id in sorted(ids)]
        async with self._database.writing() as connection:
            if not await unchanged(connection, workspace, made_from):
                return False
            old = and_(segment_messages.c.workspace == workspace, segment_messages.c.segment == key)
            await upsert(connection, segment_cache, [row], key=["workspace", "key"], update=_CHANGING)
            await connection.execute(delete(segment_messages).where(old))
            await upsert(connection, segment_messages, links, key=["workspace", "segment", "message"])
        return True

    async def invalidate(self, workspace: WorkspaceId, ids: Sequence[MessageId]) -> int:
        """Delete the entries of these messages, here and for every process."""
        count = 0
        async with self._database.writing() as connection:
            for some in chunks(ids):
                query = select(segment_messages.c.segment).where(
                    segment_messages.c.workspace == workspace, segment_messages.c.message.in_(some)
                )
                keys = (await connection.execute(query.distinct())).scalars().all()
                count += await _delete(connection, workspace, keys)
        return count

    async def forget(self, workspace: WorkspaceId, *, before: datetime | None = None) -> int:
        """Delete what was kept before a moment, in one transaction."""
        query = select(segment_cache.c.key).where(segment_cache.c.workspace == workspace)
        if before is not None:
            query = query.where(segment_cache.c.made_at < before)
        async with self._database.writing() as connection:
            keys = (await connection.execute(query)).scalars().all()
            return await _delete(connection, workspace, keys)

    async def reseal(self, workspace: WorkspaceId, *, below: int, limit: int = 200) -> int:
        """Seal anew some entries sealed with a key before `below`; return how many were seen (see `renew`)."""
        query = select(segment_cache.c.key, segment_cache.c.sealed).where(
            segment_cache.c.workspace == workspace, segment_cache.c.generation < below
        )
        async with self._database.reading() as connection:
            rows = (await connection.execute(query.limit(limit))).all()
        for row in rows:
            payload = await self._opened(workspace, row.key, row.sealed)
            anew = None
            if payload is not None:
                anew = await self._vault.seal(workspace, payload, purpose=purpose_of(row.key))
            await self._replace(workspace, row.key, row.sealed, anew)
        return len(rows)

    async def _replace(self, workspace: WorkspaceId, key: str, old: bytes, new: bytes | None) -> None:
        """Put one sealed form in place of another, unless the entry is no longer what was read; None deletes it."""
        place = and_(segment_cache.c.workspace == workspace, segment_cache.c.key == key)
        as_read = and_(place, segment_cache.c.sealed == old)
        async with self._database.writing() as connection:
            if new is not None:
                values = {"sealed": new, "generation": generation_of(new)}
                await connection.execute(update(segment_cache).where(as_read).values(values))
            elif (await connection.execute(select(segment_cache.c.key).where(as_read))).first() is not None:
                await _delete(connection, workspace, [key])

    async def _opened(self, workspace: WorkspaceId, key: str, sealed: bytes) -> bytes | None:
        """Return the payload; one that was tampered with is told to the operator, and made anew by who asked."""
        try:
            return await self._vault.open(workspace, sealed, purpose=purpose_of(key))
        except DataDamaged:
            self._log.error("segment.damaged", workspace=workspace, key=key)
            return None


def _sealed(connection: Connection, workspace: WorkspaceId, keys: Sequence[str]) -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    for some in chunks(keys):
        query = select(segment_cache.c.key, segment_cache.c.sealed).where(
            segment_cache.c.workspace == workspace, segment_cache.c.key.in_(some)
        )
        found += [(row.key, row.sealed) for row in connection.execute(query)]
    return found


async def _delete(connection: AsyncConnection, workspace: WorkspaceId, keys: Sequence[str]) -> int:
    """Delete entries and their links; return how many entries there were.

    Entries are locked before their links, and in order, here as in `keep`, so that no two writers wait for each other.
    """
    count = 0
    for some in chunks(sorted(keys)):
        entries = and_(segment_cache.c.workspace == workspace, segment_cache.c.key.in_(some))
        links = and_(segment_messages.c.workspace == workspace, segment_messages.c.segment.in_(some))
        ordered = select(segment_cache.c.key).where(entries).order_by(segment_cache.c.key)
        await connection.execute(ordered.with_for_update())
        count += (await connection.execute(delete(segment_cache).where(entries))).rowcount
        await connection.execute(delete(segment_messages).where(links))
    return count
