"""How messages come in: compared with what is stored, so that exactly what changed is written and invalidated."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Protocol

from core.clock import Clock
from core.ids import MessageId, UserId, WorkspaceId
from summarize.models import Message, MessageKind
from summarize.store import MessageStore, alike

_NEVER = datetime.min.replace(tzinfo=UTC)


class Invalidator(Protocol):
    """Forgets what was made from messages."""

    async def invalidate(self, workspace: WorkspaceId, ids: Sequence[MessageId]) -> int:
        """Drop every summary and cache entry made from any of these messages; return how many were dropped."""
        ...


class NothingDerived:
    """An Invalidator for a place where nothing has been made from messages; remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[MessageId] = []

    async def invalidate(self, workspace: WorkspaceId, ids: Sequence[MessageId]) -> int:
        """Note the ids."""
        self.told += ids
        return 0


class AllDerived:
    """An Invalidator for several: summaries, cached segments, whatever else was made from messages."""

    def __init__(self, *each: Invalidator) -> None:
        self._each = each

    async def invalidate(self, workspace: WorkspaceId, ids: Sequence[MessageId]) -> int:
        """Let each drop what it holds; one that fails does not spare the next, and the first error is raised last."""
        done = await asyncio.gather(
            *(one.invalidate(workspace, ids) for one in self._each), return_exceptions=True
        )
        for outcome in done:
            if isinstance(outcome, BaseException):
                raise outcome
        return sum(outcome for outcome in done if isinstance(outcome, int))


class Fate(StrEnum):
    """What became of a message that came in."""

    NEW = "new"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    SUPERSEDED = "superseded"  # what is stored is newer (a later edit) or final (a deletion)


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """A batch held against the store: one fate per message in order, and what is to be written."""

    fates: tuple[Fate, ...]
    writes: tuple[Message, ...]
    before: dict[MessageId, Message] = field(default_factory=dict[MessageId, Message])
    changed: tuple[MessageId, ...] = ()
    """Stored messages whose content (text, kind, author, place) is about to be another."""

    def count(self, fate: Fate) -> int:
        """Return how many messages met a fate."""
        return self.fates.count(fate)


Announce = Callable[[Review], Awaitable[None]]


class Intake:
    """The one way in for messages. A deletion is final, and an older version never replaces a newer one."""

    def __init__(self, *, store: MessageStore, invalidator: Invalidator, clock: Clock) -> None:
        self._store = store
        self._invalidator = invalidator
        self._clock = clock
        self._turn = asyncio.Lock()

    async def put(self, messages: Sequence[Message], *, announce: Announce | None = None) -> Review:
        """Store a batch of one workspace (some thousands at most) and return what became of each message.

        `announce` is awaited with the review before anything is written: who logs what is new does it there,
        so that a crash in between leads to a repetition, which the log ignores, and never to a gap.
        """
        async with self._turn:
            review = await self._review(messages)
            if announce is not None:
                await announce(review)
            if review.writes:
                await self._write(review)
            return review

    async def authors(self, workspace: WorkspaceId, ids: Sequence[MessageId]) -> dict[MessageId, UserId]:
        """Return who wrote those of the messages that are stored."""
        stored = await self._store.stored(workspace, ids) if ids else {}
        return {id: message.author for id, message in stored.items()}

    async def bury(self, workspace: WorkspaceId, id: MessageId) -> bool:
        """Delete a message's text for good, and what was made from it; tell whether there was such a message."""
        async with self._turn:
            stored = await self._store.stored(workspace, [id])
            if id not in stored:
                return False
            if stored[id].kind is not MessageKind.DELETED:
                tombstone = buried(stored[id], at=self._clock.now())
                await self._write(Review(fates=(Fate.UPDATED,), writes=(tombstone,), changed=(id,)))
            return True

    async def _review(self, messages: Sequence[Message]) -> Review:
        if not messages:
            return Review(fates=(), writes=())
        before = await self._store.stored(messages[0].workspace, [message.id for message in messages])
        now, fates = dict(before), list[Fate]()
        for message in messages:
            fate = judge(now.get(message.id), message)
            fates.append(fate)
            if fate in {Fate.NEW, Fate.UPDATED}:
                now[message.id] = message
        writes = tuple(message for id, message in now.items() if before.get(id) is not message)
        changed = tuple(m.id for m in writes if m.id in before and not alike(before[m.id], m))
        return Review(fates=tuple(fates), writes=writes, before=before, changed=changed)

    async def _write(self, review: Review) -> None:
        """Invalidate, write, invalidate: nothing stale survives a crash, nor a reader between the steps."""
        workspace = review.writes[0].workspace
        if review.changed:
            await self._invalidator.invalidate(workspace, review.changed)
        await self._store.put(review.writes)
        if review.changed:
            await self._invalidator.invalidate(workspace, review.changed)


def judge(stored: Message | None, incoming: Message) -> Fate:
    """Tell what is to become of a message, given what is stored under its id."""
    if stored is None:
        return Fate.NEW
    if stored == incoming:
        return Fate.UNCHANGED
    if stored.kind is MessageKind.DELETED:
        return Fate.SUPERSEDED
    if incoming.kind is not MessageKind.DELETED and _edited(incoming) < _edited(stored):
        return Fate.SUPERSEDED
    return Fate.UPDATED


def buried(message: Message, *, at: datetime) -> Message:
    """Return the tombstone of a message: who and when, nothing of what."""
    return replace(
        message,
        text="",
        kind=MessageKind.DELETED,
        reactions=(),
        files=(),
        subtype="deleted",
        edited_at=at,
    )


def _edited(message: Message) -> datetime:
    return message.edited_at or _NEVER
