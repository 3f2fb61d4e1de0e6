"""Reports at rest: added, never changed. Opened by prompt_eval and the composition root alone."""

from __future__ import annotations

import hashlib

from pydantic import ValidationError
from sqlalchemy import Column, Index, String, Table, Text, select

from core.audit import Entry, record
from core.database import Database, UtcMicros, metadata
from core.errors import DataDamaged, NotFound
from prompt_eval.report import Report, from_json, to_json

evals = Table(
    "evals",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("at", UtcMicros, nullable=False),
    Column("candidate", String(64), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("report", Text, nullable=False),
    Index("ix_evals_at", "at"),
)


class EvalStore:
    """Every evaluation that was run; the digest of each report is in the audit chain too."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, report: Report) -> None:
        """Keep a report and audit it."""
        data = to_json(report).decode()
        verdict, digest = report.verdict, _digest(data)
        row = {
            "id": report.id,
            "at": report.at,
            "candidate": report.candidate.version,
            "digest": digest,
            "report": data,
        }
        entry = Entry(
            at=report.at,
            actor=report.by,
            action="eval",
            subject=f"eval/{report.id}",
            reason="; ".join(verdict.reasons) if verdict else "",
            data={"report": digest, "decision": str(verdict.decision) if verdict else ""},
        )
        async with self._database.writing() as connection:
            await connection.execute(evals.insert(), [row])
            await record(connection, entry)

    async def find(self, id: str) -> Report:
        """Return a report; raises NotFound, DataDamaged if it was changed since it was written."""
        async with self._database.reading() as connection:
            row = (await connection.execute(select(evals).where(evals.c.id == id))).mappings().first()
        if row is None:
            raise NotFound("evaluation", id, remedy="See `catchup eval list`.")
        return _report(row["id"], row["report"], row["digest"])

    async def latest(self, limit: int = 50) -> list[Report]:
        """Return the newest reports first."""
        query = select(evals).order_by(evals.c.at.desc(), evals.c.id.desc()).limit(limit)
        async with self._database.reading() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [_report(row["id"], row["report"], row["digest"]) for row in rows]


def _report(id: str, data: str, digest: str) -> Report:
    if _digest(data) != digest:
        raise DataDamaged(f"the report of evaluation {id} was changed.", remedy="Run the evaluation again.")
    try:
        return from_json(data)
    except ValidationError as error:
        problem = f"the report of evaluation {id} cannot be read."
        raise DataDamaged(problem, remedy="It was written by another version; run it again.") from error


def _digest(data: str) -> str:
    return hashlib.sha256(data.encode()).hexdigest()
