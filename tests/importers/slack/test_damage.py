"""What is broken is reported with its name and place; the rest is imported."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from core.errors import InvalidFile, InvalidInput
from gateway.importers.report import Report
from gateway.importers.slack.reading import read_array
from tests.support.import_desk import Desk
from tests.support.slack_export import ANNA, BEN, GENERAL, SlackExport, said, ts

pytestmark = pytest.mark.slow

GOOD = [said(0, "one"), said(1, "two"), said(2, "three")]
FILE = "general/2026-03-02.json"


def _places(report: Report, reason: str) -> list[tuple[str, str]]:
    return [(place.file, place.at) for place in report.places[reason]]


@pytest.mark.parametrize("indent", [None, 4])
async def test_whole_objects_around_a_damaged_one_are_imported(desk: Desk, indent: int | None) -> None:
    text = json.dumps(GOOD, indent=indent).replace('"text": "two"', '"text": two"')

    report = await desk.take(SlackExport().day("general", text.encode()))

    assert [message.text for message in await desk.messages(GENERAL)] == ["one", "three"]
    assert report.skipped == {"damaged JSON": 1}
    ((file, at),) = _places(report, "damaged JSON")
    assert file == FILE
    assert at.startswith("line 1, column" if indent is None else "line 11, column")
    assert report.balanced


@pytest.mark.parametrize(
    "break_it",
    [
        lambda text: text.replace('"two",', '"two"', 1),  # a comma is missing
        lambda text: text.replace('"two"', '"two', 1),  # a quote is missing
        lambda text: text.replace('"text": "two"', '"text": NaN NaN', 1),
        lambda text: text.replace('"two"', '"t"wo"', 1),
        lambda text: text.replace('"text": "two"', '"text": {"two"', 1),
    ],
)
@pytest.mark.parametrize("indent", [None, 2, 4])
async def test_no_damage_within_one_object_costs_another(
    desk: Desk, break_it: object, indent: int | None
) -> None:
    text = break_it(json.dumps(GOOD, indent=indent))  # pyright: ignore[reportCallIssue]

    report = await desk.take(SlackExport().day("general", text.encode()))

    assert [message.text for message in await desk.messages(GENERAL)] == ["one", "three"]
    assert sum(report.skipped.values()) == 1


@pytest.mark.parametrize("indent", [None, 4])
async def test_a_file_cut_off_gives_what_stands_before_the_cut(desk: Desk, indent: int | None) -> None:
    whole = json.dumps([*GOOD, said(3, "cut", files=[{"id": "F1", "name": "n"}], blocks=[])], indent=indent)

    report = await desk.take(SlackExport().day("general", whole[: whole.index('"blocks"')].encode()))

    assert [message.text for message in await desk.messages(GENERAL)] == ["one", "two", "three"]
    assert report.skipped == {"damaged JSON": 1}
    assert "the array does not end" in report.places


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty file"),
        (b"  \n", "empty file"),
        (b'"just a string"', "not a JSON array"),
        (b"17", "not a JSON array"),
        (b"<html>login</html>", "not a JSON array"),
        (b"\x00\x01\x02", "not a JSON array"),
        (b'{"ok": false}', "not a JSON array"),
    ],
)
async def test_a_file_that_is_no_array_is_reported_and_the_next_one_read(
    desk: Desk, data: bytes, reason: str
) -> None:
    export = SlackExport().day("general", data).day("general", [said(0, "next")], "2026-03-03")

    report = await desk.take(export)

    assert _places(report, reason)[0][0] == FILE
    assert report.imported == 1


async def test_an_empty_day_is_nothing_to_report(desk: Desk) -> None:
    report = await desk.take(SlackExport().day("general", []))

    assert (report.read, report.places) == (0, {})


async def test_an_array_wrapped_in_an_object_is_opened(desk: Desk) -> None:
    report = await desk.take(SlackExport().day("general", {"messages": GOOD, "ok": True}))

    assert report.imported == 3


async def test_elements_that_are_no_messages_are_skipped_each_with_its_place(desk: Desk) -> None:
    messages = [
        said(0, "good"),
        "a string",
        None,
        7,
        [],
        {"type": "message", "text": "no ts", "user": ANNA},
        said(1, "x") | {"ts": "yesterday"},
        said(1, "x") | {"ts": "99999999999999.0"},
        said(1, "x") | {"ts": -5},
        said(1, "x") | {"ts": {"a": 1}},
        said(1, "x") | {"ts": "0.000000"},
    ]

    report = await desk.take(SlackExport().day("general", messages))

    assert report.skipped == {"not an object": 4, "no ts": 1, "ts is not a time": 5}
    assert (report.read, report.imported) == (11, 1)
    assert _places(report, "no ts") == [(FILE, "message 6")]


async def test_a_ts_without_fraction_or_as_a_number_is_the_same_time(desk: Desk) -> None:
    base = int(float(ts(0)))
    messages = [
        said(0, "a") | {"ts": str(base)},
        said(1, "b") | {"ts": base + 1},
        said(2, "c") | {"ts": base + 2.5},
    ]

    await desk.take(SlackExport().day("general", [*messages, said(3, "d", thread_ts=str(base))]))

    found = await desk.messages(GENERAL)
    assert [message.id.partition("-")[2] for message in found[:3]] == [ts(0), ts(1), ts(2, 500_000)]
    assert found[3].root == found[0].id


@pytest.mark.parametrize(
    ("encoding", "says"),
    [("utf-8-sig", None), ("cp1252", "Windows-1252"), ("utf-16", "UTF-16")],
)
async def test_another_encoding_is_read_and_named(desk: Desk, encoding: str, says: str | None) -> None:
    data = json.dumps([said(0, "grüße")], ensure_ascii=False).encode(encoding)

    report = await desk.take(SlackExport().day("general", data))

    assert (await desk.only(GENERAL)).text == "grüße"
    assert [reason for reason in report.places if "not UTF-8" in reason] == (
        [f"not UTF-8: read as {says}"] if says else []
    )


async def test_damaged_bytes_in_utf8_cost_only_themselves(desk: Desk) -> None:
    data = json.dumps([said(0, "grüße XX ok")], ensure_ascii=False).encode().replace(b"XX", b"\xff\xfe")

    await desk.take(SlackExport().day("general", data))

    assert (await desk.only(GENERAL)).text == "grüße \ufffd\ufffd ok"


async def test_surrogates_and_control_characters_are_dropped_from_text(desk: Desk) -> None:
    raw = rb'[{"type":"message","user":"U0ANNA000","ts":"1772452800.000000","text":"a\ud800b\u0000c\td"}]'

    await desk.take(SlackExport().day("general", raw))

    assert (await desk.only(GENERAL)).text == "abc\td"


async def test_the_same_message_twice_is_skipped_as_such(desk: Desk) -> None:
    report = await desk.take(
        SlackExport()
        .day("general", [said(0, "a"), said(0, "a")])
        .day("general", [said(0, "a")], "2026-03-03")
    )

    assert (report.imported, report.skipped) == (1, {"the same message again": 2})


async def test_two_messages_with_one_ts_are_both_kept_and_pointed_out(desk: Desk) -> None:
    export = SlackExport().day("general", [said(0, "a"), said(0, "b", BEN), said(0, "c")])

    report = await desk.take(export)
    again = await desk.take(export)

    assert {message.id: message.text for message in await desk.messages(GENERAL)} == {
        f"{GENERAL}-{ts(0)}": "a",
        f"{GENERAL}-{ts(0)}-2": "b",
        f"{GENERAL}-{ts(0)}-3": "c",
    }
    assert report.places["another message has the same ts: kept under an id of its own"]
    assert (again.imported, again.updated, again.unchanged) == (0, 0, 3)


async def test_a_damaged_listing_costs_only_the_entry(desk: Desk) -> None:
    users = json.dumps(SlackExport().users, indent=4).replace('"name": "ben"', '"name": ben"')

    report = await desk.take(SlackExport(users=users.encode()).day("general", [said(0, "x", BEN)]))

    assert report.places["damaged JSON"][0].file == "users.json"
    assert report.imported == 1
    assert {person.id for person in await desk.directory.people(report.workspace)} >= {ANNA, BEN}  # pyright: ignore[reportArgumentType]


async def test_a_broken_zip_is_refused_by_name(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "broken.zip"
    path.write_bytes(b"PK\x03\x04 not really")

    with pytest.raises(InvalidFile, match=r"not a zip archive.*broken\.zip"):
        await desk.take_path(path)


async def test_what_is_not_there_or_holds_nothing_is_refused(desk: Desk, tmp_path: Path) -> None:
    with pytest.raises(InvalidFile, match="is not there"):
        await desk.take_path(tmp_path / "nowhere.zip")
    with pytest.raises(InvalidFile, match="holds no users"):
        await desk.take_path(tmp_path)


async def test_a_member_whose_bytes_rot_is_reported_and_the_rest_read(desk: Desk, tmp_path: Path) -> None:
    path = (
        SlackExport()
        .day("general", [said(0, "rotten")])
        .day("general", GOOD, "2026-03-03")
        .to_zip(tmp_path / "e.zip")
    )
    with zipfile.ZipFile(path) as archive:
        info = archive.getinfo(FILE)
        offset = info.header_offset + 30 + len(FILE)
    data = bytearray(path.read_bytes())
    data[offset + 20] ^= 0xFF
    path.write_bytes(data)

    report = await desk.take_path(path)

    assert any(place.file == FILE for places in report.places.values() for place in places)
    assert report.imported >= 3


async def test_paths_that_lead_out_of_a_zip_are_not_read(desk: Desk, tmp_path: Path) -> None:
    path = SlackExport().day("general", GOOD).to_zip(tmp_path / "e.zip")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("../../etc/2026-03-02.json", json.dumps([said(9, "evil")]))
        archive.writestr("/abs/2026-03-02.json", json.dumps([said(9, "evil")]))

    report = await desk.take_path(path)

    assert report.read == 3
    assert "Not read: ../../etc/2026-03-02.json" in report.notes


async def test_links_in_a_folder_are_not_followed(desk: Desk, tmp_path: Path) -> None:
    outside = tmp_path / "outside.json"
    outside.write_text(json.dumps([said(9, "not of this export")]))
    root = SlackExport().day("general", GOOD).to_folder(tmp_path / "e")
    (root / "general" / "2026-03-09.json").symlink_to(outside)

    report = await desk.take_path(root)

    assert report.read == 3


async def test_a_workspace_id_with_spaces_is_refused(desk: Desk) -> None:
    with pytest.raises(InvalidInput, match="--workspace"):
        await desk.take(SlackExport(), workspace="my team")


def test_parts_of_a_truncated_message_are_not_taken_for_messages() -> None:
    data = b'[{"type":"message","ts":"1.0","replies":[{"user":"U1","ts":"2.0"},{"user":"U2","ts":"3.0"}],"te'

    assert read_array(data).items == []
