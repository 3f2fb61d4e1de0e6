from __future__ import annotations

import json
from typing import Any

import pytest

from core.errors import InvalidFile
from core.ids import ChannelId, WorkspaceId
from gateway.importers.jsonl import JsonlImport
from gateway.importers.report import Report
from summarize.models import Message
from tests.support.import_desk import EVER, Desk

ACME = WorkspaceId("acme")


def _line(**fields: Any) -> str:
    return json.dumps(
        {"id": "m1", "channel": "c1", "author": "u1", "ts": "2026-03-02T12:00:00Z", "text": "hi"} | fields
    )


async def _load(desk: Desk, *lines: str | bytes) -> Report:
    path = desk.folder / "chat.jsonl"
    path.write_bytes(b"\n".join(line if isinstance(line, bytes) else line.encode() for line in lines))
    importer = JsonlImport(directory=desk.directory, intake=desk.intake, events=desk.events, clock=desk.clock)
    return await importer.run(path, workspace=ACME)


async def _messages(desk: Desk) -> list[Message]:
    return await desk.store.in_window(ACME, ChannelId("c1"), EVER)


async def test_lines_become_messages_in_public_channels_made_on_demand(desk: Desk) -> None:
    report = await _load(
        desk, _line(), _line(id="m2", author="u2", thread="m1", ts=1772452860, text="yes <@u1>")
    )

    first, second = await _messages(desk)
    assert (second.root, second.at.minute, first.text) == ("m1", 1, "hi")
    channel = await desk.directory.find_channel(ACME, "c1")
    assert (channel.kind.value, report.counts["people"], report.counts["channels"]) == ("public", 2, 1)
    assert [event.data["type"] for event in await desk.logged()] == ["post", "reply", "mention", "reply_to"]


async def test_the_second_import_changes_nothing_and_a_later_line_wins(desk: Desk) -> None:
    lines = [_line(), _line(text="edited", edited="2026-03-02T13:00:00Z")]
    await _load(desk, *lines)

    again = await _load(desk, *lines)

    assert [message.text for message in await _messages(desk)] == ["edited"]
    assert (again.imported, again.updated) == (0, 0)
    assert again.balanced


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{not json", "not JSON"),
        ("[1]", "message: is not a JSON object"),
        (_line(ts="yesterday"), "ts: is neither ISO 8601 nor a number of seconds since 1970"),
        (_line(id=""), "id: is not an identifier: 1 to 128"),
        (_line(channel="two words"), "channel: is not an identifier: 1 to 64"),
        (_line(text=None), "text: Input should be a valid string"),
        (_line(kind="deleted"), "kind: is not for messages that are sent"),
        (json.dumps({"id": "m1"}), "channel: Field required"),
        (b'{"id": "\xff"}', "not JSON"),
    ],
)
async def test_a_bad_line_is_reported_by_number_and_the_rest_imported(
    desk: Desk, line: str | bytes, reason: str
) -> None:
    report = await _load(desk, _line(id="before"), line, "", _line(id="after"))

    assert (report.read, report.imported) == (3, 2)
    ((why, places),) = report.places.items()
    assert why.startswith(reason)
    assert [place.at for place in places] == ["line 2"]


async def test_a_reason_never_quotes_what_was_written(desk: Desk) -> None:
    report = await _load(desk, _line(text={"secret": "the launch is on friday"}), _line(ts="launch friday"))

    assert "friday" not in json.dumps(report.as_json())


async def test_numbers_are_identifiers_too_and_a_byte_order_mark_is_no_error(desk: Desk) -> None:
    report = await _load(desk, b"\xef\xbb\xbf" + _line(id=5, author=7).encode())

    assert report.imported == 1


async def test_a_file_that_is_not_there_is_named(desk: Desk) -> None:
    importer = JsonlImport(directory=desk.directory, intake=desk.intake, events=desk.events, clock=desk.clock)

    with pytest.raises(InvalidFile, match=r"nowhere\.jsonl"):
        await importer.run(desk.folder / "nowhere.jsonl", workspace=ACME)
