"""The embedded event log: an append table in a SQLite file of its own, commits in groups."""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from core.errors import EventLogUnavailable
from core.events.codec import COLUMNS, Row, from_row, to_row
from core.events.models import Appended, Event, Offset, Record

_SCHEMA = """
CREATE TABLE IF NOT EXISTS events (
    "offset" INTEGER PRIMARY KEY AUTOINCREMENT,
    workspace TEXT NOT NULL, id TEXT NOT NULL, kind TEXT NOT NULL, at INTEGER NOT NULL,
    actor INTEGER, corpus TEXT, item INTEGER, request TEXT, data TEXT NOT NULL,
    UNIQUE (workspace, id)
)"""
_INSERT = (
    f"INSERT INTO events ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))}) "  # noqa: S608
    "ON CONFLICT DO NOTHING"
)
_FIND = 'SELECT "offset" FROM events WHERE workspace = ? AND id = ?'
_READ = f'SELECT "offset", {", ".join(COLUMNS)} FROM events WHERE "offset" > ? ORDER BY "offset" LIMIT ?'  # noqa: S608
_END = 'SELECT coalesce(max("offset"), 0) FROM events'
_GROUP_ROWS = 5_000  # events in one commit at most, so that one large append does not starve the others

_Job = tuple[list[Row], "Future[list[Appended]]"]


class SqliteEventLog:
    """One writer thread commits whatever has queued up while the last commit was on its way to the disk.

    WAL with synchronous=FULL: `append` returns after fsync. Other processes may append to the same file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._closing = threading.Lock()  # so that no append is queued behind the last job
        self._closed = False
        self._reading = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._reader = _connect(path)
            self._reader.execute(_SCHEMA)
        except sqlite3.Error as error:
            raise _unavailable(error) from error
        self._writer = threading.Thread(target=self._write, name="event-log", daemon=True)
        self._writer.start()

    async def append(self, events: Sequence[Event]) -> Sequence[Appended]:
        """Store events, all or none, and return once they are on disk."""
        done: Future[list[Appended]] = Future()
        job = ([to_row(event) for event in events], done)
        with self._closing:
            if self._closed:
                raise _closed()
            self._jobs.put(job)
        return await asyncio.wrap_future(done)

    async def read(self, *, after: Offset, limit: int) -> Sequence[Record]:
        """Return records after an offset, in order."""
        rows = await asyncio.to_thread(self._fetch, _READ, (after, max(limit, 0)))
        return [Record(offset=Offset(offset), event=from_row(tuple(row))) for offset, *row in rows]

    async def end(self) -> Offset:
        """Return the offset of the last record."""
        return Offset((await asyncio.to_thread(self._fetch, _END, ()))[0][0])

    async def close(self) -> None:
        """Commit what is queued and stop the writer; closing twice does nothing."""
        with self._closing:
            if not self._closed:
                self._closed = True
                self._jobs.put(None)
        await asyncio.to_thread(self._writer.join)
        with self._reading:
            self._reader.close()

    def _fetch(self, query: str, values: tuple[int, ...]) -> list[Any]:
        with self._reading:
            if self._closed:
                raise _closed()
            try:
                return self._reader.execute(query, values).fetchall()
            except sqlite3.Error as error:
                raise _unavailable(error) from error

    def _write(self) -> None:
        connection = _connect(self._path)
        running = True
        while running:
            group, running = self._next_group()
            if group:
                _commit(connection, group)
        connection.close()

    def _next_group(self) -> tuple[list[_Job], bool]:
        """Wait for one job, then take what else is there; False once the log is closing."""
        job = self._jobs.get()
        group: list[_Job] = []
        while job is not None:
            group.append(job)
            if sum(len(rows) for rows, _ in group) >= _GROUP_ROWS:
                return group, True
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                return group, True
        return group, False


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, timeout=30, check_same_thread=False)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    return connection


def _commit(connection: sqlite3.Connection, group: list[_Job]) -> None:
    """Store a group of appends in one transaction and answer each; an error fails all of them alike.

    Who has given up waiting before the commit begins is left out.
    """
    waiting = [(rows, done) for rows, done in group if done.set_running_or_notify_cancel()]
    try:
        connection.execute("BEGIN IMMEDIATE")
        answers = [_insert(connection, rows) for rows, _ in waiting]
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        for _, done in waiting:
            done.set_exception(_unavailable(error))
        return
    for (_, done), answer in zip(waiting, answers, strict=True):
        done.set_result(answer)


def _insert(connection: sqlite3.Connection, rows: list[Row]) -> list[Appended]:
    answers: list[Appended] = []
    for row in rows:
        cursor = connection.execute(_INSERT, row)
        if cursor.rowcount:
            answers.append(Appended(offset=Offset(cursor.lastrowid or 0), duplicate=False))
        else:
            offset = connection.execute(_FIND, row[:2]).fetchone()[0]
            answers.append(Appended(offset=Offset(offset), duplicate=True))
    return answers


def _closed() -> EventLogUnavailable:
    return EventLogUnavailable("the event log is closed.", remedy="Start the server again.")


def _unavailable(error: sqlite3.Error) -> EventLogUnavailable:
    return EventLogUnavailable(
        f"the event log cannot be used: {type(error).__name__}.", remedy="Check the disk it lies on."
    )
