"""Recaps: the use case from "what did I miss yesterday?" to a digest over all of somebody's channels."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from core.clock import Clock
from core.database import Database
from core.directory import Directory, Person
from core.errors import NotFound
from core.ids import Ids, WorkspaceId
from summarize.markers import ReadMarkers
from summarize.recaps.channels import OwnChannels
from summarize.recaps.making import Maker
from summarize.recaps.models import Entry, Recap, RecapAsk, RecapId, Record
from summarize.recaps.planning import Planner
from summarize.recaps.ports import Summaries
from summarize.recaps.showing import Reader
from summarize.recaps.store import RecapStore


class Recaps:
    """Makes recaps out of summaries, and shows them to whom they are for.

    One of a day is made once: asked for again, it is the same one, and only what went stale or failed is made anew.
    """

    def __init__(self, *, planner: Planner, maker: Maker, reader: Reader, directory: Directory) -> None:
        self._planner = planner
        self._maker = maker
        self._reader = reader
        self._directory = directory

    @classmethod
    def over(
        cls,
        database: Database,
        *,
        summarizer: Summaries,
        clock: Clock,
        ids: Ids,
        at_once: int = 4,
        patience: int = 0,
    ) -> Recaps:
        """Return recaps over a database; at most `at_once` summaries are made at a time."""
        channels = OwnChannels(database)
        maker = Maker(
            store=RecapStore(database),
            summarizer=summarizer,
            clock=clock,
            turns=asyncio.Semaphore(at_once),
            patience=patience,
        )
        return cls(
            planner=Planner(channels=channels, markers=ReadMarkers(database), ids=ids),
            maker=maker,
            reader=Reader(channels=channels, summarizer=summarizer),
            directory=Directory(database),
        )

    @property
    def store(self) -> RecapStore:
        """Where recaps lie."""
        return self._maker.store

    async def make(self, ask: RecapAsk) -> Recap:
        """Return a recap, made and kept; raises NotFound, InvalidInput, Conflict if it is being made already."""
        reader = await self._directory.find_person(ask.workspace, ask.reader)
        record = await self.begin(ask, reader)
        return await self._reader.show(await self.complete(record, reader), reader)

    async def begin(self, ask: RecapAsk, reader: Person, *, keep_empty: bool = True) -> Record:
        """Return the recap that is there already, else a new one with nothing in it yet; raises InvalidInput."""
        planned = await self._planner.plan(ask, reader, self._maker.clock.now())
        if planned.key and (here := await self.store.keyed(ask.workspace, reader.id, planned.key)):
            return here
        return await self.store.add(planned) if planned.entries or keep_empty else planned

    async def complete(self, record: Record, reader: Person) -> Record:
        """Make what is missing, stale or forgotten; raises Conflict if somebody else makes it at this moment."""
        record = await self._without_stale(record, reader)
        missing = [entry for entry in record.entries if entry.summary is None]
        if record.whole and not missing:
            return record
        return await self._maker.complete(record, missing)

    async def fetch(self, workspace: WorkspaceId, reader: str, id: RecapId) -> Recap:
        """Return a recap made earlier to its reader, as far as they may read it now; raises NotFound."""
        person = await self._directory.find_person(workspace, reader)
        record = await self.store.find(workspace, id)
        if record is None or record.reader != person.id:
            raise NotFound("recap", id, remedy="Give an id that POST /v1/recaps returned to you.")
        return await self._reader.show(record, person)

    async def _without_stale(self, record: Record, reader: Person) -> Record:
        shown = await self._reader.show(record, reader)
        stale = {s.channel.id for s in shown.sections if s.summary.stale}
        stale |= {one.channel.id for one in shown.failed}
        entries = [_emptied(entry) if entry.channel in stale else entry for entry in record.entries]
        return replace(record, entries=tuple(entries))


def _emptied(entry: Entry) -> Entry:
    return replace(entry, summary=None)
