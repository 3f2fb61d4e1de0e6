"""Recaps at rest: ids and numbers, never text. Opened by summarize and the composition root alone."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.database import Database, upsert
from core.ids import UserId, WorkspaceId
from summarize.recaps.models import Entry, RecapId, Record
from summarize.recaps.tables import entry_row, from_rows, recap_entries, recap_opt_outs, recaps, to_row


class RecapStore:
    """Recaps, who makes one at this moment, and who wants none."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, record: Record) -> Record:
        """Keep a recap and its entries; if one with its key is there already, return that one."""
        only = ["workspace", "reader", "key"] if record.key else ["workspace", "id"]
        async with self._database.writing() as connection:
            await upsert(connection, recaps, [to_row(record)], key=only)
            here = await _record(connection, _keyed(record)) if record.key else None
            if here is not None and here.id != record.id:
                return here
            rows = [entry_row(record, entry) for entry in record.entries]
            await upsert(connection, recap_entries, rows, key=["workspace", "recap", "channel"])
        return record

    async def find(self, workspace: WorkspaceId, id: RecapId) -> Record | None:
        """Return a recap by id, or None."""
        async with self._database.reading() as connection:
            return await _record(connection, and_(recaps.c.workspace == workspace, recaps.c.id == id))

    async def keyed(self, workspace: WorkspaceId, reader: UserId, key: str) -> Record | None:
        """Return the one recap of a reader with this key, or None."""
        same = and_(recaps.c.workspace == workspace, recaps.c.reader == reader, recaps.c.key == key)
        async with self._database.reading() as connection:
            return await _record(connection, same)

    async def whole(self, workspace: WorkspaceId, key: str) -> frozenset[UserId]:
        """Return whose recap with this key is there and whole."""
        query = select(recaps.c.reader).where(
            recaps.c.workspace == workspace, recaps.c.key == key, recaps.c.whole.is_(True)
        )
        async with self._database.reading() as connection:
            return frozenset((await connection.execute(query)).scalars())

    async def claim(self, record: Record, *, now: datetime, until: datetime) -> bool:
        """Say that it is being made, up to a moment; False if somebody else says so already."""
        free = or_(recaps.c.claimed_until.is_(None), recaps.c.claimed_until <= now)
        return await self._change(record, {"claimed_until": until}, free)

    async def renew(self, record: Record, *, until: datetime) -> None:
        """Say again that it is being made."""
        await self._change(record, {"claimed_until": until})

    async def release(self, record: Record, *, whole: bool) -> None:
        """Let go of a recap: `whole` if nothing is left to try."""
        await self._change(record, {"claimed_until": None, "whole": whole})

    async def note(self, record: Record, entry: Entry) -> None:
        """Keep what became of one channel."""
        async with self._database.writing() as connection:
            key = ["workspace", "recap", "channel"]
            await upsert(
                connection, recap_entries, [entry_row(record, entry)], key=key, update=["summary", "trouble"]
            )

    async def opt(self, workspace: WorkspaceId, person: UserId, *, out: bool) -> None:
        """Remember that somebody wants no recaps of the batch, or wants them again."""
        row = {"workspace": workspace, "person": person}
        same = and_(recap_opt_outs.c.workspace == workspace, recap_opt_outs.c.person == person)
        async with self._database.writing() as connection:
            if out:
                await upsert(connection, recap_opt_outs, [row], key=["workspace", "person"])
            else:
                await connection.execute(delete(recap_opt_outs).where(same))

    async def opted_out(self, workspace: WorkspaceId) -> frozenset[UserId]:
        """Return who wants no recaps of the batch."""
        query = select(recap_opt_outs.c.person).where(recap_opt_outs.c.workspace == workspace)
        async with self._database.reading() as connection:
            return frozenset((await connection.execute(query)).scalars())

    async def _change(self, record: Record, values: dict[str, Any], *more: ColumnElement[bool]) -> bool:
        same = and_(recaps.c.workspace == record.workspace, recaps.c.id == record.id, *more)
        async with self._database.writing() as connection:
            return (await connection.execute(update(recaps).where(same).values(values))).rowcount > 0


def _keyed(record: Record) -> ColumnElement[bool]:
    return and_(
        recaps.c.workspace == record.workspace,
        recaps.c.reader == record.reader,
        recaps.c.key == record.key,
    )


async def _record(connection: AsyncConnection, where: ColumnElement[bool]) -> Record | None:
    row = (await connection.execute(select(recaps).where(where))).mappings().first()
    if row is None:
        return None
    of_it = and_(recap_entries.c.workspace == row["workspace"], recap_entries.c.recap == row["id"])
    query = select(recap_entries).where(of_it).order_by(recap_entries.c.channel)
    entries = (await connection.execute(query)).mappings().all()
    return from_rows({str(name): value for name, value in row.items()}, [dict(one) for one in entries])
