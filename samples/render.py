"""Posts as the message objects of a Slack export."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from mimetypes import guess_type

from samples.corpus import Corpus, stamp
from samples.markup import Json, to_blocks, to_mrkdwn
from samples.posts import Post
from samples.workspace import Person, Workspace, slack_id

_COLOURS = {"deployed": "2eb886", "RESOLVED": "2eb886", "rolled": "daa038", "failed": "a30200"}


def _uuid(key: str) -> str:
    text = hashlib.sha256(key.encode()).hexdigest()[:32]
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def _block_id(key: str) -> str:
    return hashlib.sha256(f"block:{key}".encode()).hexdigest()[:5]


def bot_id(handle: str) -> str:
    """Return the B… id of a bot."""
    return slack_id("B", handle)


def _user_profile(workspace: Workspace, person: Person) -> Json:
    return {
        "avatar_hash": "",
        "first_name": person.name.split(maxsplit=1)[0],
        "real_name": person.name,
        "display_name": person.display,
        "team": workspace.team["id"],
        "name": person.username,
        "is_restricted": bool(person.guest),
        "is_ultra_restricted": person.guest == "single",
    }


def _file(post: Post, workspace: Workspace, ts: str) -> Json:
    author = workspace.people[post.author]
    kind = post.file.rsplit(".", 1)[-1]
    file_id = slack_id("F", post.key)
    return {
        "id": file_id,
        "created": int(float(ts)),
        "timestamp": int(float(ts)),
        "name": post.file,
        "title": post.file,
        "mimetype": guess_type(post.file)[0] or "application/octet-stream",
        "filetype": kind,
        "pretty_type": kind.upper(),
        "user": author.id,
        "size": 40_000 + int(hashlib.sha256(post.file.encode()).hexdigest()[:5], 16),
        "mode": "hosted",
        "is_external": False,
        "is_public": True,
        "url_private": f"https://files.voltmoor.example/{file_id}/{post.file}",
    }


def _poll(text: str, workspace: Workspace) -> tuple[str, list[Json]]:
    question, *options = text.split(" | ")
    blocks: list[Json] = [{"type": "section", "text": {"type": "mrkdwn", "text": f"*{question}*"}}]
    for option in options:
        name, _, voters = option.partition("=")
        handles = voters.split(",")
        who = " ".join(f"<@{workspace.people[h].id}>" for h in handles)
        body = {"type": "mrkdwn", "text": f"{name} `{len(handles)}`\n{who}"}
        blocks.append({"type": "section", "text": body})
    blocks.append({"type": "context", "elements": [{"type": "mrkdwn", "text": "Poll closed"}]})
    return question, blocks


def _bot(post: Post, workspace: Workspace) -> Json:
    person = workspace.people[post.author]
    title, _, detail = post.text.partition(" || ")
    app = {"user": person.id, "bot_id": bot_id(post.author), "team": workspace.team["id"]}
    profile = {
        "id": bot_id(post.author),
        "name": person.name,
        "app_id": slack_id("A", post.author),
        "deleted": False,
    }
    if "poll" in post.flags:
        question, blocks = _poll(post.text, workspace)
        return app | {"text": question, "blocks": blocks, "bot_profile": profile}
    colour = next((c for word, c in _COLOURS.items() if word in title), "cccccc")
    card = {"id": 1, "color": colour, "fallback": title, "text": to_mrkdwn(workspace, detail)}
    if person.bot == "legacy":
        # The old way: no user, no text; everything sits in the attachment.
        card |= {"title": title}
        return {
            "subtype": "bot_message",
            "text": "",
            "username": person.name,
            "bot_id": bot_id(post.author),
            "attachments": [card],
        }
    extra = {"attachments": [card]} if detail else {}
    text = to_mrkdwn(workspace, title)
    return app | {"text": text, "bot_profile": profile, **extra}


def _deleted(post: Post, workspace: Workspace) -> Json:
    gone = stamp(post.at - timedelta(minutes=4))
    user = workspace.people[post.author].id
    previous = {"type": "message", "user": user, "text": post.extra["deletes"], "ts": gone}
    channel = workspace.channels[post.channel].id
    return {
        "subtype": "message_deleted",
        "hidden": True,
        "deleted_ts": gone,
        "channel": channel,
        "previous_message": previous,
    }


def _huddle(user: str, post: Post) -> Json:
    start = int(post.at.timestamp())
    room: Json = {
        "id": slack_id("R", post.key),
        "name": "",
        "created_by": user,
        "participant_history": [user],
    }
    room |= {"date_start": start, "date_end": start + 2700}
    said = {"user": "USLACKBOT", "text": "A huddle started", "no_notifications": True}
    return {"subtype": "huddle_thread", **said, "room": room}


def _flagged(post: Post, user: str, text: str) -> Json | None:
    shapes: dict[str, Json] = {
        "deleted": {
            "subtype": "tombstone",
            "user": "USLACKBOT",
            "text": "This message was deleted.",
            "hidden": True,
        },
        "huddle": _huddle(user, post),
        "reminder": {
            "subtype": "reminder_add",
            "user": user,
            "text": f"<@{user}> set up a reminder “{text}” in this channel at 6PM.",
        },
        "me": {"subtype": "me_message", "user": user, "text": text},
    }
    return next((shape for flag, shape in shapes.items() if flag in post.flags), None)


def _special(post: Post, workspace: Workspace) -> Json | None:
    """Return the shapes that are not plain messages, or None."""
    user = workspace.people[post.author].id
    text = to_mrkdwn(workspace, post.text)
    if post.subtype == "message_deleted":
        return _deleted(post, workspace)
    if post.subtype:
        return {"subtype": post.subtype, "user": user, "text": text, **post.extra}
    return _flagged(post, user, text)


def _typed(post: Post, workspace: Workspace, ts: str) -> Json:
    person = workspace.people[post.author]
    message: Json = {
        "client_msg_id": _uuid(post.key),
        "user": person.id,
        "text": "" if "blank" in post.flags else to_mrkdwn(workspace, post.text),
        "team": workspace.team["id"],
        "user_team": workspace.team["id"],
        "source_team": workspace.team["id"],
        "user_profile": _user_profile(workspace, person),
        "blocks": to_blocks(workspace, post.text, _block_id(post.key)),
    }
    if post.file:
        message |= {"files": [_file(post, workspace, ts)], "upload": False, "display_as_bot": False}
    if "gone_file" in post.extra:
        message["files"] = [{"id": slack_id("F", post.key), "mode": "tombstone"}]
    if "edited" in post.flags:
        message["edited"] = {"user": person.id, "ts": stamp(post.at + timedelta(minutes=2))[:-6] + "000000"}
    return message


def _thread_head(post: Post, replies: Sequence[Post], corpus: Corpus) -> Json:
    people = corpus.world.workspace.people
    users = list(dict.fromkeys(people[r.author].id for r in replies))
    return {
        "thread_ts": corpus.stamps[post.key],
        "reply_count": len(replies),
        "reply_users_count": len(users),
        "latest_reply": corpus.stamps[replies[-1].key],
        "reply_users": users,
        "replies": [{"user": people[r.author].id, "ts": corpus.stamps[r.key]} for r in replies],
        "is_locked": False,
        "subscribed": False,
    }


def _thread_reply(post: Post, corpus: Corpus, by_key: Mapping[str, Post]) -> Json:
    people = corpus.world.workspace.people
    if old := post.extra.get("older_root"):
        root_ts = stamp(post.at - timedelta(days=old["days"]))
        return {"thread_ts": root_ts, "parent_user_id": people[old["author"]].id}
    root = by_key[post.root]
    fields: Json = {"thread_ts": corpus.stamps[root.key], "parent_user_id": people[root.author].id}
    if "broadcast" in post.flags:
        head = {"user": people[root.author].id, "type": "message", "ts": corpus.stamps[root.key]}
        text = to_mrkdwn(corpus.world.workspace, root.text)
        fields |= {
            "subtype": "thread_broadcast",
            "root": head | {"text": text, "thread_ts": corpus.stamps[root.key]},
        }
    return fields


def _message(post: Post, corpus: Corpus, by_key: Mapping[str, Post], replies: Sequence[Post]) -> Json:
    workspace = corpus.world.workspace
    ts = corpus.stamps[post.key]
    plain = {k: v for k, v in post.extra.items() if k not in {"older_root", "gone_file"}}
    body = _special(post, workspace)
    if body is None:
        body = (
            _bot(post, workspace)
            if workspace.people[post.author].bot
            else _typed(post, workspace, ts) | plain
        )
    if replies:
        body |= _thread_head(post, replies, corpus)
    if post.root or "older_root" in post.extra:
        body |= _thread_reply(post, corpus, by_key)
    if post.reactions:
        ids = {emoji: [workspace.people[h].id for h in users] for emoji, users in post.reactions}
        body["reactions"] = [{"name": e, "users": u, "count": len(u)} for e, u in ids.items()]
    if "pin" in post.flags:
        body["pinned_to"] = [workspace.channels[post.channel].id]
        body["pinned_info"] = {
            "pinned_by": workspace.people[post.author].id,
            "pinned_ts": int(float(ts)) + 60,
        }
    return {"type": "message", **body, "ts": ts}


def messages(corpus: Corpus, channel: str) -> Iterator[tuple[Post, Json]]:
    """Yield each post of a channel with its message object, in the order of time."""
    posts = corpus.posts[channel]
    by_key = {post.key: post for post in posts}
    replies: dict[str, list[Post]] = {}
    for post in posts:
        if post.root:
            replies.setdefault(post.root, []).append(post)
    for post in posts:
        yield post, _message(post, corpus, by_key, replies.get(post.key, []))
