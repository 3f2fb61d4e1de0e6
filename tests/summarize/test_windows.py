"""What is in a window, and as what: read markers, thread roots, and every kind of message."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from core.directory import Person
from core.errors import InvalidInput, NotFound
from core.ids import MessageId, UserId
from summarize.access import Access
from summarize.asks import Between, Last, Thread, UnreadFrom, span_of
from summarize.markers import ReadMarkers
from summarize.material import Material, Reading, prepare
from summarize.models import FileMarker, Message, MessageKind, Reaction
from summarize.names import Names
from summarize.reading import read
from tests.support.talk import (
    ACME,
    ANN,
    BEN,
    CAT,
    CHANNELS,
    GENERAL,
    PEOPLE,
    ROBOT,
    SECRET,
    START,
    Room,
    material,
    said,
)

UTC = ZoneInfo("UTC")
TS = [f"{START.timestamp() + 60 * n:.6f}" for n in range(5)]


async def window(room: Room, span: Between | Last | Thread | UnreadFrom, zone: ZoneInfo = UTC) -> Reading:
    """What Ann finds in #general."""
    access = Access(room.directory, room.messages)
    view = await access.view(ACME, "@ann", "#general", now=room.clock.now())
    return await read(access, view, span, zone=zone, now=room.clock.now())


def ids(found: Reading) -> list[str]:
    return [message.id for message in found.found]


async def talk(room: Room) -> None:
    await room.hears(*(said(n, BEN, f"Report {n} is ready", id=f"{GENERAL}-{TS[n]}") for n in range(5)))


@pytest.mark.parametrize(
    "marker",
    [f"{GENERAL}-{TS[2]}", TS[2], "2026-03-02T08:02:00Z", "2026-03-02T09:02:00+01:00", "2026-03-02 08:02"],
)
async def test_unread_from_takes_a_message_its_slack_ts_or_its_time(room: Room, marker: str) -> None:
    await talk(room)

    found = await window(room, UnreadFrom(message=MessageId(marker)))

    assert ids(found) == [f"{GENERAL}-{TS[n]}" for n in (3, 4)]


async def test_a_ts_whose_message_is_gone_without_a_trace_still_marks_its_moment(room: Room) -> None:
    await talk(room)

    found = await window(room, UnreadFrom(message=MessageId(f"{START.timestamp() + 150:.6f}")))

    assert ids(found) == [f"{GENERAL}-{TS[n]}" for n in (3, 4)]


async def test_a_time_without_an_offset_is_on_the_readers_clock(room: Room) -> None:
    await talk(room)

    found = await window(room, UnreadFrom(message=MessageId("2026-03-02T09:02")), ZoneInfo("Europe/Berlin"))

    assert len(found.found) == 2


async def test_of_messages_at_one_moment_those_after_the_marked_one_are_unread(room: Room) -> None:
    await room.hears(*(said(0, BEN, "at once", id=id) for id in ("a", "b", "c")))

    assert ids(await window(room, UnreadFrom(message=MessageId("b")))) == ["c"]


@pytest.mark.parametrize("marker", ["nothing", f"{GENERAL}-x", "12.5"])
async def test_a_marker_that_is_neither_is_not_found(room: Room, marker: str) -> None:
    with pytest.raises(NotFound, match="message"):
        await window(room, UnreadFrom(message=MessageId(marker)))


async def test_a_day_that_is_none_is_refused_by_name(room: Room) -> None:
    with pytest.raises(InvalidInput, match="unread_from"):
        await window(room, UnreadFrom(message=MessageId("2026-02-30")))


async def test_the_posted_marker_of_another_reader_or_channel_does_not_count(room: Room) -> None:
    await talk(room)
    markers, access = ReadMarkers(room.database), Access(room.directory, room.messages)
    await markers.put(ACME, BEN.id, {GENERAL: START})
    await markers.put(ACME, ANN.id, {SECRET: START})
    view = await access.view(ACME, "@ann", "#general", now=room.clock.now())

    with pytest.raises(InvalidInput, match="read-markers"):
        await markers.unread(view, now=room.clock.now())
    await markers.put(ACME, ANN.id, {GENERAL: START + timedelta(minutes=3)})
    span = await markers.unread(view, now=room.clock.now())

    assert ids(await window(room, span)) == [f"{GENERAL}-{TS[4]}"]


async def test_a_marker_can_be_set_back_and_one_of_the_future_leaves_nothing_unread(room: Room) -> None:
    await talk(room)
    markers, access = ReadMarkers(room.database), Access(room.directory, room.messages)
    view = await access.view(ACME, "@ann", "#general", now=room.clock.now())

    await markers.put(ACME, ANN.id, {GENERAL: room.clock.now() + timedelta(days=9)})
    ahead = await window(room, await markers.unread(view, now=room.clock.now()))
    await markers.put(ACME, ANN.id, {GENERAL: START - timedelta(days=1)})
    back = await window(room, await markers.unread(view, now=room.clock.now()))

    assert (len(ahead.found), len(back.found)) == (0, 5)


@pytest.mark.parametrize(
    ("since", "until", "hours"),
    [
        ("2026-03-29T00:00", "2026-03-29T03:00", [0, 1]),  # 02:00 to 03:00 does not exist
        ("2026-10-25T02:00", "2026-10-25T03:00", [0, 1]),  # comes twice: both are in it
        ("2026-10-25T02:00+02:00", "2026-10-25T02:00+01:00", [0]),  # the first of the two
        ("2026-10-25T02:00+01:00", "2026-10-25T03:00+01:00", [1]),  # the second
    ],
)
async def test_an_explicit_end_is_kept_to_the_hour_also_when_the_clocks_change(
    room: Room, since: str, until: str, hours: list[int]
) -> None:
    night = datetime.fromisoformat(since[:10] + "T00:00Z")
    begin = night - timedelta(hours=1) if since.startswith("2026-03") else night
    talk = [
        replace(said(0, BEN, f"Hour {n}", id=f"h{n}"), at=begin + timedelta(hours=n, minutes=30))
        for n in range(-2, 5)
    ]
    await room.hears(*talk)
    room.clock.advance(timedelta(days=300))
    span = span_of(since=since, until=until)
    assert isinstance(span, Between)

    found = await window(room, span, ZoneInfo("Europe/Berlin"))

    assert ids(found) == [f"h{n}" for n in hours]


async def test_a_window_that_ends_at_midnight_leaves_the_next_day_out(room: Room) -> None:
    midnight = datetime(2026, 3, 2, 23, 0, tzinfo=UTC)  # in Berlin
    await room.hears(
        *(
            replace(said(0, BEN, "A report is ready", id=name), at=midnight + timedelta(microseconds=offset))
            for name, offset in (("last", -1), ("first", 0))
        )
    )
    room.clock.advance(timedelta(days=2))
    monday, tuesday = (span_of(since=f"2026-03-0{day}", until=f"2026-03-0{day + 1}") for day in (2, 3))
    berlin = ZoneInfo("Europe/Berlin")

    assert ids(await window(room, monday, berlin)) == ["last"]
    assert ids(await window(room, tuesday, berlin)) == ["first"]


async def test_replies_bring_their_root_also_when_it_is_deleted_or_of_last_year(room: Room) -> None:
    old = replace(said(0, ANN, "Which queue do we use?", id="old"), at=START - timedelta(days=400))
    await room.hears(old, said(1, CAT, "gone soon", id="gone"))
    await room.intake.bury(ACME, MessageId("gone"))
    await room.hears(
        said(100, BEN, "Postgres it is.", root="old", id="r1"),
        said(101, BEN, "Agreed.", root="gone", id="r2"),
    )

    found = await window(room, Between(since=START + timedelta(minutes=50)))

    assert ids(found) == ["r1", "r2"]
    assert [(m.id, m.kind) for m in found.context] == [
        ("old", MessageKind.TEXT),
        ("gone", MessageKind.DELETED),
    ]


def kept(*messages: Message) -> Material:
    return material(messages)


def test_a_poll_is_carried_with_its_question_and_options() -> None:
    poll = said(
        0, ROBOT, "Which day suits the release?\n• Monday: 3\n• Friday: 1", kind=MessageKind.POLL, id="poll"
    )

    (entry,) = kept(poll).entries

    assert entry.message.kind is MessageKind.POLL
    assert all(word in entry.text for word in ("Which day", "Monday", "Friday"))


def test_notices_tombstones_and_files_without_words_are_counted_as_what_they_are_and_never_told() -> None:
    found = kept(
        said(0, ANN, "joined #general", kind=MessageKind.SYSTEM),
        said(1, BEN, "", kind=MessageKind.DELETED),
        replace(said(2, CAT, "", kind=MessageKind.FILE), files=(FileMarker(name="plan.pdf"),)),
        said(3, BEN, "The report is ready for review."),
    )

    assert [entry.message.id for entry in found.entries] == ["m3"]
    assert found.skipped == {"system": 1, "deleted": 1, "file-only": 1}


def test_an_edit_a_file_beside_words_and_reactions_stay_with_their_message() -> None:
    edited = replace(
        said(0, BEN, "The release is on Friday."),
        edited_at=START + timedelta(minutes=5),
        files=(FileMarker(name="plan.pdf", mimetype="application/pdf"),),
        reactions=(Reaction(name="+1", users=(ANN.id, CAT.id)), Reaction(name="eyes", users=(CAT.id,))),
    )

    (entry,) = kept(edited).entries

    assert entry.message.edited_at == START + timedelta(minutes=5)
    assert entry.message.files == edited.files
    assert entry.reactions == 2  # who agrees; eyes say nothing


def test_a_bots_alarm_is_carried_as_a_bots() -> None:
    (entry,) = kept(said(0, ROBOT, "[P1] gateway is down, 12 depots offline", kind=MessageKind.BOT)).entries

    assert entry.message.kind is MessageKind.BOT
    assert entry.author == "Beacon"


def test_two_people_with_one_display_name_stay_two_people() -> None:
    twins = [Person(id=UserId(f"U_SAM{n}"), handle=f"sam{n}", display_name="Sam") for n in (1, 2)]
    talk = [said(n, one, "I'll write the migration by Friday.") for n, one in enumerate(twins)]
    names = Names([*PEOPLE, *twins], CHANNELS)

    found = prepare(Reading(window=kept().window, found=talk), names)

    first, second = found.entries
    assert first.author != second.author
    assert (first.message.author, second.message.author) == ("U_SAM1", "U_SAM2")
