"""Messages on their way in: people to the directory, metadata to the event log, text to the store, in that order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.events.models import Event, EventLog
from core.ids import ChannelId, MessageId, UserId
from gateway.importers.interactions import interactions
from gateway.importers.roster import Roster
from summarize.intake import Fate, Intake, Review
from summarize.models import Message


class Delivery:
    """Delivers batches of messages of one workspace.

    `pairs` are the members of direct conversations. A message that is not new is logged only as far as it shows
    something new (a mention added by an edit, another reaction).
    """

    def __init__(
        self,
        *,
        roster: Roster,
        intake: Intake,
        events: EventLog,
        pairs: Mapping[ChannelId, frozenset[UserId]],
    ) -> None:
        self._roster = roster
        self._intake = intake
        self._events = events
        self._pairs = pairs
        self.logged = 0

    async def deliver(
        self, batch: Sequence[Message], *, roots: Mapping[MessageId, UserId] | None = None
    ) -> Review:
        """Store a batch and log what people did in it; `roots` are authors of threads, as far as known."""
        await self._roster.settle()
        known = await self._authors_of_roots(batch, roots or {})

        async def announce(review: Review) -> None:
            events = self._new_events(batch, review, known)
            if events:
                answers = await self._events.append(events)
                self.logged += sum(not answer.duplicate for answer in answers)

        return await self._intake.put(batch, announce=announce)

    def _new_events(
        self, batch: Sequence[Message], review: Review, roots: Mapping[MessageId, UserId]
    ) -> list[Event]:
        events: list[Event] = []
        for message, fate in zip(batch, review.fates, strict=True):
            if fate is Fate.NEW:
                events += self._interactions(message, roots)
            elif fate is Fate.UPDATED:
                before = review.before.get(message.id)
                known = {event.id for event in self._interactions(before, roots)} if before else set[str]()
                events += [event for event in self._interactions(message, roots) if event.id not in known]
        return events

    def _interactions(self, message: Message, roots: Mapping[MessageId, UserId]) -> list[Event]:
        pair = self._pairs.get(message.channel, frozenset[UserId]())
        partner = next(iter(pair - {message.author}), None) if len(pair) == 2 else None
        answered = roots.get(message.root) if message.root else None
        return interactions(message, self._roster, partner=partner, answered=answered)

    async def _authors_of_roots(
        self, batch: Sequence[Message], told: Mapping[MessageId, UserId]
    ) -> Mapping[MessageId, UserId]:
        wanted = {message.root for message in batch if message.root} - told.keys()
        if not wanted:
            return told
        here = {message.id: message.author for message in batch if message.id in wanted}
        missing = sorted(wanted - here.keys())
        stored = await self._intake.authors(batch[0].workspace, missing)
        return {**stored, **here, **told}
