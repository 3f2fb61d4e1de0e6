"""What a reader asks for, and how a span of talk becomes a half-open window."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from core.directory import Person
from core.errors import InvalidInput
from core.ids import MessageId, WorkspaceId
from summarize.models import Detail, Feature, Window

_LAST = re.compile(r"(\d{1,6})\s*([mhdw])", re.IGNORECASE)
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_LONGEST = timedelta(days=3660)


@dataclass(frozen=True, slots=True, kw_only=True)
class Last:
    """So much elapsed time up to now: a day is 24 hours, whatever the clocks do."""

    span: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Between:
    """[since, until); without an offset they are read on the reader's clock, and no `until` means now."""

    since: datetime
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """One thread, by its root or any of its replies."""

    root: MessageId


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadFrom:
    """What came after the last message that was read."""

    message: MessageId


Span = Last | Between | Thread | UnreadFrom


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Who wants to know what of which channel. `timezone` overrides the reader's own.

    `question` asks one thing of the window ("what was decided about X?") instead of all that happened. `language` is
    a BCP 47 tag, empty: the channel's. `feature` names the product feature whose models answer.
    """

    workspace: WorkspaceId
    reader: str
    channel: str
    span: Span
    detail: Detail = Detail.STANDARD
    timezone: str = ""
    question: str = ""
    language: str = ""
    feature: Feature = Feature.SUMMARY


def span_of(
    *,
    last: str | None = None,
    since: str | None = None,
    until: str | None = None,
    thread: str | None = None,
    unread_from: str | None = None,
) -> Span:
    """Return the one span that was named; raises InvalidInput for none, for two, or for one that cannot be read."""
    named = {"last": last, "since": since, "thread": thread, "unread_from": unread_from}
    given = [name for name, value in named.items() if value]
    if len(given) != 1 or (until and given != ["since"]):
        raise InvalidInput(
            "span",
            ", ".join([*given, *(["until"] if until else [])]) or "nothing",
            "needs exactly one of last, since (with or without until), thread, unread_from",
            remedy="For example last=7d.",
        )
    if last:
        return parse_last(last)
    if since:
        end = parse_moment("until", until) if until else None
        return Between(since=parse_moment("since", since), until=end)
    if thread:
        return Thread(root=MessageId(thread))
    return UnreadFrom(message=MessageId(str(unread_from)))


def parse_last(text: str) -> Last:
    """Read 30m, 12h, 7d or 2w; raises InvalidInput."""
    match = _LAST.fullmatch(text.strip())
    span = timedelta(**{_UNITS[match[2].lower()]: int(match[1])}) if match else timedelta()
    if not timedelta() < span <= _LONGEST:
        raise InvalidInput(
            "last",
            text,
            "is not a span of up to ten years",
            remedy="Give a number and m, h, d or w: 30m, 7d, 2w.",
        )
    return Last(span=span)


def parse_moment(field: str, text: str) -> datetime:
    """Read an ISO 8601 date or time, aware only if it has an offset; raises InvalidInput."""
    try:
        return datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise InvalidInput(
            field,
            text,
            "is not an ISO 8601 date or time",
            remedy="Write 2026-03-02, 2026-03-02T09:00 (your time zone) or 2026-03-02T09:00Z.",
        ) from error


def zone_of(timezone: str, reader: Person) -> ZoneInfo:
    """Return the zone asked for, else the reader's own, else UTC; raises InvalidInput for one that is unknown."""
    if timezone:
        try:
            return ZoneInfo(timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise InvalidInput(
                "timezone",
                timezone,
                "is not an IANA time zone",
                remedy="Use a name such as Europe/Berlin or UTC.",
            ) from error
    try:
        return ZoneInfo(reader.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo(
            "UTC"
        )  # the directory holds what the chat platform sent; an odd zone must not stop a reader


def window_of(span: Last | Between, *, zone: ZoneInfo, now: datetime) -> Window:
    """Return the half-open window in UTC.

    A local time that the clocks skip is read with the offset before the change, one that comes twice is its first
    occurrence (RFC 5545, 3.3.5), for `since` and `until` alike: consecutive windows meet without gap or overlap.
    """
    if isinstance(span, Last):
        return Window(since=now - span.span, until=now)
    until = now if span.until is None else _instant("until", span.until, zone)
    return Window(since=_instant("since", span.since, zone), until=until)


def _instant(field: str, moment: datetime, zone: ZoneInfo) -> datetime:
    try:
        aware = moment if moment.tzinfo else moment.replace(tzinfo=zone, fold=0)
        return aware.astimezone(UTC)
    except OverflowError as error:
        raise InvalidInput(
            field, moment.isoformat(), "lies outside the calendar", remedy="Use a year from 2 to 9998."
        ) from error
