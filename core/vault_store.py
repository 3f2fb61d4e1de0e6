"""Data keys at rest, wrapped by the master key, and the Vault over them."""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import (
    Column,
    Connection,
    Integer,
    LargeBinary,
    RowMapping,
    String,
    Table,
    and_,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from core.audit import Entry, record
from core.clock import Clock
from core.database import Database, UtcMicros, metadata
from core.errors import Unavailable
from core.ids import WorkspaceId
from core.master_key import MasterKey, Masters
from core.vault import KEY_BYTES, generation_of, opened_with, sealed_under

REMEMBER = timedelta(seconds=2)
"""How long unwrapped keys are used without a look at the database: elsewhere a shredded key lives on this long."""
_REMEMBERED = 10_000

data_keys = Table(
    "data_keys",
    metadata,
    Column("workspace", String(64), primary_key=True),
    Column("generation", Integer, primary_key=True, autoincrement=False),
    Column(
        "wrapped", LargeBinary
    ),  # NULL once retired or shredded: the row stays, so that no generation comes twice
    Column("master", String(16), nullable=False),  # the id of the master key that wrapped it
    Column("made_at", UtcMicros, nullable=False),
    Column("replaced_at", UtcMicros),
    Column("ended_at", UtcMicros),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DataKey:
    """What may be told about a data key."""

    generation: int
    master: str
    made_at: datetime
    replaced_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ring:
    """A workspace's keys, unwrapped; None for one that is gone. `newest` is 0 if there is none to seal with."""

    read_at: datetime
    newest: int = 0
    ciphers: dict[int, AESGCM | None] = field(default_factory=dict[int, AESGCM | None])
    wrapped: dict[int, bytes | None] = field(default_factory=dict[int, bytes | None])


class DatabaseVault:
    """A Vault whose data keys lie in the database, wrapped by the master key."""

    def __init__(self, database: Database, masters: Masters, *, clock: Clock) -> None:
        self._database = database
        self.masters = masters
        self._clock = clock
        self._rings: dict[WorkspaceId, _Ring] = {}

    async def seal(self, workspace: WorkspaceId, plaintext: bytes, *, purpose: str) -> bytes:
        """Seal under the newest key; raises Unavailable if our master key is another than the one that wrapped it."""
        ring = await self._ring(workspace)
        while not ring.newest:
            await self.newest(workspace)
            ring = await self._ring(workspace)
        return sealed_under(ring.ciphers, workspace, ring.newest, plaintext, purpose=purpose)

    async def open(self, workspace: WorkspaceId, sealed: bytes, *, purpose: str) -> bytes | None:
        """Open, or return None if the key is gone; raises DataDamaged, Unavailable (another master key)."""
        ring = await self._ring(workspace)
        if generation_of(sealed) not in ring.ciphers:  # made by another process a moment ago
            ring = await self._read(workspace)
        return opened_with(ring.ciphers, workspace, sealed, purpose=purpose)

    async def rotate(self, workspace: WorkspaceId) -> int:
        """Add a key; other processes seal with it within REMEMBER. `core.vault_renewal.renew` then retires the old."""
        async with self._making() as connection:
            generation = await self._add(connection, workspace)
            entry = self._entry(f"{workspace}/vault", "vault.rotate", generation=str(generation))
            await record(connection, entry)
        self._rings.pop(workspace, None)
        return generation

    async def shred(self, workspace: WorkspaceId) -> int:
        """Destroy every key: at once here, within REMEMBER elsewhere; what the database's files held is overwritten."""
        return await self._destroy(workspace, "vault.shred")

    async def retire(self, workspace: WorkspaceId, generations: Collection[int]) -> int:
        """Destroy these keys, but never the newest; what is still sealed with them is gone. Return how many."""
        return await self._destroy(workspace, "vault.retire", generations) if generations else 0

    async def rotate_master(self, new: MasterKey) -> int:
        """Wrap every data key, of all workspaces, with another master key; return how many. Again changes nothing.

        Servers must know `new` before and the old ones until this returns. Raises Unavailable, DataDamaged.
        """
        masters = (new, *self.masters())
        alive = and_(data_keys.c.wrapped.is_not(None), data_keys.c.master != new.id)
        async with self._making() as connection:
            found = (await connection.execute(select(data_keys).where(alive))).mappings().all()
            for row in found:
                workspace, generation = WorkspaceId(row["workspace"]), row["generation"]
                wrapped = new.wrap(workspace, generation, _unwrap(row, masters))
                await connection.execute(
                    update(data_keys).where(_is(row)).values(wrapped=wrapped, master=new.id)
                )
            if found:
                data = {"new": new.id, "old": " ".join(sorted({row["master"] for row in found}))}
                await record(connection, self._entry("vault/master", "vault.rotate-master", **data))
        self._rings.clear()
        return len(found)

    async def newest(self, workspace: WorkspaceId) -> int:
        """Return the generation that seals, made now if there is none."""
        async with self._making() as connection:
            ours = and_(data_keys.c.workspace == workspace, data_keys.c.wrapped.is_not(None))
            query = select(func.max(data_keys.c.generation)).where(ours)
            found = (await connection.execute(query)).scalar() or await self._add(connection, workspace)
        await self._read(workspace)
        return found

    async def check(self) -> None:
        """Raise Unavailable unless one of our master keys wrapped each data key there is, of any workspace."""
        alive = select(data_keys).where(data_keys.c.wrapped.is_not(None))
        stranger = alive.where(data_keys.c.master.not_in([master.id for master in self.masters()]))
        async with self._database.reading() as connection:
            row = (await connection.execute(stranger.limit(1))).mappings().first()
        if row is not None:
            raise _another_master(row, self.masters())

    async def keys(self, workspace: WorkspaceId) -> list[DataKey]:
        """Return what there is and was, oldest first."""
        rows = await self._database.read(lambda connection: _rows(connection, workspace))
        shown = ("generation", "master", "made_at", "replaced_at", "ended_at")
        return [DataKey(**{name: row[name] for name in shown}) for row in rows]

    async def _ring(self, workspace: WorkspaceId) -> _Ring:
        known = self._rings.get(workspace)
        fresh = known is not None and timedelta(0) <= self._clock.now() - known.read_at < REMEMBER
        return known if known is not None and fresh else await self._read(workspace)

    async def _read(self, workspace: WorkspaceId) -> _Ring:
        """Look at the keys as they are now; what was unwrapped before and is the same is not unwrapped again."""
        before = self._rings.get(workspace)
        read_at = self._clock.now()
        rows = await self._database.read(lambda connection: _rows(connection, workspace))
        ring = _Ring(read_at=read_at, newest=_newest(rows))
        for row in rows:
            generation, wrapped = row["generation"], row["wrapped"]
            known = before is not None and before.wrapped.get(generation, b"") == wrapped
            ring.wrapped[generation] = wrapped
            ring.ciphers[generation] = (
                before.ciphers[generation] if before is not None and known else self._cipher(row)
            )
        if len(self._rings) >= _REMEMBERED:
            self._rings.clear()
        self._rings[workspace] = ring
        return ring

    @asynccontextmanager
    async def _making(self) -> AsyncGenerator[AsyncConnection]:
        """Give a transaction in which nobody else makes a key, or learns late that the master key is another."""
        async with self._database.writing() as connection:
            if connection.dialect.name == "postgresql":
                await connection.execute(text("LOCK TABLE data_keys IN SHARE ROW EXCLUSIVE MODE"))
            yield connection

    def _cipher(self, row: RowMapping) -> AESGCM | None:
        return None if row["wrapped"] is None else AESGCM(_unwrap(row, self.masters()))

    async def _add(self, connection: AsyncConnection, workspace: WorkspaceId) -> int:
        """Insert the next generation."""
        ours = data_keys.c.workspace == workspace
        query = select(func.max(data_keys.c.generation)).where(ours)
        generation = ((await connection.execute(query)).scalar() or 0) + 1
        master, now = self.masters()[0], self._clock.now()
        values = {
            "workspace": workspace,
            "generation": generation,
            "wrapped": master.wrap(workspace, generation, secrets.token_bytes(KEY_BYTES)),
            "master": master.id,
            "made_at": now,
        }
        await connection.execute(insert(data_keys).values(values))
        replaced = and_(ours, data_keys.c.generation < generation, data_keys.c.replaced_at.is_(None))
        await connection.execute(update(data_keys).where(replaced).values(replaced_at=now))
        return generation

    async def _destroy(
        self, workspace: WorkspaceId, action: str, generations: Collection[int] | None = None
    ) -> int:
        chosen = and_(data_keys.c.workspace == workspace, data_keys.c.wrapped.is_not(None))
        if generations is not None:
            query = select(func.max(data_keys.c.generation)).where(data_keys.c.workspace == workspace)
            older = data_keys.c.generation < query.scalar_subquery()
            chosen = and_(chosen, data_keys.c.generation.in_(generations), older)
        async with self._database.writing() as connection:
            if connection.dialect.name == "sqlite":
                await connection.execute(text("PRAGMA secure_delete = ON"))
            ended = update(data_keys).where(chosen).values(wrapped=None, ended_at=self._clock.now())
            count = (await connection.execute(ended)).rowcount
            await record(connection, self._entry(f"{workspace}/vault", action, keys=str(count)))
        self._rings.pop(workspace, None)
        await self._wipe_log()
        return count

    async def _wipe_log(self) -> None:
        """Empty SQLite's write-ahead log, which holds pages as they were; readers at work may put this off."""
        if self._database.dialect == "sqlite":
            async with self._database.reading() as connection:
                await connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))

    def _entry(self, subject: str, action: str, **data: str) -> Entry:
        return Entry(at=self._clock.now(), actor="operator", action=action, subject=subject, data=data)


def _rows(connection: Connection, workspace: WorkspaceId) -> Sequence[RowMapping]:
    query = select(data_keys).where(data_keys.c.workspace == workspace).order_by(data_keys.c.generation)
    return connection.execute(query).mappings().all()


def _newest(rows: Sequence[RowMapping]) -> int:
    return rows[-1]["generation"] if rows and rows[-1]["wrapped"] is not None else 0


def _is(row: RowMapping):  # noqa: ANN202  SQLAlchemy's expression type
    return and_(data_keys.c.workspace == row["workspace"], data_keys.c.generation == row["generation"])


def _unwrap(row: RowMapping, masters: Sequence[MasterKey]) -> bytes:
    workspace, generation = WorkspaceId(row["workspace"]), row["generation"]
    for master in masters:
        if master.id == row["master"]:
            return master.unwrap(workspace, generation, row["wrapped"])
    raise _another_master(row, masters)


def _another_master(row: RowMapping, masters: Sequence[MasterKey]) -> Unavailable:
    ours = ", ".join(master.id for master in masters)
    wrapped = f"data key {row['generation']} of {row['workspace']} is wrapped by master key {row['master']}"
    return Unavailable(
        f"{wrapped}; ours is {ours}.",
        remedy="Set CATCHUP_MASTER_KEY to the key with that id, or restore HOME/master.key.",
    )
