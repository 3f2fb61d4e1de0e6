"""Timeline, markup and sketches, one law at a time."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samples.filler import Phrases
from samples.generate import main
from samples.markup import to_blocks, to_mrkdwn, to_plain
from samples.timeline import Timeline, span, utc_offset
from samples.workspace import load_workspace

DATES = st.dates(min_value=date(2024, 1, 1), max_value=date(2034, 12, 31))


@given(end=DATES, number=st.integers(-40, 60))
def test_workdays_are_weekdays_and_grow(end: date, number: int):
    timeline = Timeline.until(end)

    assert timeline.workday(number).weekday() < 5
    assert timeline.workday(number) < timeline.workday(number + 1)


@given(end=DATES)
def test_workday_zero_is_before_the_end_and_one_is_not(end: date):
    timeline = Timeline.until(end)

    assert timeline.workday(0) < end <= timeline.workday(1)


@settings(max_examples=20, deadline=None)
@given(end=DATES)
def test_days_and_number_agree(end: date):
    timeline = Timeline.until(end)

    for day, number in timeline.days():
        if number is not None:
            assert timeline.workday(number) == day
            assert timeline.number(datetime(day.year, day.month, day.day, 12, tzinfo=UTC)) == number


@given(end=DATES)
def test_the_four_last_workdays_lie_within_seven_days(end: date):
    timeline = Timeline.until(end)

    assert end - timeline.workday(-3) < timedelta(days=7)


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", date(2026, 3, 28), 1),
        ("Europe/Berlin", date(2026, 3, 29), 2),
        ("Europe/Berlin", date(2026, 10, 25), 1),
        ("America/New_York", date(2026, 3, 7), -5),
        ("America/New_York", date(2026, 3, 8), -4),
        ("America/New_York", date(2026, 11, 1), -5),
        ("Asia/Kolkata", date(2026, 7, 1), 5.5),
    ],
)
def test_offsets_follow_the_rules_of_summer_time(zone: str, day: date, hours: float):
    assert utc_offset(zone, day) == timedelta(hours=hours)


def test_words_turn_into_days_dates_and_clock_times():
    timeline = Timeline.until(date(2026, 6, 12))

    text = timeline.words(
        "by {+1} or {+2d}, since {t-1h30m}", day=0, start=datetime(2026, 6, 11, 9, tzinfo=UTC)
    )

    assert text == "by Friday or 15 June, since 07:30"


def test_a_span_that_is_none_is_refused():
    assert span("-4h10m") == -timedelta(hours=4, minutes=10)
    with pytest.raises(ValueError, match="soon"):
        span("soon")


def test_a_naive_end_is_refused():
    with pytest.raises(ValueError, match="time zone"):
        Timeline.until(datetime(2026, 6, 12))  # noqa: DTZ001


def test_markup_becomes_mrkdwn_plain_and_blocks():
    workspace = load_workspace()
    text = "> a < b & c\n@maya see #incidents and [the brief](https://x.example/b) :tada: `p >= 0`\n```\n@maya\n```"

    mrkdwn = to_mrkdwn(workspace, text)
    blocks = to_blocks(workspace, text, "b1")[0]["elements"]

    maya, channel = workspace.people["maya"].id, workspace.channels["incidents"].id
    assert mrkdwn == (
        f"&gt; a &lt; b &amp; c\n<@{maya}> see <#{channel}|incidents> and <https://x.example/b|the brief> "
        ":tada: `p &gt;= 0`\n```\n@maya\n```"
    )
    assert to_plain(workspace, text).startswith(
        "> a < b & c\n@maya see #incidents and the brief (https://x.example/b)"
    )
    assert [b["type"] for b in blocks] == ["rich_text_quote", "rich_text_section", "rich_text_preformatted"]


def test_phrases_choose_and_fill():
    voice = Phrases(slots={"depot": ["Kiel"]}, handles=["maya"])

    said = {voice.say("[a|b] {depot} {person} {nn}", Random(i))[:13] for i in range(20)}  # noqa: S311

    assert said == {"a Kiel @maya ", "b Kiel @maya "}


def test_a_person_is_one_team_in_each_time_zone():
    zones = {p.team: set() for p in load_workspace().humans}
    for person in load_workspace().humans:
        zones[person.team].add(person.tz)

    assert len(zones["platform"]) == 3


def test_the_command_refuses_an_end_that_is_no_date(tmp_path):
    with pytest.raises(SystemExit):
        main([str(tmp_path / "x.zip"), "--end", "tomorrow"])
