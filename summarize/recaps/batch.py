"""Recaps for everybody of a workspace: due by local morning, each made once, resumable after any interruption."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from core.clock import Clock
from core.directory import Directory, Person
from core.errors import CatchupError, Conflict, Unavailable
from core.ids import UserId, WorkspaceId
from summarize.asks import zone_of
from summarize.recaps.days import Due, day_window, due_at, latest_due
from summarize.recaps.making import LEASE
from summarize.recaps.models import RecapAsk, Record
from summarize.recaps.service import Recaps

_WAIT_S = 2.0
_WAITS = round(LEASE.total_seconds() / _WAIT_S) + 1


class Outcome(StrEnum):
    """What became of somebody's recap."""

    MADE = "made"
    KEPT = "there already"
    NOTHING = "nothing new"
    PARTIAL = "in part"  # a later run makes the rest
    BUSY = "made by another run"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Who gets a recap of which day now, in order of due time, and how many do not yet or do not want one."""

    due: tuple[Due, ...]
    later: tuple[Due, ...]
    opted_out: int


class Batch:
    """Makes the recaps of a workspace, some people at a time."""

    def __init__(self, *, recaps: Recaps, directory: Directory, clock: Clock, waits: int = _WAITS) -> None:
        self._waits = waits
        self._recaps = recaps
        self._directory = directory
        self._clock = clock

    async def plan(self, workspace: WorkspaceId, *, day: date | None = None, at_once: bool = False) -> Plan:
        """Return whose recap is due: of one day, or of the latest day that is due; `at_once`: of any day that is over.

        Bots, who is deactivated and who opted out get none. Raises InvalidInput for a day outside the calendar.
        """
        now = self._clock.now()
        people = [
            one for one in await self._directory.people(workspace) if not (one.is_bot or one.deactivated)
        ]
        out = await self._recaps.store.opted_out(workspace)
        wanted = [_due(workspace, one, day, now, at_once=at_once) for one in people if one.id not in out]
        ordered = sorted(wanted, key=lambda due: (due.at, due.person.id))
        return Plan(
            due=tuple(due for due in ordered if due.at <= now),
            later=tuple(due for due in ordered if due.at > now),
            opted_out=sum(one.id in out for one in people),
        )

    async def run(
        self, workspace: WorkspaceId, due: Sequence[Due], *, concurrency: int
    ) -> AsyncGenerator[Outcome, None]:
        """Yield what became of each recap as it is done; stopping early leaves what is done, and doubles nothing.

        Raises Unavailable if a part that nothing works without is gone.
        """
        done = await self.done(workspace, due)
        waiting = asyncio.Queue[Due]()
        for one in due:
            waiting.put_nowait(one)
        outcomes = asyncio.Queue[Outcome | BaseException]()
        workers = [
            asyncio.create_task(self._work(workspace, waiting, done, outcomes))
            for _ in range(min(concurrency, len(due)))
        ]
        try:
            for _ in due:
                outcome = await outcomes.get()
                if isinstance(outcome, BaseException):
                    raise outcome
                yield outcome
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)

    async def _work(
        self,
        workspace: WorkspaceId,
        waiting: asyncio.Queue[Due],
        done: frozenset[tuple[UserId, date]],
        outcomes: asyncio.Queue[Outcome | BaseException],
    ) -> None:
        while not waiting.empty():
            due = waiting.get_nowait()
            try:
                known = (due.person.id, due.day) in done
                outcome = Outcome.KEPT if known else await self._make(workspace, due)
            except Exception as error:  # whoever reads the outcomes raises it
                await outcomes.put(error)
                return
            await outcomes.put(outcome)

    async def _make(self, workspace: WorkspaceId, due: Due) -> Outcome:
        ask = RecapAsk(workspace=workspace, reader=due.person.id, day=due.day)
        try:
            record = await self._recaps.begin(ask, due.person, keep_empty=False)
            if not record.entries:
                return Outcome.NOTHING
            record = await self._complete(record, due.person)
        except Conflict:
            return Outcome.BUSY
        except Unavailable:
            raise
        except CatchupError:
            return Outcome.FAILED
        return Outcome.MADE if record.whole else Outcome.PARTIAL

    async def _complete(self, record: Record, reader: Person) -> Record:
        """Make a recap; one that another run holds is waited for, since a run that crashed holds it for a while."""
        for left in range(self._waits, -1, -1):
            try:
                return await self._recaps.complete(record, reader)
            except Conflict:
                if left == 0:
                    raise
                await asyncio.sleep(_WAIT_S)
        raise AssertionError  # the last turn of the loop returns or raises

    async def done(self, workspace: WorkspaceId, due: Iterable[Due]) -> frozenset[tuple[UserId, date]]:
        """Return whose recap of which day is there and whole."""
        found: set[tuple[UserId, date]] = set()
        for day in {one.day for one in due}:
            key = RecapAsk(workspace=workspace, reader="", day=day).key
            found |= {(reader, day) for reader in await self._recaps.store.whole(workspace, key)}
        return frozenset(found)


def _due(workspace: WorkspaceId, person: Person, day: date | None, now: datetime, *, at_once: bool) -> Due:
    zone = zone_of("", person)
    if at_once:
        wanted = day or now.astimezone(zone).date() - timedelta(days=1)
        return Due(person=person, day=wanted, at=day_window(wanted, zone, now=now).until)
    if day is None:
        return latest_due(workspace, person, now)
    day_window(day, zone, now=now)  # raises for a day outside the calendar
    return Due(person=person, day=day, at=due_at(workspace, person, day))
