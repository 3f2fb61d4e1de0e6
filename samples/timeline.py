"""Six weeks that end where you say: workdays by number, time zones, and dates in words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

FIRST_DAY = -29
CLOSING = time(16, 30, tzinfo=UTC)
_ZONES = {
    "Europe/Berlin": (1, "Central European Time"),
    "America/New_York": (-5, "Eastern Time"),
    "Asia/Kolkata": (5.5, "India Standard Time"),
}
_SPAN = re.compile(r"([+-]?)(?:(\d+)h)?(?:(\d+)m)?")
_WORD = re.compile(r"\{(?:(?P<day>[+-]\d+)(?P<date>d?)|t(?P<span>[+-][\dhm]+))\}")


def span(text: str) -> timedelta:
    """Return `-4h10m`, `40m` or `5h` as a timedelta."""
    found = _SPAN.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is not a span such as 40m, 5h or -4h10m")
    sign, hours, minutes = found.groups()
    length = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
    return -length if sign == "-" else length


def _nth_sunday(year: int, month: int, n: int) -> date:
    """Return the n-th Sunday of a month; n = 0 is the last of the month before."""
    first = date(year, month, 1)
    return first + timedelta(days=(6 - first.weekday()) % 7 + 7 * (n - 1))


def utc_offset(zone: str, day: date) -> timedelta:
    """Return the zone's offset at noon of `day`, by the rules of the EU, the US and India."""
    hours = _ZONES[zone][0]
    summer = {
        "Europe/Berlin": (_nth_sunday(day.year, 4, 0), _nth_sunday(day.year, 11, 0)),
        "America/New_York": (_nth_sunday(day.year, 3, 2), _nth_sunday(day.year, 11, 1)),
    }.get(zone)
    if summer and summer[0] <= day < summer[1]:
        hours += 1
    return timedelta(hours=hours)


def zone_label(zone: str) -> str:
    """Return the zone's name as Slack prints it."""
    return _ZONES[zone][1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """Workday 0 is the last one before the end's date, -29 the first; 1 is the end's own date or the next workday."""

    end: datetime

    @classmethod
    def until(cls, end: date) -> Timeline:
        """Return the timeline that ends at a moment, or at the closing hour of a date."""
        if isinstance(end, datetime):
            if end.tzinfo is None:
                raise ValueError("end is a datetime without a time zone; give it one, e.g. tzinfo=UTC")
            return cls(end=end.astimezone(UTC))
        return cls(end=datetime.combine(end, CLOSING))

    @property
    def today(self) -> int:
        """The workday that 'now' counts from: 1, or 0 on a weekend."""
        return 1 if self.end.weekday() < 5 else 0

    def workday(self, number: int) -> date:
        """Return the date of a workday."""
        step = timedelta(days=1 if number > 0 else -1)
        day = self.end.date() - (step if number > 0 else timedelta())
        left = number if number > 0 else 1 - number
        while left:
            day += step
            left -= day.weekday() < 5
        return day

    def on(self, number: int, weekday: str) -> int:
        """Return the workday within two of `number` that falls on `weekday`."""
        return next(n for n in range(number - 2, number + 3) if f"{self.workday(n):%A}".lower() == weekday)

    def days(self) -> Iterator[tuple[date, int | None]]:
        """Yield each date with its workday number (None at weekends), from the first to the end's date."""
        day, number = self.workday(FIRST_DAY), FIRST_DAY
        while day <= self.end.date():
            weekend = day.weekday() >= 5
            yield day, None if weekend else number
            number += not weekend
            day += timedelta(days=1)

    def number(self, moment: datetime) -> int:
        """Return the workday that a moment belongs to; weekends belong to the Friday before."""
        date_ = moment.date()
        steps = 0 if date_ >= self.end.date() else (self.end.date() - date_).days
        if steps == 0:
            return self.today
        weekdays = sum((date_ + timedelta(days=i)).weekday() < 5 for i in range(1, steps))
        return -weekdays

    def moment(self, number: int, clock: str) -> datetime:
        """Return `HH:MM` UTC on a workday."""
        hour, minute = clock.split(":")
        return datetime.combine(self.workday(number), time(int(hour), int(minute), tzinfo=UTC))

    def words(self, text: str, *, day: int, start: datetime) -> str:
        """Return text with `{+2}` as a weekday, `{+2d}` as a date, `{t-5h}` as a clock time."""

        def word(found: re.Match[str]) -> str:
            if found["span"]:
                return f"{start + span(found['span']):%H:%M}"
            target = self.workday(day + int(found["day"]))
            return f"{target.day} {target:%B}" if found["date"] else f"{target:%A}"

        return _WORD.sub(word, text)
