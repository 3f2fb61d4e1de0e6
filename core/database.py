"""One door to the relational database: SQLite in WAL by default, PostgreSQL by URL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from alembic import command
from alembic.config import Config
from sqlalchemy import (
    BigInteger,
    Connection,
    Dialect,
    Engine,
    Executable,
    MetaData,
    Table,
    create_engine,
    event,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.types import TypeDecorator

from core.clock import from_micros, to_micros
from core.errors import DatabaseUnavailable, InvalidInput

metadata = MetaData()
"""Every store declares its tables here; a test compares them with what the migrations make."""

Result = TypeVar("Result")

_MIGRATIONS = Path(__file__).parent / "migrations"
_MIGRATION_LOCK = 0x6361746368757000  # "catchup": the key of PostgreSQL's advisory lock


class UtcMicros(TypeDecorator[datetime]):
    """A moment as microseconds since 1970 UTC: exact, and it sorts the same on every database."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Store a moment."""
        return None if value is None else to_micros(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        """Read a moment."""
        return None if value is None else from_micros(value)


class Database:
    """An engine with two doors: `reading()` and `writing()`.

    database = await Database.open("sqlite+aiosqlite:///catchup.db")
    async with database.writing() as connection:
        await connection.execute(...)
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        snapshots = {"isolation_level": "REPEATABLE READ"} if engine.dialect.name == "postgresql" else {}
        self._reader = engine.execution_options(**snapshots)
        self._writer = engine.execution_options(catchup_write=True)
        self._turn = asyncio.Lock()
        self._readers = _sync_twin(engine)
        self._writers = None if self._readers is None else self._readers.execution_options(catchup_write=True)

    @classmethod
    async def open(cls, url: str) -> Database:
        """Connect, migrate to the newest schema and return; safe from several processes at once.

        Raises InvalidInput for a URL that cannot be read, DatabaseUnavailable if nothing answers there.
        """
        database = cls(_engine(url))
        try:
            await database._migrate()
        except (DBAPIError, OSError) as error:
            await database.close()
            raise DatabaseUnavailable(
                f"the database does not open: {type(error).__name__}.",
                remedy="Check CATCHUP_DATABASE_URL: does the server run, can the folder be written?",
            ) from error
        return database

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._engine.dialect.name

    @asynccontextmanager
    async def reading(self) -> AsyncGenerator[AsyncConnection]:
        """Give a connection with one consistent view, never a writer's lock."""
        async with self._reader.begin() as connection:
            yield connection

    async def read(self, work: Callable[[Connection], Result]) -> Result:
        """Run queries that are known beforehand in one consistent view: several times faster than `reading` on SQLite.

        There the driver hops between threads for every call; here the whole of `work` runs in one thread.
        """
        if self._readers is None:
            async with self.reading() as connection:
                return await connection.run_sync(work)
        return await asyncio.to_thread(_read, self._readers, work)

    async def write(self, work: Callable[[Connection], Result]) -> Result:
        """Run statements that are known beforehand in one transaction, as `read` runs queries; commits on success."""
        if self._writers is None:
            async with self.writing() as connection:
                return await connection.run_sync(work)
        async with self._turn:
            return await asyncio.to_thread(_read, self._writers, work)

    @asynccontextmanager
    async def writing(self) -> AsyncGenerator[AsyncConnection]:
        """Give a connection in a transaction that commits on success and rolls back on any error.

        SQLite has one writer: those of this process queue up here, other processes wait for the file lock.
        """
        if self.dialect == "sqlite":
            async with self._turn, self._writer.begin() as connection:
                yield connection
        else:
            async with self._writer.begin() as connection:
                yield connection

    async def ping(self) -> None:
        """Raise DatabaseUnavailable unless the database answers."""
        try:
            async with self.reading() as connection:
                await connection.execute(text("SELECT 1"))
        except (DBAPIError, OSError) as error:
            raise DatabaseUnavailable(
                f"the database does not answer: {type(error).__name__}.", remedy="Check that it runs."
            ) from error

    async def close(self) -> None:
        """Close every connection."""
        await self._engine.dispose()
        if self._readers is not None:
            self._readers.dispose()

    async def _migrate(self) -> None:
        async with self.writing() as connection:
            if self.dialect == "postgresql":
                await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
            await connection.run_sync(_upgrade)


async def upsert(
    connection: AsyncConnection,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    *,
    key: Iterable[str],
    update: Iterable[str] = (),
) -> None:
    """Insert rows; where the key exists already, set the `update` columns (none: leave the row as it is)."""
    if rows:
        statement = upsert_into(connection.dialect.name, table, key=key, update=update)
        await connection.execute(statement, [dict(row) for row in rows])


def upsert_into(dialect: str, table: Table, *, key: Iterable[str], update: Iterable[str] = ()) -> Executable:
    """Return the statement that `upsert` runs, for work on a synchronous connection."""
    module = postgresql if dialect == "postgresql" else sqlite
    statement = module.insert(table)
    columns = list(update)
    keys = list(key)
    if columns:
        changes = {name: statement.excluded[name] for name in columns}
        return statement.on_conflict_do_update(index_elements=keys, set_=changes)
    return statement.on_conflict_do_nothing(index_elements=keys)


def _engine(url: str) -> AsyncEngine:
    try:
        parsed = make_url(url)
        engine = create_async_engine(
            parsed,
            pool_pre_ping=not parsed.drivername.startswith("sqlite"),
            hide_parameters=True,  # an error must not quote the row: it may hold what somebody wrote
        )
    except (ArgumentError, NoSuchModuleError) as error:
        raise InvalidInput(
            "CATCHUP_DATABASE_URL",
            url.split("@")[-1],
            "is not a database URL we can open",
            remedy="Use sqlite+aiosqlite:///PATH or postgresql+asyncpg://USER:PASSWORD@HOST/NAME.",
        ) from error
    if engine.dialect.name == "sqlite":
        if parsed.database:
            Path(parsed.database).expanduser().parent.mkdir(parents=True, exist_ok=True)
        event.listen(engine.sync_engine, "connect", _tune_sqlite)
        event.listen(engine.sync_engine, "begin", _begin_sqlite)
    return engine


def _sync_twin(engine: AsyncEngine) -> Engine | None:
    """Return an engine for whole reads in one thread; None where the driver waits without one, or has no file."""
    if engine.dialect.name != "sqlite" or engine.url.database in (None, "", ":memory:"):
        return None
    twin = create_engine(engine.url.set(drivername="sqlite"))
    event.listen(twin, "connect", _tune_sqlite)
    event.listen(twin, "begin", _begin_sqlite)
    return twin


def _read(engine: Engine, work: Callable[[Connection], Result]) -> Result:
    with engine.begin() as connection:
        return work(connection)


def _tune_sqlite(connection: DBAPIConnection, _record: object) -> None:
    setattr(connection, "isolation_level", None)  # noqa: B010  we say BEGIN ourselves: DDL is transactional too
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=30000", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("catchup_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _upgrade(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
