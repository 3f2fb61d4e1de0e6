"""The nouns of recaps: what is asked, what is planned and kept, what a reader is shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import NewType

from core.directory import Channel, Person
from core.ids import ChannelId, SummaryId, UserId, WorkspaceId
from summarize.asks import Between, Last
from summarize.models import Coverage, Detail, Item, Summary, Window

RecapId = NewType("RecapId", str)

MOST_CHANNELS = 100
USUAL_CHANNELS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class RecapAsk:
    """Whose channels, and since when: one local `day`, or a span; neither: the day before today.

    `unread` starts each channel at its read marker where that is later. At most `limit` channels are told, those
    that name the reader first; the others are listed. `timezone` overrides the reader's own.
    """

    workspace: WorkspaceId
    reader: str
    day: date | None = None
    span: Last | Between | None = None
    unread: bool = False
    detail: Detail = Detail.BRIEF
    limit: int = USUAL_CHANNELS
    timezone: str = ""
    language: str = ""

    @property
    def key(self) -> str:
        """What makes two recaps of one day the same for one reader; empty if none is ever the same."""
        if self.day is None or self.unread:
            return ""
        return "|".join([self.day.isoformat(), self.timezone, self.detail, self.language, str(self.limit)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """What happened in a channel within a window, in numbers: messages by others, and how many name the reader."""

    channel: ChannelId
    messages: int = 0
    mentions: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One channel of a recap as it is kept: its summary, or why there is none yet (`trouble`: a kind of error)."""

    channel: ChannelId
    messages: int
    mentions: int
    summary: SummaryId | None = None
    trouble: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A recap as it is kept: ids and numbers, never text. `whole` once nothing is left to try."""

    id: RecapId
    workspace: WorkspaceId
    reader: UserId
    key: str
    day: date | None
    window: Window
    zone: str
    detail: Detail
    language: str
    created_at: datetime
    whole: bool
    since: Mapping[ChannelId, datetime]
    entries: tuple[Entry, ...]
    quiet: tuple[ChannelId, ...]
    left_out: tuple[Activity, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """What happened in one channel; `weight` is what it is ordered by."""

    channel: Channel
    summary: Summary
    mentions: int
    weight: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Todo:
    """Something that is the reader's to do: item `place` (from 0) of a summary."""

    channel: Channel
    summary: SummaryId
    place: int
    item: Item


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """A channel without a section: too many were busier, or its summary failed (`trouble`)."""

    channel: Channel
    messages: int
    mentions: int
    trouble: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recap:
    """A recap as its reader may see it now: a channel that they can no longer read is not in it.

    In `quiet` channels nobody else said anything; in `uneventful` ones there was talk, but nothing to tell.
    """

    id: RecapId
    workspace: WorkspaceId
    reader: Person
    day: date | None
    window: Window
    zone: str
    detail: Detail
    created_at: datetime
    sections: tuple[Section, ...]
    todos: tuple[Todo, ...]
    quiet: tuple[Channel, ...]
    uneventful: tuple[Section, ...]
    left_out: tuple[Beside, ...]
    failed: tuple[Beside, ...]
    coverage: Coverage

    @property
    def stale(self) -> bool:
        """Tell whether a message behind it was edited or deleted since."""
        return any(section.summary.stale for section in self.sections)

    @property
    def degraded(self) -> dict[ChannelId, str]:
        """Return why sections are less than was asked for, by channel."""
        every = (*self.sections, *self.uneventful)
        return {s.channel.id: s.summary.degraded for s in every if s.summary.degraded}
