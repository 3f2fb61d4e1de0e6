"""What an import did, so that every object that was read can be accounted for."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Protocol

from summarize.intake import Fate, Review

PLACES_PER_REASON = 100  # so many places are kept for each reason; all are counted


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where something was: a file, and a place within it (`line 3, column 7`, `message 12`)."""

    file: str
    at: str = ""

    def __str__(self) -> str:
        """Return `FILE, PLACE`."""
        return f"{self.file}, {self.at}" if self.at else self.file


@dataclass(slots=True, kw_only=True)
class Report:
    """Counts by what became of things; `read == imported + updated + unchanged + skipped`, always.

    `unit` says what was read (messages, rows). A reason never quotes what somebody wrote.
    """

    source: str
    workspace: str = ""
    unit: str = "messages"
    read: int = 0
    imported: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: Counter[str] = field(default_factory=Counter[str])
    places: dict[str, list[Place]] = field(default_factory=dict[str, list[Place]])
    notes: list[str] = field(default_factory=list[str])
    counts: Counter[str] = field(default_factory=Counter[str])
    """Files, people, channels, memberships, events, and messages by kind."""
    seconds: float = 0.0

    def skip(self, reason: str, place: Place) -> None:
        """Account for one thing that was read and not kept."""
        self.read += 1
        self.skipped[reason] += 1
        self.point_out(reason, place)

    def point_out(self, reason: str, place: Place) -> None:
        """Name a place that somebody should look at, without counting it as read."""
        known = self.places.setdefault(reason, [])
        if len(known) < PLACES_PER_REASON:
            known.append(place)

    def note(self, sentence: str) -> None:
        """Say something about the whole, once."""
        if sentence not in self.notes and len(self.notes) < 10 * PLACES_PER_REASON:
            self.notes.append(sentence)

    def settle(self, review: Review, places: list[Place]) -> None:
        """Account for a batch that was put into the store."""
        for fate, place in zip(review.fates, places, strict=True):
            if fate is Fate.SUPERSEDED:
                self.skip("older than what is stored", place)
        kept = {fate: review.count(fate) for fate in (Fate.NEW, Fate.UPDATED, Fate.UNCHANGED)}
        self.imported += kept[Fate.NEW]
        self.updated += kept[Fate.UPDATED]
        self.unchanged += kept[Fate.UNCHANGED]
        self.read += sum(kept.values())

    @property
    def balanced(self) -> bool:
        """Whether everything read is accounted for."""
        kept = self.imported + self.updated + self.unchanged
        return self.read == kept + sum(self.skipped.values())

    def as_json(self) -> dict[str, Any]:
        """Return the report as plain values."""
        return {
            "source": self.source,
            "workspace": self.workspace,
            "unit": self.unit,
            "read": self.read,
            "imported": self.imported,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "skipped": dict(self.skipped),
            "balanced": self.balanced,
            "counts": dict(self.counts),
            "places": {
                reason: [{"file": place.file, "at": place.at} for place in places]
                for reason, places in self.places.items()
            },
            "notes": self.notes,
            "seconds": round(self.seconds, 3),
            "per_second": round(self.read / self.seconds, 1) if self.seconds else None,
        }


class Progress(Protocol):
    """Is told how far a long import has come."""

    def begin(self, total: int, *, unit: str) -> None:
        """Start: so many units (bytes, rows) lie ahead; 0 if that is not known."""
        ...

    def advance(self, amount: int, *, done: int) -> None:
        """So many units further; `done` things (messages, rows) have been dealt with in all."""
        ...


class Silent:
    """Shows nothing."""

    def begin(self, total: int, *, unit: str) -> None:
        """Do nothing."""

    def advance(self, amount: int, *, done: int) -> None:
        """Do nothing."""
