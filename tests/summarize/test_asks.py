from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidInput
from summarize.asks import (
    Between,
    Last,
    Thread,
    UnreadFrom,
    parse_last,
    parse_moment,
    span_of,
    window_of,
    zone_of,
)
from tests.support.talk import ANN

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
LOCAL = st.datetimes(
    min_value=datetime.fromisoformat("2020-01-01"), max_value=datetime.fromisoformat("2030-01-01")
)


def between(since: str, until: str | None = None) -> Between:
    return Between(since=parse_moment("since", since), until=(until and parse_moment("until", until)) or None)


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("30m", timedelta(minutes=30)),
        ("12h", timedelta(hours=12)),
        ("7d", timedelta(days=7)),
        (" 2W ", timedelta(weeks=2)),
    ],
)
def test_a_span_is_a_number_and_a_unit(text: str, span: timedelta) -> None:
    assert parse_last(text) == Last(span=span)


@pytest.mark.parametrize("text", ["", "7", "d", "-1d", "0h", "1y", "7 days", "999999w", "٧d x"])
def test_any_other_span_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(InvalidInput, match="30m, 7d, 2w"):
        parse_last(text)


def test_a_window_without_an_offset_is_read_on_the_readers_clock() -> None:
    window = window_of(between("2026-03-02", "2026-03-03"), zone=BERLIN, now=NOW)

    assert window.since == datetime(2026, 3, 1, 23, tzinfo=UTC)
    assert window.until == datetime(2026, 3, 2, 23, tzinfo=UTC)


def test_an_offset_in_the_question_wins_over_the_readers_zone() -> None:
    window = window_of(
        between("2026-03-02T09:00Z", "2026-03-02T12:00+02:00"), zone=ZoneInfo("Asia/Tokyo"), now=NOW
    )

    assert window.since == datetime(2026, 3, 2, 9, tzinfo=UTC)
    assert window.until == datetime(2026, 3, 2, 10, tzinfo=UTC)


def test_no_end_means_now() -> None:
    assert window_of(between("2026-03-02"), zone=BERLIN, now=NOW).until == NOW


def test_a_local_day_has_23_hours_when_the_clocks_go_forward_and_25_when_they_go_back() -> None:
    spring = window_of(between("2026-03-29", "2026-03-30"), zone=BERLIN, now=NOW)
    autumn = window_of(between("2026-10-25", "2026-10-26"), zone=BERLIN, now=NOW)

    assert spring.until - spring.since == timedelta(hours=23)
    assert autumn.until - autumn.since == timedelta(hours=25)


def test_last_1d_is_24_hours_whatever_the_clocks_do() -> None:
    after_the_change = datetime(2026, 3, 29, 12, tzinfo=UTC)

    window = window_of(parse_last("1d"), zone=BERLIN, now=after_the_change)

    assert window.until - window.since == timedelta(hours=24)


def test_a_local_time_that_does_not_exist_moves_forward_by_the_gap() -> None:
    window = window_of(between("2026-03-29T02:30", "2026-03-29T03:30"), zone=BERLIN, now=NOW)

    assert window.since == window.until == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


def test_a_local_time_that_comes_twice_is_its_first_occurrence() -> None:
    window = window_of(between("2026-10-25T02:30", "2026-10-25T03:00"), zone=BERLIN, now=NOW)

    assert window.since == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert window.until - window.since == timedelta(minutes=90)


@given(st.lists(LOCAL, min_size=3, max_size=6, unique=True), st.lists(LOCAL, max_size=30))
def test_consecutive_windows_hold_each_moment_exactly_once(
    cuts: list[datetime], moments: list[datetime]
) -> None:
    cuts.sort(key=lambda cut: cut.replace(tzinfo=BERLIN).astimezone(UTC))
    windows = [window_of(Between(since=a, until=b), zone=BERLIN, now=NOW) for a, b in pairwise(cuts)]
    whole = window_of(Between(since=cuts[0], until=cuts[-1]), zone=BERLIN, now=NOW)

    for moment in [*moments, *cuts]:
        aware = moment.replace(tzinfo=BERLIN).astimezone(UTC)
        assert sum(window.holds(aware) for window in windows) == int(whole.holds(aware))


def test_an_end_before_the_beginning_is_refused() -> None:
    with pytest.raises(InvalidInput, match="lies before since"):
        window_of(between("2026-03-03", "2026-03-02"), zone=BERLIN, now=NOW)


@pytest.mark.parametrize("text", ["yesterday", "2026-13-01", "02.03.2026", ""])
def test_a_moment_that_is_not_iso_8601_is_refused_by_name(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_moment("until", text)

    assert caught.value.field == "until"


@pytest.mark.parametrize("text", ["0001-01-01", "9999-12-31T23:59"])
def test_a_moment_at_the_edge_of_the_calendar_is_refused_not_a_crash(text: str) -> None:
    zone = ZoneInfo("Asia/Tokyo" if text.startswith("0") else "Pacific/Midway")

    with pytest.raises(InvalidInput, match="outside the calendar"):
        window_of(Between(since=parse_moment("since", text)), zone=zone, now=NOW)


def test_exactly_one_span_is_asked_for() -> None:
    assert span_of(last="7d") == Last(span=timedelta(days=7))
    assert span_of(thread="m1") == Thread(root="m1")  # pyright: ignore[reportArgumentType]
    assert span_of(unread_from="m1") == UnreadFrom(message="m1")  # pyright: ignore[reportArgumentType]
    assert span_of(since="2026-03-02") == between("2026-03-02")


@pytest.mark.parametrize(
    "named",
    [{}, {"last": "7d", "thread": "m1"}, {"until": "2026-03-02"}, {"last": "7d", "until": "2026-03-02"}],
)
def test_none_two_or_an_end_alone_is_refused(named: dict[str, str]) -> None:
    with pytest.raises(InvalidInput, match="exactly one"):
        span_of(**named)


def test_the_zone_asked_for_wins_then_the_readers_then_utc() -> None:
    odd = ANN.__class__(id=ANN.id, handle="x", timezone="Mars/Olympus")

    assert zone_of("Asia/Tokyo", ANN).key == "Asia/Tokyo"
    assert zone_of("", ANN).key == "Europe/Berlin"
    assert zone_of("", odd).key == "UTC"


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../../etc/passwd", "CET+1", "\x00"])
def test_an_unknown_zone_is_refused(zone: str) -> None:
    with pytest.raises(InvalidInput, match="IANA"):
        zone_of(zone, ANN)
