"""Local days, and when the recap of one is due: the morning after it, for each reader at a minute of their own."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from core.directory import Person
from core.errors import InvalidInput
from core.ids import WorkspaceId
from summarize.asks import Between, window_of, zone_of
from summarize.models import Window

DUE_AT = time(7)
JITTER_S = 3600
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """Whose recap of which local day is due when."""

    person: Person
    day: date
    at: datetime


def day_window(day: date, zone: ZoneInfo, *, now: datetime) -> Window:
    """Return a local day in UTC, midnight to midnight, 23 to 25 hours; raises InvalidInput at the calendar's edge."""
    try:
        ends = Between(since=datetime.combine(day, time()), until=datetime.combine(day + _DAY, time()))
    except OverflowError as error:
        raise InvalidInput(
            "day", day, "lies outside the calendar", remedy="Use a year from 2 to 9998."
        ) from error
    return window_of(ends, zone=zone, now=now)


def due_at(workspace: WorkspaceId, person: Person, day: date) -> datetime:
    """Return when the recap of a local day is due: from 07:00 on the morning after, spread over an hour.

    The spread is a hash of workspace and person: the same each day, and even over a workspace.
    """
    digest = hashlib.sha256(f"{workspace}\0{person.id}".encode()).digest()
    seconds = int.from_bytes(digest[:8], "big") % JITTER_S
    morning = datetime.combine(day + _DAY, DUE_AT, tzinfo=zone_of("", person))
    return morning.astimezone(UTC) + timedelta(seconds=seconds)


def latest_due(workspace: WorkspaceId, person: Person, now: datetime) -> Due:
    """Return the newest day whose recap is due already."""
    today = now.astimezone(zone_of("", person)).date()
    yesterday = today - _DAY
    at = due_at(workspace, person, yesterday)
    if at <= now:
        return Due(person=person, day=yesterday, at=at)
    before = yesterday - _DAY
    return Due(person=person, day=before, at=due_at(workspace, person, before))


def parse_day(text: str) -> date:
    """Read an ISO 8601 date; raises InvalidInput."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError as error:
        raise InvalidInput("day", text, "is not an ISO 8601 date", remedy="Write 2026-03-02.") from error
