"""Who did what and why: append-only, each row chained to the one before by hash."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import orjson
from sqlalchemy import Column, Integer, String, Table, Text, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from core.clock import to_micros
from core.database import Database, UtcMicros, metadata
from core.errors import DataDamaged

audit = Table(
    "audit",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", UtcMicros, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", String(64), nullable=False),
    Column("subject", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("data", Text, nullable=False),
    Column("hash", String(64), nullable=False),
)
_GENESIS = "0" * 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing somebody did."""

    at: datetime
    actor: str
    action: str
    subject: str
    reason: str = ""
    data: Mapping[str, str] | None = None


async def record(connection: AsyncConnection, entry: Entry) -> None:
    """Append an entry within the transaction of the change it tells of."""
    if connection.dialect.name == "postgresql":
        await connection.execute(text("LOCK TABLE audit IN SHARE ROW EXCLUSIVE MODE"))
    last = (await connection.execute(select(func.max(audit.c.seq)))).scalar() or 0
    query = select(audit.c.hash).where(audit.c.seq == last)
    previous = (await connection.execute(query)).scalar() or _GENESIS
    data = orjson.dumps(dict(entry.data or {}), option=orjson.OPT_SORT_KEYS).decode()
    values = {
        "seq": last + 1,
        "at": entry.at,
        "actor": entry.actor,
        "action": entry.action,
        "subject": entry.subject,
        "reason": entry.reason,
        "data": data,
        "hash": _link(previous, last + 1, entry, data),
    }
    await connection.execute(audit.insert(), [values])


async def entries(database: Database, *, subject: str) -> list[Entry]:
    """Return what was done to the subjects that start with these characters, the latest first."""
    query = select(audit).where(audit.c.subject.startswith(subject, autoescape=True))
    async with database.reading() as connection:
        rows = (await connection.execute(query.order_by(audit.c.seq.desc()))).mappings().all()
    return [
        Entry(
            at=row["at"],
            actor=row["actor"],
            action=row["action"],
            subject=row["subject"],
            reason=row["reason"],
            data=orjson.loads(row["data"]),
        )
        for row in rows
    ]


async def verify(database: Database) -> int:
    """Return the number of entries if the chain is whole; raises DataDamaged at the first broken link."""
    previous, count = _GENESIS, 0
    async with database.reading() as connection:
        for row in (await connection.execute(select(audit).order_by(audit.c.seq))).mappings():
            entry = Entry(
                at=row["at"],
                actor=row["actor"],
                action=row["action"],
                subject=row["subject"],
                reason=row["reason"],
            )
            if row["seq"] != count + 1 or row["hash"] != _link(previous, row["seq"], entry, row["data"]):
                raise DataDamaged(
                    f"audit entry {row['seq']} was changed or one before it removed.",
                    remedy="Compare with a backup; everything after this entry is in doubt.",
                )
            previous, count = row["hash"], count + 1
    return count


def _link(previous: str, seq: int, entry: Entry, data: str) -> str:
    fields = [
        previous,
        seq,
        to_micros(entry.at),
        entry.actor,
        entry.action,
        entry.subject,
        entry.reason,
        data,
    ]
    return hashlib.sha256(orjson.dumps(fields)).hexdigest()
