"""Events and the EventLog port."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NewType, Protocol

from core.errors import InvalidInput
from core.ids import EventId, PersonNumber, RequestId, WorkspaceId
from core.privacy import Metadata, metadata_only

Offset = NewType("Offset", int)
"""A position in the log: grows by time of arrival, with gaps allowed. 0 is before the first event."""


_LARGEST = 2**63


class EventKind(StrEnum):
    """What can happen."""

    INTERACTION = "interaction"  # someone posted, reacted, joined, read, messaged …: `data["type"]`
    RECOMMENDATION_SERVED = "recommendation.served"
    IMPRESSION = "impression"
    CLICK = "click"
    ACCEPT = "accept"
    DISMISS = "dismiss"
    SUMMARY_SERVED = "summary.served"
    SUMMARY_FEEDBACK = "summary.feedback"


class Corpus(StrEnum):
    """What is recommended, and what one interacts with."""

    CHANNEL = "channel"
    USER = "user"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Who did what to which item, when; `data` holds numbers and identifiers only.

    Raises InvalidInput for `data` that could hold text, for `at` without a time zone, and for numbers beyond 64 bits.
    """

    id: EventId
    workspace: WorkspaceId
    kind: EventKind
    at: datetime
    actor: PersonNumber | None = None
    corpus: Corpus | None = None
    item: int | None = None
    request: RequestId | None = None
    data: Mapping[str, Metadata] = field(default_factory=dict[str, Metadata])

    def __post_init__(self) -> None:
        metadata_only("data", self.data)
        if self.at.tzinfo is None:
            raise InvalidInput("at", self.at.isoformat(), "has no time zone", remedy="Add one, e.g. +00:00.")
        for field_name, number in (("actor", self.actor), ("item", self.item)):
            if number is not None and not -_LARGEST <= number < _LARGEST:
                raise InvalidInput(
                    field_name, number, "does not fit in 64 bits", remedy="Use the directory's number."
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """An event as the log holds it."""

    offset: Offset
    event: Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Appended:
    """The log's answer for one event: where it is, and whether it was there before."""

    offset: Offset
    duplicate: bool


class EventLog(Protocol):
    """An append-only log. What it has acknowledged is on disk, once, in order."""

    async def append(self, events: Sequence[Event]) -> Sequence[Appended]:
        """Store events in order and return when they would survive a power cut; after an error, append again.

        An id that the workspace has already used is not stored again. Raises EventLogUnavailable.
        """
        ...

    async def read(self, *, after: Offset, limit: int) -> Sequence[Record]:
        """Return up to `limit` records that lie after an offset, in order; none for a limit below 1.

        Raises EventLogUnavailable.
        """
        ...

    async def end(self) -> Offset:
        """Return the offset of the last record, 0 for an empty log. Raises EventLogUnavailable."""
        ...

    async def close(self) -> None:
        """Finish what was accepted and let go of files and connections."""
        ...
