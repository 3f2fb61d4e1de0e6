from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from core.directory import Person
from core.errors import InvalidInput
from core.ids import ChannelId, MessageId, UserId
from gateway.console.asking import Asked, up_to
from gateway.console.emoji import glyph
from gateway.console.forms import local
from gateway.console.moments import ago, day, moment, zone_of
from gateway.links import channel_path, message_path, with_notice
from summarize.asks import Between, Last, Thread

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


def test_a_time_is_told_on_the_readers_clock_and_for_machines_in_utc():
    found = moment(datetime(2026, 3, 1, 23, 30, tzinfo=UTC), BERLIN, NOW)

    assert found.text == "Mon 2 Mar, 00:30"
    assert found.iso == "2026-03-01T23:30:00+00:00"
    assert found.full == "Monday 2 March 2026, 00:30 CET"


def test_another_year_is_named():
    assert moment(datetime(2025, 12, 31, 12, 0, tzinfo=UTC), UTC, NOW).text == "Wed 31 Dec 2025, 12:00"


def test_a_day_begins_at_the_readers_midnight():
    assert day(datetime(2026, 3, 1, 23, 30, tzinfo=UTC), BERLIN) == "Monday 2 March 2026"


@pytest.mark.parametrize(
    ("minutes", "words"),
    [(0, "just now"), (5, "5 min ago"), (61, "1 h ago"), (47 * 60, "47 h ago"), (49 * 60, "2 days ago")],
)
def test_how_long_ago(minutes: int, words: str):
    assert ago(NOW - timedelta(minutes=minutes), NOW) == words


@pytest.mark.parametrize("timezone", ["", "Mars/Olympus", "../../etc/passwd", "\0"])
def test_an_unknown_time_zone_is_read_as_utc(timezone: str):
    assert zone_of(Person(id=UserId("U1"), handle="a", timezone=timezone)) is UTC


@pytest.mark.parametrize(
    ("path", "to"),
    [
        ("/channels?a=b", "/channels?a=b"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example", "/"),
        ("/a\r\nSet-Cookie: x", "/"),
        ("/\t/evil.example", "/"),
        ("", "/"),
    ],
)
def test_one_is_only_ever_sent_on_within_the_console(path: str, to: str):
    assert local(path) == to


def test_odd_ids_make_one_part_of_a_path_each():
    path = message_path(ChannelId("C/1"), MessageId("a/b?c#d"), back="/channels/C?last=7d&x=1")

    assert path == (
        "/channels/C%2F1/messages/a%2Fb%3Fc%23d?from=%2Fchannels%2FC%3Flast%3D7d%26x%3D1#m-a%2Fb%3Fc%23d"
    )


def test_a_notice_replaces_the_one_before():
    once = with_notice("/x?a=1", "one")

    assert with_notice(once, "two & more") == "/x?a=1&notice=two+%26+more"


def test_no_query_asks_for_nothing_and_a_window_for_a_summary():
    assert not Asked().is_asking
    assert Asked().chosen == "7d"
    assert Asked(last="24h").span == Last(span=timedelta(hours=24))
    assert Asked(thread="M1", last="7d").span == Thread(root=MessageId("M1"))


def test_a_custom_window_is_on_the_readers_clock():
    asked = Asked(last="custom", since="2026-03-01T00:00", until="")

    assert asked.span == Between(since=datetime(2026, 3, 1))  # noqa: DTZ001  a time as the reader wrote it


def test_a_custom_window_needs_a_beginning():
    with pytest.raises(InvalidInput, match="since"):
        _ = Asked(last="custom").span


def test_the_week_up_to_a_message_includes_it():
    query = up_to(datetime(2026, 3, 2, 8, 30, 59, tzinfo=UTC), BERLIN)

    assert query == {"last": "custom", "since": "2026-02-23T09:30", "until": "2026-03-02T09:31"}
    assert channel_path(ChannelId("C1"), **query).startswith("/channels/C1?last=custom&since=")


def test_skin_tones_are_left_out():
    assert glyph("+1::skin-tone-4") == "👍"
