"""Times as the acting user's clock shows them."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from core.directory import Person
from gateway.console.views import Moment


def zone_of(person: Person) -> tzinfo:
    """Return somebody's time zone; UTC where the directory has none that is known."""
    try:
        return ZoneInfo(person.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def moment(at: datetime, zone: tzinfo, now: datetime) -> Moment:
    """Return a time: `Tue 3 Mar, 14:02`, with the year where it is not this one's."""
    local = at.astimezone(zone)
    year = "" if local.year == now.astimezone(zone).year else f" {local.year}"
    return Moment(
        iso=at.astimezone(UTC).isoformat(timespec="seconds"),
        text=f"{local:%a} {local.day} {local:%b}{year}, {local:%H:%M}",
        full=f"{local:%A} {local.day} {local:%B %Y, %H:%M %Z}",
    )


def day(at: datetime, zone: tzinfo) -> str:
    """Return the day: `Tuesday 3 March 2026`."""
    local = at.astimezone(zone)
    return f"{local:%A} {local.day} {local:%B %Y}"


def ago(at: datetime, now: datetime) -> str:
    """Return how long ago: `just now`, `5 min ago`, `3 h ago`, `12 days ago`."""
    minutes = int((now - at).total_seconds() // 60)
    if minutes < 1:
        return "just now"
    if minutes < 60:
        return f"{minutes} min ago"
    hours = minutes // 60
    return f"{hours} h ago" if hours < 48 else f"{hours // 24} days ago"
