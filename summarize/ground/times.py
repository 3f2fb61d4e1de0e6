"""Days and times of day however they are written: "Friday", "2026-03-06", "March 6", "3pm", "15:00"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_TAGE = ("montag", "dienstag", "mittwoch", "donnerstag", "freitag", "samstag", "sonntag")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_LONG = "monday|tuesday|wednesday|thursday|friday|saturday|sunday"
_MONTH_NAMES = (
    "january|february|march|april|may|june|july|august|september|october|november|december"
    "|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec|januar|februar|märz|mai|juni|juli|oktober|dezember"
)
_GERMAN_MONTHS = {"mär": 3, "mai": 5, "okt": 10, "dez": 12}

_ISO = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})(?!\d)")
_DAY_FIRST = re.compile(
    rf"\b(\d{{1,2}})(?:st|nd|rd|th|\.)?(?: of)? ({_MONTH_NAMES})\b\.?(?:,? \d{{4}}\b)?", re.I
)
_MONTH_FIRST = re.compile(rf"\b({_MONTH_NAMES})\.? (\d{{1,2}})(?:st|nd|rd|th)?\b(?!:)(?:,? \d{{4}}\b)?", re.I)
_NUMERIC = re.compile(r"(?<![\d./])(\d{1,2})([./])(\d{1,2})(?:\2(?:\d{4}|\d{2})?)?(?![\d/])")
_WEEKDAY = re.compile(rf"\b({_LONG}|{'|'.join(_TAGE)})s?\b|\b(Mon|Tues?|Wed|Thurs?|Fri|Sat|Sun)\b", re.I)
_MONTH = re.compile(
    r"\b(?:January|February|April|June|July|August|September|October|November|December)\b"
    r"|(?<=\b(?:in|by|of|to) )(?:March|May)\b|(?<=\b(?:late|next|this|from) )(?:March|May)\b"
    r"|(?<=\b(?:early|until|since) )(?:March|May)\b"
)
_ANY_MONTH = re.compile(rf"\b(?:{_MONTH_NAMES})\b", re.I)
_RELATIVE = re.compile(
    r"\b(?P<today>today|heute|eod|cob|end of (?:the )?(?:day|business))\b|\b(?P<tonight>tonight|this evening)\b"
    r"|\b(?P<tomorrow>tomorrow|tmrw|tmr|morgen)\b|\b(?P<yesterday>yesterday|gestern)\b"
    r"|\b(?P<nextweek>next week|nächste woche)\b|\b(?P<thisweek>this week|eow|end of (?:the |this )?week)\b"
    r"|\b(?P<nextmonth>next month)\b|\b(?P<thismonth>this month|end of (?:the |this )?month)\b"
    r"|\b(?P<nextquarter>next quarter)\b|\b(?P<nextsprint>next sprint)\b",
    re.I,
)
_OFFSETS = {"today": 0, "tonight": 0, "tomorrow": 1, "yesterday": -1}
_CLOCK = re.compile(
    r"\b(\d{1,2})(?:[:.](\d{2}))? ?([ap])\.?m\b\.?|\b(\d{1,2}):(\d{2})(?::\d{2})?(?!\d)"
    r"|\b(\d{1,2}) ?(?:uhr|o'clock)\b|\b(\d{1,2})h(\d{2})?\b|\b(noon|midday|midnight)\b",
    re.I,
)
_BARE_HOUR = re.compile(r"\b(?:at|by|until|till|from|before|after|um|ab|bis) (\d{1,2})\b(?![:.%]?\d)", re.I)
_LATE, _EARLY = 18, 8  # UTC hours at which it is another day somewhere


class When(NamedTuple):
    """Where a text names a day or a time, and the keys under which it may be stated elsewhere."""

    span: tuple[int, int]
    keys: frozenset[str]
    clock: bool = False


def named(text: str) -> Iterator[When]:
    """Yield the days and times that a claim names; their spans do not overlap."""
    rest = text
    for when in (
        *_dates(rest, short=False),
        *_clocks(rest),
        *_weekdays(rest),
        *_relatives(rest),
        *_months(rest),
    ):
        low, high = when.span
        if "\0" not in rest[low:high]:
            rest = rest[:low] + "\0" * (high - low) + rest[high:]
            yield when


@lru_cache(4096)
def stated(text: str, at: datetime) -> tuple[frozenset[str], frozenset[str]]:
    """Return the keys of the days and of the times of day that a message of this moment states."""
    days = {f"mo:{_month(match[0])}" for match in _ANY_MONTH.finditer(text)}
    for when in (*_dates(text), *_weekdays(text), *_relatives(text)):
        days |= when.keys
        days |= {found for key in when.keys for found in _meant(key, at)}
    clocks = {key for when in _clocks(text) for key in when.keys}
    for match in _BARE_HOUR.finditer(text):
        clocks |= _clock_keys(int(match[1]), 0, "")
    return frozenset(days), frozenset(clocks)


def written(at: datetime) -> tuple[frozenset[str], frozenset[str]]:
    """Return the keys of the day and of the minute at which a message was written."""
    days = {key for day in _own_days(at) for key in _day_keys(day, 0)} | {"rel:today"}
    return frozenset(days), frozenset({f"t:{at.hour * 60 + at.minute}"})


def _dates(text: str, *, short: bool = True) -> Iterator[When]:
    """Yield dates; `short` ones without a year (6.3., 3/6) are numbers too: a claim's are looked up as such."""
    for match in _ISO.finditer(text):
        yield When(match.span(), frozenset({f"d:{match[0]}"}))
    for match in _DAY_FIRST.finditer(text):
        yield When(match.span(), frozenset({f"md:{_month(match[2]):02}-{int(match[1]):02}"}))
    for match in _MONTH_FIRST.finditer(text):
        yield When(match.span(), frozenset({f"md:{_month(match[1]):02}-{int(match[2]):02}"}))
    for match in _NUMERIC.finditer(text):
        one, other, year = (
            int(match[1]),
            int(match[3]),
            match[0][-1].isdigit() and match[0].count(match[2]) == 2,
        )
        keys = {f"md:{m:02}-{d:02}" for d, m in ((one, other), (other, one)) if 0 < m <= 12 and 0 < d <= 31}
        if keys and (short or year):
            yield When(match.span(), frozenset(keys))


def _clocks(text: str) -> Iterator[When]:
    for match in _CLOCK.finditer(text):
        word = (match[9] or "").lower()
        if word:
            keys = {"t:0"} if word == "midnight" else {"t:720"}
        else:
            hour = int(match[1] or match[4] or match[6] or match[7])
            minute = int(match[2] or match[5] or match[8] or 0)
            keys = _clock_keys(hour, minute, (match[3] or ("x" if hour > 12 else "")).lower())
        if keys:
            yield When(match.span(), frozenset(keys), clock=True)


def _clock_keys(hour: int, minute: int, half: str) -> set[str]:
    """Return the minutes of the day that a time may mean; without a.m. or p.m. an hour up to 12 may be either."""
    if hour > 24 or minute > 59:
        return set()
    hours = {"a": {hour % 12}, "p": {hour % 12 + 12}}.get(half, {hour % 24})
    if not half and 1 <= hour <= 12:
        hours |= {hour % 12 + 12}
    return {f"t:{one * 60 + minute}" for one in hours}


def _weekdays(text: str) -> Iterator[When]:
    for match in _WEEKDAY.finditer(text):
        if match[2] and not match[2][0].isupper():
            continue
        name = match[0].lower()
        german = next((n for n, tag in enumerate(_TAGE) if name.startswith(tag)), None)
        yield When(match.span(), frozenset({f"wd:{_DAYS.index(name[:3]) if german is None else german}"}))


def _relatives(text: str) -> Iterator[When]:
    for match in _RELATIVE.finditer(text):
        yield When(match.span(), frozenset({f"rel:{match.lastgroup}"}))


def _months(text: str) -> Iterator[When]:
    for match in _MONTH.finditer(text):
        yield When(match.span(), frozenset({f"mo:{_month(match[0])}"}))


def _month(name: str) -> int:
    short = name[:3].lower()
    return _MONTHS.index(short) + 1 if short in _MONTHS else _GERMAN_MONTHS[short]


def _own_days(at: datetime) -> list[date]:
    """Return the days that it may have been for a message's author, whose time zone is not known here."""
    days = [at.date()]
    if at.hour >= _LATE:
        days.append(at.date() + timedelta(days=1))
    if at.hour < _EARLY:
        days.append(at.date() - timedelta(days=1))
    return days


def _day_keys(day: date, shift: int) -> tuple[str, str, str]:
    day += timedelta(days=shift)
    return _weekday(day), f"d:{day.isoformat()}", f"md:{day:%m-%d}"


def _weekday(day: date) -> str:
    return f"wd:{day.weekday()}"


def _meant(key: str, at: datetime) -> Iterator[str]:
    """Yield the other names of a day: a date's weekday, a weekday's dates before and after the message."""
    if key.startswith("wd:"):
        ahead = (int(key[3:]) - at.weekday()) % 7
        for shift in (ahead - 7, ahead, ahead + 7):
            yield from _day_keys(at.date(), shift)
    elif key.startswith("rel:"):
        if (shift := _OFFSETS.get(key[4:])) is not None:
            for day in _own_days(at):
                yield from _day_keys(day, shift)
    elif (day := _resolved(key, at.date())) is not None:
        yield from _day_keys(day, 0)


def _resolved(key: str, near: date) -> date | None:
    try:
        if key.startswith("d:"):
            return date.fromisoformat(key[2:])
        return date(near.year, int(key[3:5]), int(key[6:8]))
    except ValueError:
        return None
