"""Every twin of the cache, over messages that come in through the real door."""

from __future__ import annotations

import io
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from core.clock import ManualClock
from core.database import Database
from core.ids import MessageId
from core.telemetry import Log
from core.vault import MemoryVault
from summarize.cache.memory import MemorySegmentCache
from summarize.cache.models import SegmentCache
from summarize.cache.store import SqlSegmentCache
from summarize.intake import AllDerived, Intake
from summarize.models import Message
from summarize.store import MessageStore, SummaryStore
from tests.support.talk import ACME, ANN, GENERAL, START, said


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """A cache, the messages it was made from, and the door through which they change."""

    cache: SegmentCache
    messages: MessageStore
    summaries: SummaryStore
    intake: Intake
    clock: ManualClock
    vault: MemoryVault
    log: io.StringIO

    async def heard(self, *minutes: int) -> list[Message]:
        """Messages that were said at these minutes, stored."""
        messages = [said(minute, ANN, f"said at {minute}") for minute in minutes]
        await self.intake.put(messages)
        return messages

    async def keep(self, key: str, *messages: Message, payload: bytes = b"[1]") -> bool:
        return await self.cache.keep(ACME, GENERAL, key, payload, made_from=messages)

    async def edit(self, id: str, text: str = "said otherwise") -> None:
        """An edit as it comes in."""
        stored = (await self.messages.stored(ACME, [MessageId(id)]))[MessageId(id)]
        self.clock.advance(timedelta(seconds=1))
        await self.intake.put([replace(stored, text=text, edited_at=self.clock.now())])


def shelf_over(database: Database, *, memory: bool) -> Shelf:
    """A cache of either kind over a database."""
    clock, vault, log = ManualClock(START + timedelta(hours=12)), MemoryVault(), io.StringIO()
    messages, summaries = MessageStore(database), SummaryStore(database, vault)
    cache: SegmentCache = (
        MemorySegmentCache(messages.stored, clock=clock)
        if memory
        else SqlSegmentCache(database, vault, clock=clock, log=Log(clock, log))
    )
    intake = Intake(store=messages, invalidator=AllDerived(summaries, cache), clock=clock)
    return Shelf(
        cache=cache, messages=messages, summaries=summaries, intake=intake, clock=clock, vault=vault, log=log
    )


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
async def shelf(request: pytest.FixtureRequest, tmp_path: Path, migrated: Path) -> AsyncIterator[Shelf]:
    """Every twin in turn, empty."""
    url = f"sqlite+aiosqlite:///{tmp_path / 'catchup.db'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_url")
    else:
        shutil.copy(migrated, tmp_path / "catchup.db")
    database = await Database.open(url)
    yield shelf_over(database, memory=request.param == "memory")
    await database.close()


@pytest.fixture
async def sql_shelf(sqlite_database: Database) -> Shelf:
    """The cache in a database, on SQLite."""
    return shelf_over(sqlite_database, memory=False)
