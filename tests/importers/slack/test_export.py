"""Whole exports: whose they are, who may read what, doing it again, and what recommendation learns."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from core.directory import ChannelKind
from core.errors import NotFound
from core.ids import ChannelId, UserId, WorkspaceId
from summarize.access import Access
from summarize.models import MessageKind
from tests.support.import_desk import WORKSPACE, Desk, desk_over
from tests.support.slack_export import (
    ANNA,
    BEN,
    BOT_USER,
    DIRECT,
    GENERAL,
    GONE,
    GROUP,
    GUEST,
    SECRET,
    TEAM,
    SlackExport,
    channel,
    said,
    ts,
    user,
)

pytestmark = pytest.mark.slow


def _full() -> SlackExport:
    """Every kind of conversation, with threads, reactions, mentions, bots and notices."""
    return (
        SlackExport()
        .day(
            "general",
            [said(-86_400, "morning"), said(-86_390, "hi", BEN, subtype="channel_join")],
            "2026-03-01",
        )
        .day(
            "general",
            [
                said(
                    0,
                    "root <@U0BEN0000> & <@U0ROBOT00>",
                    reactions=[{"name": "+1", "users": [BEN, ANNA, BOT_USER]}],
                ),
                said(1, "reply", BEN, thread_ts=ts(0), parent_user_id=ANNA),
                said(2, "beep", BOT_USER, bot_id="B0ROBOT00"),
                said(3, "left", GONE, subtype="channel_leave"),
            ],
        )
        .day("secret", [said(10, "psst", ANNA)])
        .day(DIRECT, [said(20, "hey", ANNA), said(21, "ho", BEN, thread_ts=ts(20))])
        .day("mpdm-anna--ben--gil-1", [said(30, "three of us", GUEST)])
    )


async def test_every_message_object_is_accounted_for(desk: Desk) -> None:
    report = await desk.take(_full())

    assert (report.read, report.imported, sum(report.skipped.values())) == (10, 10, 0)
    assert report.counts["files"] == 5
    assert report.balanced


async def test_the_second_import_changes_nothing(desk: Desk) -> None:
    await desk.take(_full())
    before = await desk.everything()

    again = await desk.take(_full())

    assert (again.read, again.imported, again.updated, again.unchanged) == (10, 0, 0, 10)
    assert again.counts["events"] == 0
    assert await desk.everything() == before
    assert desk.derived.told == []


async def test_zip_and_folder_and_zip_with_a_top_folder_give_the_same(desk: Desk, tmp_path: Path) -> None:
    paths = [
        _full().to_zip(tmp_path / "a.zip"),
        _full().to_zip(tmp_path / "b.zip", inside="Acme Slack export Jan 1 2026"),
        _full().to_folder(tmp_path / "c"),
    ]
    first = (await desk.take_path(paths[0])).as_json()
    before = await desk.everything()

    for path in paths[1:]:
        report = await desk.take_path(path)
        assert report.unchanged == first["imported"]
    assert await desk.everything() == before


async def test_a_newer_export_updates_and_tells_exactly_what_changed(desk: Desk) -> None:
    await desk.take(SlackExport().day("general", [said(0, "a"), said(1, "b"), said(2, "c")]))

    report = await desk.take(
        SlackExport().day(
            "general",
            [
                said(0, "a2", edited={"user": ANNA, "ts": ts(50)}),
                said(1, "b", reactions=[{"name": "+1", "users": [BEN]}]),
                said(2, "This message was deleted.", "USLACKBOT", subtype="tombstone"),
                said(3, "new"),
            ],
        )
    )

    assert (report.imported, report.updated, report.unchanged) == (1, 3, 0)
    assert set(desk.derived.told) == {f"{GENERAL}-{ts(0)}", f"{GENERAL}-{ts(2)}"}
    assert [message.text for message in await desk.messages(GENERAL)] == ["a2", "b", "", "new"]


async def test_an_older_export_brings_nothing_back(desk: Desk) -> None:
    old = SlackExport().day("general", [said(0, "a"), said(1, "secret plan")])
    await desk.take(
        SlackExport().day(
            "general", [said(0, "a2", edited={"ts": ts(50)}), said(1, "", "USLACKBOT", subtype="tombstone")]
        )
    )

    report = await desk.take(old)

    assert report.skipped == {"older than what is stored": 2}
    assert [message.text for message in await desk.messages(GENERAL)] == ["a2", ""]


async def test_who_may_read_what_is_as_in_slack(desk: Desk) -> None:
    await desk.take(_full())
    directory = desk.directory

    async def readable(id: str) -> set[str]:
        person = await directory.find_person(WORKSPACE, id)
        return {channel.id for channel in await directory.readable_channels(WORKSPACE, person)}

    assert await readable(ANNA) == {GENERAL, SECRET, DIRECT, GROUP}
    assert await readable(BEN) == {GENERAL, DIRECT, GROUP}
    assert await readable(GUEST) == {GROUP}
    assert await readable(GONE) == set()
    assert await readable(BOT_USER) == set()


async def test_leaving_a_private_channel_takes_the_right_to_read_with_the_next_export(desk: Desk) -> None:
    both = _full()
    both.groups = [channel(SECRET, "secret", [ANNA, BEN])]
    await desk.take(both)
    access = Access(desk.directory, desk.store)
    await access.view(WORKSPACE, BEN, SECRET, now=desk.clock.now())

    await desk.take(_full())

    with pytest.raises(NotFound):
        await access.view(WORKSPACE, BEN, SECRET, now=desk.clock.now())


async def test_what_is_listed_as_public_and_private_is_private(desk: Desk) -> None:
    export = SlackExport(groups=[channel(GENERAL, "general", [ANNA])])

    await desk.take(export.day("general", [said(0, "x")]))

    found = await desk.directory.find_channel(WORKSPACE, GENERAL)
    assert found.kind is ChannelKind.PRIVATE


async def test_people_keep_what_the_export_tells_of_them(desk: Desk) -> None:
    users = [
        user(ANNA, "anna", tz="Europe/Berlin", profile={"title": "Engineer"}),
        user(BEN, "ben", is_restricted=True),
        user("U0FOREIGN", "frida", team_id="T0ELSE000"),
        user("U0APP0000", "app", is_app_user=True),
        {"id": "U0BARE000"},
        {"id": "U0NULL000", "name": None, "profile": None, "tz": None, "real_name": None},
    ]
    await desk.take(SlackExport(users=users))

    found = {person.id: person for person in await desk.directory.people(WORKSPACE)}
    assert (found[UserId(ANNA)].timezone, found[UserId(ANNA)].title) == ("Europe/Berlin", "Engineer")
    assert found[UserId(BEN)].guest.value == "multi-channel"
    assert found[UserId("U0FOREIGN")].guest.value == "multi-channel"
    assert not found[UserId("U0APP0000")].is_bot
    assert found[UserId("U0BARE000")].name == "U0BARE000"
    assert found[UserId("U0NULL000")].timezone == "UTC"


async def test_an_organization_export_lists_its_people_elsewhere(desk: Desk) -> None:
    export = SlackExport(users=None)
    export.files["org_users.json"] = [user(ANNA, "anna")]

    report = await desk.take(export.day("general", [said(0, "x")]))

    assert report.workspace == TEAM
    assert (await desk.directory.find_person(WORKSPACE, "anna")).id == ANNA


async def test_a_channel_without_folder_is_there_all_the_same(desk: Desk) -> None:
    report = await desk.take(SlackExport())

    assert {found.id for found in await desk.directory.channels(WORKSPACE)} == {
        GENERAL,
        SECRET,
        DIRECT,
        GROUP,
    }
    assert report.counts["channels without messages"] == 4


async def test_a_folder_in_no_listing_is_imported_and_closed_to_who_did_not_write_in_it(desk: Desk) -> None:
    messages = [said(0, "x", ANNA), said(1, "y", BEN), said(2, "bye", BEN, subtype="group_leave")]

    report = await desk.take(SlackExport().day("lost-and-found", messages))

    found = await desk.directory.find_channel(WORKSPACE, "#lost-and-found")
    assert (report.imported, found.kind) == (3, ChannelKind.PRIVATE)
    assert await desk.directory.members(WORKSPACE, found.id) == {ANNA}
    assert any("lost-and-found" in note for note in report.notes)


async def test_in_an_export_of_public_channels_alone_an_unlisted_folder_is_public(desk: Desk) -> None:
    export = SlackExport(groups=None, dms=None, mpims=None, channels=None)

    report = await desk.take(export.day("general", [said(0, "x")]))

    assert (await desk.directory.find_channel(WORKSPACE, "general")).kind is ChannelKind.PUBLIC
    assert any("channels.json is missing" in note for note in report.notes)


async def test_a_listing_lost_later_does_not_split_a_channel_in_two(desk: Desk) -> None:
    await desk.take(SlackExport().day("general", [said(0, "x")]))

    report = await desk.take(SlackExport(channels=b"").day("general", [said(0, "x"), said(1, "y")]))

    assert (report.unchanged, report.imported) == (1, 1)
    assert len(await desk.messages(GENERAL)) == 2


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("Général", unicodedata.normalize("NFD", "Général")),
        ("проект-日本", "проект-日本"),
        ("General", "general"),
        ("general", GENERAL),
    ],
)
async def test_a_folder_is_found_however_its_name_is_spelled(desk: Desk, name: str, folder: str) -> None:
    export = SlackExport(channels=[channel(GENERAL, name, [ANNA])]).day(folder, [said(0, "x")])

    await desk.take(export, zipped=True)

    assert (await desk.only(GENERAL)).text == "x"


async def test_junk_of_other_systems_is_passed_over(desk: Desk) -> None:
    export = SlackExport().day("general", [said(0, "x")])
    export.files |= {
        "__MACOSX/general/._2026-03-02.json": b"junk",
        "general/.DS_Store": b"junk",
        "general/._2026-03-02.json": b"junk",
        "Thumbs.db": b"junk",
        "integration_logs.json": [],
        "canvases.json": [],
        "canvases/F123.json": {"title": "canvas"},
        "general/canvas_in_the_conversation.json": {"file_id": "F1"},
    }

    report = await desk.take(export, zipped=True)

    assert (report.read, report.imported) == (1, 1)
    assert "Not read: integration_logs.json" in report.notes
    assert report.places["not a file of messages"] or report.places["not a JSON array"]


async def test_the_workspace_is_the_one_most_people_belong_to_or_the_one_asked_for(desk: Desk) -> None:
    assert (await desk.take(SlackExport())).workspace == TEAM
    assert (await desk.take(SlackExport(), workspace="acme")).workspace == "acme"
    assert {workspace.id for workspace in await desk.directory.workspaces()} == {TEAM, "acme"}


async def test_an_export_that_names_no_workspace_is_named_after_its_file(desk: Desk, tmp_path: Path) -> None:
    export = SlackExport(users=None).day("general", [said(0, "x")])
    path = export.to_zip(tmp_path / "Acme Corp Slack export Jan 1 2026 - Feb 1 2026.zip")

    report = await desk.take_path(path)

    assert report.workspace == "acme-corp"
    (workspace,) = await desk.directory.workspaces()
    assert workspace.name == "Acme Corp"
    reader = await desk.directory.find_person(WorkspaceId("acme-corp"), ANNA)
    assert reader.guest.value == "no"


async def test_recommendation_learns_who_did_what_where_and_nothing_more(desk: Desk) -> None:
    await desk.take(_full())
    people = {person.id: person.number for person in await desk.directory.people(WORKSPACE)}
    channels = {found.id: found.number for found in await desk.directory.channels(WORKSPACE)}
    anna, ben, guest, gone = (people[UserId(id)] for id in (ANNA, BEN, GUEST, GONE))
    general, direct = channels[ChannelId(GENERAL)], channels[ChannelId(DIRECT)]

    found = {(e.data["type"], e.actor, str(e.corpus), e.item) for e in await desk.logged()}

    assert found == {
        ("post", anna, "channel", general),
        ("join", ben, "channel", general),
        ("mention", anna, "user", ben),
        ("reaction", ben, "channel", general),
        ("reaction", anna, "channel", general),
        ("react_to", ben, "user", anna),
        ("reply", ben, "channel", general),
        ("reply_to", ben, "user", anna),
        ("leave", gone, "channel", general),
        ("post", anna, "channel", channels[ChannelId(SECRET)]),
        ("post", anna, "channel", direct),
        ("dm", anna, "user", ben),
        ("dm", ben, "user", anna),
        ("reply", ben, "channel", direct),
        ("post", guest, "channel", channels[ChannelId(GROUP)]),
    }
    assert {e.data["public"] for e in await desk.logged() if e.data["channel"] == general} == {True}
    assert {e.data["public"] for e in await desk.logged() if e.data["channel"] != general} == {False}


async def test_an_edit_that_mentions_another_adds_only_that(desk: Desk) -> None:
    await desk.take(SlackExport().day("general", [said(0, "hello <@U0BEN0000>")]))
    count = len(await desk.logged())

    edit = said(0, "hello <@U0BEN0000> <@U0GUEST00>", edited={"ts": ts(9)})
    report = await desk.take(SlackExport().day("general", [edit]))

    assert report.counts["events"] == 1
    assert len(await desk.logged()) == count + 1


async def test_a_crash_between_log_and_store_leads_to_no_gap_and_no_repetition(desk: Desk) -> None:
    from sqlalchemy import text

    await desk.take(_full())
    before = await desk.everything()
    async with desk.database.writing() as connection:
        await connection.execute(text("DELETE FROM messages"))

    report = await desk.take(_full())

    assert (report.imported, report.counts["events"]) == (10, 0)
    assert await desk.everything() == before


async def test_both_databases_hold_the_same(database: object, tmp_path: Path) -> None:
    desk = desk_over(database, tmp_path)  # pyright: ignore[reportArgumentType]

    report = await desk.take(_full())

    assert report.imported == 10
    assert [m.kind for m in await desk.messages(GENERAL)].count(MessageKind.SYSTEM) == 2


async def test_days_beside_the_listings_are_a_channel_of_their_own(desk: Desk) -> None:
    export = SlackExport()
    export.files["2026-03-02.json"] = [said(0, "where do I belong")]

    report = await desk.take(export)

    assert report.imported == 1
    assert any("In no listing" in note for note in report.notes)
