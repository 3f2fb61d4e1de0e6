"""Local days and due times, on clocks that change."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.directory import Person
from core.errors import InvalidInput
from core.ids import UserId
from summarize.markers import after
from summarize.recaps.days import JITTER_S, day_window, due_at, latest_due, parse_day
from tests.support.talk import ACME, ANN, OTHER

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
ZONES = st.sampled_from(sorted(zone for zone in available_timezones() if "/" in zone))
DAYS = st.dates(min_value=date(2020, 1, 1), max_value=date(2030, 1, 1))
MOMENTS = st.datetimes(
    min_value=datetime(2020, 1, 1),  # noqa: DTZ001  Hypothesis adds the zone
    max_value=datetime(2030, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)


@pytest.mark.parametrize(("day", "hours"), [("2026-03-28", 24), ("2026-03-29", 23), ("2026-10-25", 25)])
def test_a_day_is_as_long_as_the_readers_clock_makes_it(day: str, hours: int) -> None:
    window = day_window(date.fromisoformat(day), ZoneInfo("Europe/Berlin"), now=NOW)

    assert window.until - window.since == timedelta(hours=hours)


def test_a_midnight_that_the_clocks_skip_is_where_the_day_before_ends() -> None:
    cairo = ZoneInfo("Africa/Cairo")  # 2026-04-24 begins at 01:00

    before = day_window(date(2026, 4, 23), cairo, now=NOW)
    short = day_window(date(2026, 4, 24), cairo, now=NOW)

    assert before.until == short.since == datetime(2026, 4, 23, 22, tzinfo=UTC)
    assert short.until - short.since == timedelta(hours=23)


@given(DAYS, ZONES)
def test_days_follow_each_other_without_gap_or_overlap(day: date, zone: str) -> None:
    here = ZoneInfo(zone)

    today, tomorrow = (day_window(day + timedelta(days=n), here, now=NOW) for n in (0, 1))

    assert today.until == tomorrow.since


def test_a_recap_is_due_in_the_hour_after_seven_of_the_readers_next_morning() -> None:
    due = due_at(ACME, ANN, date(2026, 3, 28)).astimezone(
        ZoneInfo("Europe/Berlin")
    )  # the clocks change that night

    assert due.date() == date(2026, 3, 29)
    assert due.hour == 7


def test_people_of_one_zone_are_spread_evenly_over_the_hour_and_each_keeps_their_minute() -> None:
    people = [Person(id=UserId(f"U{n}"), handle=f"p{n}") for n in range(6000)]
    seven = datetime(2026, 3, 3, 7, tzinfo=UTC)

    seconds = [(due_at(ACME, one, date(2026, 3, 2)) - seven).total_seconds() for one in people]

    per_minute = [sum(minute * 60 <= s < minute * 60 + 60 for s in seconds) for minute in range(60)]
    assert min(seconds) >= 0
    assert max(seconds) < JITTER_S
    assert max(per_minute) < 150  # 100 expected; 5 standard deviations
    assert due_at(ACME, people[0], date(2026, 3, 3)) - due_at(ACME, people[0], date(2026, 3, 2)) == timedelta(
        days=1
    )
    assert due_at(OTHER, people[0], date(2026, 3, 2)) != due_at(ACME, people[0], date(2026, 3, 2))


@given(MOMENTS, ZONES)
def test_the_latest_day_that_is_due_is_over_and_the_next_is_not_due(now: datetime, zone: str) -> None:
    reader = replace(ANN, timezone=zone)

    due = latest_due(ACME, reader, now)

    assert due.at <= now < due_at(ACME, reader, due.day + timedelta(days=1))
    assert day_window(due.day, ZoneInfo(zone), now=now).until <= now


@pytest.mark.parametrize("text", ["", "yesterday", "2026-02-30", "2026-03-02T09:00", "02.03.2026"])
def test_a_day_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="ISO 8601 date"):
        parse_day(text)


@pytest.mark.parametrize("read_to", [datetime.max.replace(tzinfo=UTC), NOW])
def test_what_is_unread_begins_after_the_marker_even_at_the_end_of_the_calendar(read_to: datetime) -> None:
    span = after(read_to, NOW)

    assert read_to <= span.since <= (span.until or NOW)
