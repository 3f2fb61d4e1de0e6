"""Making the summaries of a recap: a few at once, each kept as it is done, and each made once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta

from core.clock import Clock
from core.errors import (
    CatchupError,
    Conflict,
    DatabaseUnavailable,
    EventLogUnavailable,
    ModelOverloaded,
    NotFound,
)
from summarize.asks import Ask, Between
from summarize.models import Feature, Summary
from summarize.recaps.models import Entry, Record
from summarize.recaps.ports import Summaries
from summarize.recaps.store import RecapStore

LEASE = timedelta(seconds=30)
"""How long a recap stays somebody's after they last said that they make it."""
_RENEW_S = LEASE.total_seconds() / 3
_LONGEST_PAUSE_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Maker:
    """Makes what is missing of a recap. `turns` bounds how many summaries are made at once.

    `patience` is how often an overloaded model is asked again, after as long as it says.
    """

    store: RecapStore
    summarizer: Summaries
    clock: Clock
    turns: asyncio.Semaphore
    patience: int = 0

    async def complete(self, record: Record, missing: Sequence[Entry]) -> Record:
        """Make the missing summaries; return the recap as it is now. What failed is noted and can be tried again.

        Raises Conflict if somebody else makes it at this moment.
        """
        done = {entry.channel: entry for entry in record.entries}
        async with self._claimed(record) as claim:
            try:
                async with asyncio.TaskGroup() as group:
                    tasks = [group.create_task(self._make(record, entry)) for entry in missing]
            except* CatchupError as errors:
                raise errors.exceptions[0] from None
            done |= {entry.channel: entry for entry in (task.result() for task in tasks)}
            claim.whole = all(entry.summary or entry.trouble == NotFound.kind for entry in done.values())
        return replace(record, entries=tuple(done.values()), whole=claim.whole)

    @asynccontextmanager
    async def _claimed(self, record: Record) -> AsyncGenerator[_Claim]:
        now = self.clock.now()
        if not await self.store.claim(record, now=now, until=now + LEASE):
            raise Conflict("this recap is being made at this moment.", remedy="Ask again in a moment.")
        claim, beat = _Claim(), asyncio.create_task(self._renew(record))
        try:
            yield claim
        finally:
            beat.cancel()
            with suppress(asyncio.CancelledError):
                await beat
            await self.store.release(record, whole=claim.whole)

    async def _renew(self, record: Record) -> None:
        while True:
            await asyncio.sleep(_RENEW_S)
            await self.store.renew(record, until=self.clock.now() + LEASE)

    async def _make(self, record: Record, entry: Entry) -> Entry:
        async with self.turns:
            try:
                summary = await self._summary(record, entry)
                made = replace(entry, summary=summary.id, trouble="")
            except (DatabaseUnavailable, EventLogUnavailable):
                raise  # no other channel would fare better, and nothing could be noted
            except CatchupError as error:
                made = replace(entry, summary=None, trouble=error.kind)
            await self.store.note(record, made)
        return made

    async def _summary(self, record: Record, entry: Entry) -> Summary:
        for left in range(self.patience, -1, -1):
            try:
                return await self._asked(record, entry)
            except ModelOverloaded as error:
                if left == 0:
                    raise
                await asyncio.sleep(min(error.retry_after_s, _LONGEST_PAUSE_S))
        raise AssertionError  # the last turn of the loop returns or raises

    async def _asked(self, record: Record, entry: Entry) -> Summary:
        since = record.since.get(entry.channel, record.window.since)
        ask = Ask(
            workspace=record.workspace,
            reader=record.reader,
            channel=entry.channel,
            span=Between(since=since, until=record.window.until),
            detail=record.detail,
            timezone=record.zone,
            language=record.language,
            feature=Feature.RECAP,
        )
        try:
            return await self.summarizer.summarize(ask)
        except Conflict:  # a message was edited while it was read
            return await self.summarizer.summarize(ask)


class _Claim:
    """Whether a recap that was being made is whole when it is let go."""

    whole = False
