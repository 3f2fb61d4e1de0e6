"""The export is what Slack documents, and it hangs together."""

from __future__ import annotations

import json
import re
import zipfile
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from samples.corpus import build
from samples.generate import generate, main

pytestmark = pytest.mark.slow

ZONES = ("Europe/Berlin", "America/New_York", "Asia/Kolkata")
_USER = re.compile(r"<@(\w+)>")
_CHANNEL = re.compile(r"<#(\w+)\|([^>]+)>")


def _elements(node: Any):
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from _elements(value)
    elif isinstance(node, list):
        for value in node:
            yield from _elements(value)


def test_the_same_seed_and_end_give_the_same_bytes(sample_zip: Path, tmp_path: Path):
    generate(tmp_path / "again.zip")

    assert (tmp_path / "again.zip").read_bytes() == sample_zip.read_bytes()


def test_another_seed_gives_another_workspace(sample_zip: Path, tmp_path: Path):
    generate(tmp_path / "other.zip", seed=8)

    assert (tmp_path / "other.zip").read_bytes() != sample_zip.read_bytes()


def test_a_directory_holds_the_same_files_as_the_zip(sample_zip: Path, tmp_path: Path):
    main([str(tmp_path / "out")])

    with zipfile.ZipFile(sample_zip) as archive:
        zipped = {name: archive.read(name) for name in archive.namelist()}
    written = {
        str(p.relative_to(tmp_path / "out")): p.read_bytes() for p in (tmp_path / "out").rglob("*.json")
    }
    assert written == zipped


def test_a_directory_that_is_not_empty_is_left_alone(tmp_path: Path):
    (tmp_path / "mine.txt").write_text("keep")

    with pytest.raises(FileExistsError, match="not empty"):
        generate(tmp_path)


def test_every_folder_belongs_to_a_conversation_of_the_lists(sample):
    named = {c["name"] for c in sample.channels + sample.groups + sample.mpims}

    assert set(sample.days) == named | {d["id"] for d in sample.dms}


def test_a_message_lies_in_the_file_of_its_day(sample):
    for folder in sample.days.values():
        for day, messages in folder.items():
            assert {f"{datetime.fromtimestamp(float(m['ts']), UTC):%Y-%m-%d}" for m in messages} == {day}


def test_messages_are_in_order_and_no_timestamp_repeats(sample):
    for folder in sample.days:
        stamps = [m["ts"] for m in sample.messages(folder)]

        assert stamps == sorted(set(stamps))


def test_the_workspace_has_the_promised_size(sample):
    people = [u for u in sample.users if not u["is_bot"] and u["id"] != "USLACKBOT"]

    assert 24 <= len(people) <= 28
    assert len(sample.channels) + len(sample.groups) == 18
    assert len(sample.dms) >= 6
    assert len(sample.mpims) == 2
    assert 3000 <= len(sample.everything) <= 4500


def test_every_reply_hangs_on_a_message_except_the_one_whose_root_is_older(sample):
    orphans = []
    for folder in sample.days:
        messages = {m["ts"]: m for m in sample.messages(folder)}
        replies = [m for m in messages.values() if m.get("thread_ts", m["ts"]) != m["ts"]]
        orphans += [m for m in replies if m["thread_ts"] not in messages]
        for reply in replies:
            if reply["thread_ts"] in messages:
                root = messages[reply["thread_ts"]]
                assert reply["ts"] > root["ts"]
                assert reply["ts"] in {r["ts"] for r in root["replies"]}

    assert [m["text"].split(":")[0] for m in orphans] == ["coming back to this"]


def test_thread_counts_agree_with_the_replies(sample):
    for root in (m for m in sample.everything if "reply_count" in m):
        assert root["reply_count"] == len(root["replies"])
        assert root["latest_reply"] == max(r["ts"] for r in root["replies"])
        assert root["reply_users_count"] == len(set(root["reply_users"]))


def test_every_mention_resolves_in_text_and_in_blocks(sample):
    users = {u["id"] for u in sample.users}
    channels = {c["id"]: c["name"] for c in sample.channels + sample.groups}

    for message in sample.everything:
        for node in _elements(message):
            text = node.get("text")
            if isinstance(text, str):
                assert set(_USER.findall(text)) <= users
                assert all(channels[i] == name for i, name in _CHANNEL.findall(text))
            if node.get("type") == "user":
                assert node["user_id"] in users
            if node.get("type") == "channel":
                assert node["channel_id"] in channels


def test_authors_reactors_and_members_are_users(sample):
    users = {u["id"] for u in sample.users}

    for message in sample.everything:
        assert message.get("user", "USLACKBOT") in users
        for reaction in message.get("reactions", []):
            assert set(reaction["users"]) <= users
            assert reaction["count"] == len(set(reaction["users"])) > 0
    for place in sample.channels + sample.groups + sample.dms + sample.mpims:
        assert set(place["members"]) <= users


def test_every_shape_that_an_importer_must_know_is_there(sample):
    subtypes = Counter(m.get("subtype", "") for m in sample.everything)
    promised = """channel_join channel_leave channel_topic channel_purpose channel_name channel_archive group_topic
        bot_message me_message thread_broadcast tombstone message_deleted huddle_thread reminder_add pinned_item"""

    assert set(promised.split()) <= set(subtypes)
    assert sum(m.get("text") == "" and bool(m.get("blocks")) for m in sample.everything) >= 5
    assert sum("edited" in m for m in sample.everything) >= 3
    assert sum("files" in m for m in sample.everything) >= 10
    assert any(f["mode"] == "tombstone" for m in sample.everything for f in m.get("files", []))
    assert any(
        m.get("subtype") == "bot_message" and not m["text"] and m["attachments"] for m in sample.everything
    )
    assert any("bot_profile" in m and m.get("blocks") for m in sample.everything)


def test_markup_is_written_as_slack_writes_it(sample):
    texts = "\n".join(m.get("text", "") for m in sample.everything)

    for needle in ("<!here>", "<!channel>", "<!subteam^S", "&gt;", "&lt;=", "```", "|Nightshift brief>"):
        assert needle in texts
    assert not re.search(r"\{[+-]\d+d?\}|\{t[+-]", texts)
    assert not re.search(
        r"\{[a-z]+\}|\[[^\]\n]*\|[^\]\n]*\]", re.sub(r"```.*?```|`[^`]+`", "", texts, flags=re.DOTALL)
    )


def test_the_text_and_the_blocks_say_the_same(sample):
    for message in (m for m in sample.everything if "client_msg_id" in m and m["text"]):
        inside = [n["text"] for b in message["blocks"] for n in _elements(b) if n.get("type") == "text"]
        text = message["text"].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
        assert all(part.strip() in text for part in inside)


def test_people_are_of_every_kind(sample):
    assert sample.user("teo.marchetti")["is_ultra_restricted"]
    assert sample.user("mira.kovac")["is_restricted"]
    assert not sample.user("mira.kovac")["is_ultra_restricted"]
    assert sample.user("olu.adeyemi")["deleted"]
    assert [u["name"] for u in sample.users if u["profile"]["display_name"] == "Sam"] == [
        "sam.okafor",
        "sam.reyes",
    ]
    assert (
        len(
            {u.get("tz") for u in sample.users if not u["is_bot"] and not u["deleted"]}
            - {"America/Los_Angeles"}
        )
        == 3
    )
    assert any(not u["real_name"].isascii() for u in sample.users if "real_name" in u)


def test_guests_and_most_people_are_outside_the_private_channel(sample):
    inside = set(sample.channel("comp-planning")["members"])

    assert len(inside) <= 5
    assert not inside & {sample.user("teo.marchetti")["id"], sample.user("mira.kovac")["id"]}
    assert [c["name"] for c in sample.channels if sample.user("teo.marchetti")["id"] in c["members"]] == [
        "mobile"
    ]
    assert {m["user"] for m in sample.messages("comp-planning") if "user" in m} <= inside


def test_nobody_who_left_writes_or_stays_a_member(sample):
    olu = sample.user("olu.adeyemi")["id"]
    said = [float(m["ts"]) for m in sample.everything if m.get("user") == olu]

    assert max(said) < datetime(2026, 5, 29, tzinfo=UTC).timestamp()
    assert all(olu not in c["members"] for c in sample.channels)


@pytest.mark.parametrize("end", [date(2026, 3, 2 + i) for i in range(7)], ids=lambda d: f"{d:%A}")
def test_on_any_weekday_the_last_day_and_week_show_something(end: date):
    corpus = build(seed=7, end=end)

    day = {c: sum(p.at.date() == end for p in posts) for c, posts in corpus.posts.items()}
    assert max(p.at for posts in corpus.posts.values() for p in posts).date() == end
    busy = {c for c, count in day.items() if count >= 8}
    assert {"incidents", "platform", "launch-nightshift", "support", "data", "customers"} <= busy


def test_an_end_with_a_time_is_never_passed(tmp_path: Path):
    end = datetime(2026, 11, 4, 9, 17, tzinfo=UTC)

    generate(tmp_path / "now.zip", end=end)

    with zipfile.ZipFile(tmp_path / "now.zip") as archive:
        days = [json.loads(archive.read(n)) for n in archive.namelist() if "/" in n]
    newest = max(float(m["ts"]) for day in days for m in day)
    assert end.timestamp() - 3600 < newest < end.timestamp()
