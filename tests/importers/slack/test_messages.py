from __future__ import annotations

from typing import Any

import pytest

from core.ids import UserId
from summarize.models import MessageKind
from tests.support.import_desk import WORKSPACE, Desk
from tests.support.slack_export import ANNA, BEN, BOT, BOT_USER, GENERAL, SlackExport, said, ts


async def _one(desk: Desk, message: dict[str, Any]):
    await desk.take(SlackExport().day("general", [message]))
    return await desk.only(GENERAL)


async def test_a_message_keeps_author_time_and_text(desk: Desk) -> None:
    message = await _one(desk, said(0, "hello"))

    assert (message.id, message.author, message.text) == (f"{GENERAL}-{ts(0)}", ANNA, "hello")
    assert message.at.isoformat() == "2026-03-02T12:00:00+00:00"


@pytest.mark.parametrize(
    ("extra", "kind"),
    [
        ({}, MessageKind.TEXT),
        ({"subtype": "me_message"}, MessageKind.TEXT),
        ({"subtype": "thread_broadcast", "thread_ts": ts(-9)}, MessageKind.TEXT),
        ({"subtype": "bot_message", "user": None, "bot_id": BOT}, MessageKind.BOT),
        ({"user": BOT_USER, "bot_id": BOT, "bot_profile": {"id": BOT, "name": "Robot"}}, MessageKind.BOT),
        ({"bot_id": "B0GIPHY00"}, MessageKind.TEXT),
        ({"user": "USLACKBOT"}, MessageKind.BOT),
        ({"subtype": "channel_join"}, MessageKind.SYSTEM),
        ({"subtype": "group_leave"}, MessageKind.SYSTEM),
        ({"subtype": "channel_topic", "topic": "x"}, MessageKind.SYSTEM),
        ({"subtype": "channel_purpose"}, MessageKind.SYSTEM),
        ({"subtype": "channel_name", "old_name": "a", "name": "b"}, MessageKind.SYSTEM),
        ({"subtype": "channel_archive"}, MessageKind.SYSTEM),
        ({"subtype": "channel_unarchive"}, MessageKind.SYSTEM),
        ({"subtype": "channel_convert_to_private"}, MessageKind.SYSTEM),
        ({"subtype": "pinned_item"}, MessageKind.SYSTEM),
        ({"subtype": "reminder_add"}, MessageKind.SYSTEM),
        ({"subtype": "bot_add"}, MessageKind.SYSTEM),
        ({"subtype": "huddle_thread", "room": {"id": "R1"}}, MessageKind.SYSTEM),
        ({"subtype": "something_of_next_year"}, MessageKind.SYSTEM),
        ({"type": "something_else"}, MessageKind.SYSTEM),
        ({"subtype": "tombstone", "user": "USLACKBOT", "hidden": True}, MessageKind.DELETED),
        ({"text": "", "files": [{"name": "a.png", "mimetype": "image/png"}]}, MessageKind.FILE),
        ({"files": [{"name": "a.png"}], "upload": True}, MessageKind.TEXT),
        (
            {"bot_id": "B1", "user": None, "username": "Simple Poll", "attachments": [{"text": "Lunch?"}]},
            MessageKind.POLL,
        ),
    ],
)
async def test_every_subtype_becomes_its_kind(desk: Desk, extra: dict[str, Any], kind: MessageKind) -> None:
    message = await _one(desk, said(0, "words") | extra)

    assert message.kind is kind
    if "subtype" in extra:
        assert message.subtype == extra["subtype"]


async def test_a_tombstone_keeps_no_text_and_no_reactions(desk: Desk) -> None:
    message = await _one(
        desk,
        said(0, "This message was deleted.", subtype="tombstone", reactions=[{"name": "x", "users": [BEN]}]),
    )

    assert (message.text, message.reactions, message.files) == ("", (), ())


async def test_a_reply_knows_its_root_also_when_the_root_is_in_no_file(desk: Desk) -> None:
    message = await _one(desk, said(5, "late reply", thread_ts=ts(-99_999)))

    assert message.root == f"{GENERAL}-{ts(-99_999)}"
    assert not message.broadcast


async def test_a_root_is_not_its_own_reply(desk: Desk) -> None:
    message = await _one(desk, said(5, "root", thread_ts=ts(5), reply_count=3))

    assert message.root is None


async def test_a_reply_sent_to_the_channel_is_a_broadcast(desk: Desk) -> None:
    message = await _one(desk, said(5, "everyone!", thread_ts=ts(1), subtype="thread_broadcast"))

    assert (message.broadcast, message.root) == (True, f"{GENERAL}-{ts(1)}")


async def test_an_edit_keeps_when_it_was_made(desk: Desk) -> None:
    message = await _one(desk, said(0, "better", edited={"user": ANNA, "ts": ts(60)}))

    assert message.edited_at is not None
    assert message.edited_at.isoformat() == "2026-03-02T12:01:00+00:00"


async def test_a_change_notice_becomes_the_message_as_it_is_now(desk: Desk) -> None:
    change = {
        "type": "message",
        "subtype": "message_changed",
        "hidden": True,
        "ts": ts(60),
        "message": said(0, "second thought"),
        "previous_message": said(0, "first thought"),
    }
    report = await desk.take(SlackExport().day("general", [said(0, "first thought"), change]))
    message = await desk.only(GENERAL)

    assert (message.text, message.id) == ("second thought", f"{GENERAL}-{ts(0)}")
    assert (report.read, report.imported, report.updated) == (2, 1, 1)


@pytest.mark.parametrize("order", [1, -1])
async def test_a_deletion_notice_removes_the_text_whatever_comes_first(desk: Desk, order: int) -> None:
    notice = {
        "type": "message",
        "subtype": "message_deleted",
        "ts": ts(60),
        "deleted_ts": ts(0),
        "previous_message": said(0, "oops"),
    }
    await desk.take(SlackExport().day("general", [said(0, "oops"), notice][::order]))

    message = await desk.only(GENERAL)
    assert (message.kind, message.text, message.author) == (MessageKind.DELETED, "", ANNA)


async def test_reactions_keep_who_set_them_and_files_are_markers(desk: Desk) -> None:
    message = await _one(
        desk,
        said(
            0,
            "look",
            reactions=[{"name": "+1", "users": [BEN, BEN, ANNA], "count": 3}],
            files=[
                {"name": "plan.pdf", "mimetype": "application/pdf", "url_private": "https://x"},
                {"id": "F1", "mode": "hidden_by_limit"},
                {"id": "F2", "mode": "tombstone"},
                {"title": "Sheet", "is_external": True, "mode": "external", "mimetype": "text/html"},
                None,
                {},
            ],
        ),
    )

    assert [(reaction.name, reaction.users) for reaction in message.reactions] == [("+1", (BEN, ANNA))]
    assert [marker.name for marker in message.files] == [
        "plan.pdf",
        "(hidden by Slack's limit)",
        "(deleted file)",
        "Sheet",
        "(file)",
    ]


async def test_what_an_app_posts_for_a_person_is_the_persons(desk: Desk) -> None:
    message = await _one(desk, said(0, "/giphy cat", bot_id="B0GIPHY00"))

    assert (message.author, message.kind) == (ANNA, MessageKind.TEXT)


async def test_an_app_known_by_its_bot_id_is_the_app_user(desk: Desk) -> None:
    message = await _one(desk, said(0, "deployed", subtype="bot_message", bot_id=BOT) | {"user": None})

    assert message.author == BOT_USER


async def test_a_webhook_with_a_name_alone_becomes_a_bot_of_its_own(desk: Desk) -> None:
    message = await _one(
        desk, {"type": "message", "subtype": "bot_message", "username": "Jenkins", "text": "red", "ts": ts(0)}
    )
    person = await desk.directory.find_person(WORKSPACE, message.author)

    assert (person.name, person.is_bot) == ("Jenkins", True)


async def test_an_old_file_comment_is_its_commenters(desk: Desk) -> None:
    message = await _one(
        desk,
        {
            "type": "message",
            "subtype": "file_comment",
            "ts": ts(0),
            "text": "<@U0BEN0000> commented on <@U0ANNA000>’s file: nice",
            "comment": {"user": BEN, "comment": "nice"},
            "file": {"name": "old.txt"},
        },
    )

    assert (message.author, message.files[0].name) == (BEN, "old.txt")


async def test_somebody_from_another_workspace_gets_an_entry_as_a_guest(desk: Desk) -> None:
    stranger = {"real_name": "Kim Lee", "display_name": "kim", "name": "klee", "team": "T0OTHER00"}
    await _one(desk, said(0, "hi from outside", "U0KIM0000", user_profile=stranger))

    person = await desk.directory.find_person(WORKSPACE, "U0KIM0000")
    assert (person.name, person.handle, person.guest.value) == ("kim", "klee", "multi-channel")


async def test_a_profile_that_comes_late_names_who_was_first_only_an_id(desk: Desk) -> None:
    profile = {"real_name": "Kim Lee", "name": "klee"}
    export = SlackExport().day(
        "general", [said(0, "<@U0KIM0000> hi"), said(1, "hi", "U0KIM0000", user_profile=profile)]
    )
    await desk.take(export)
    before = await desk.everything()
    await desk.take(export)

    assert (await desk.directory.find_person(WORKSPACE, "U0KIM0000")).name == "Kim Lee"
    assert await desk.everything() == before


async def test_reacting_people_in_no_listing_get_an_entry(desk: Desk) -> None:
    await _one(desk, said(0, "x", reactions=[{"name": "eyes", "users": ["U0LURKER0"]}]))

    assert (await desk.directory.find_person(WORKSPACE, "U0LURKER0")).id == UserId("U0LURKER0")
