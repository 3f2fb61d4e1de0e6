"""One message object of a Slack export as our message.

Sources: https://docs.slack.dev/reference/events/message (subtypes) and what exports were seen to hold.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.clock import from_micros
from core.ids import ChannelId, MessageId, UserId, WorkspaceId
from gateway.importers import clean
from gateway.importers.slack import rich_text
from gateway.importers.slack import text as markup
from gateway.importers.slack.people import author_id
from summarize.models import FileMarker, Message, MessageKind, Reaction

_BROADCASTS = frozenset({"thread_broadcast", "reply_broadcast"})
_TALK = _BROADCASTS | {
    "",
    "me_message",
    "file_share",
    "file_comment",
    "file_mention",
    "document_comment_root",
    "assistant_app_thread",
    "bot_message",
    "slackbot_response",
}
"""Subtypes that somebody (or something) said; every other is a notice."""

_GONE = frozenset({"tombstone", "message_deleted"})
_WRAPPERS = frozenset({"message_changed", "message_replied"})
_PLACEHOLDERS = frozenset({"", "This content can't be displayed.", "This content can't be displayed"})
_FILE_MODES = {"hidden_by_limit": "(hidden by Slack's limit)", "tombstone": "(deleted file)"}
_POLL = re.compile(r"\bpoll(?:y|s|ing)?\b|\bpoll[-_]|[-_]poll\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What is the same for all messages of a conversation."""

    workspace: WorkspaceId
    names: Mapping[str, str]
    """Channel names by id."""
    bots: Mapping[str, UserId]
    people: frozenset[UserId]
    """Users who are persons: what an app posts in their name is theirs."""
    channel: ChannelId


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """A message, the object that tells of it, and who began its thread, if the object says."""

    message: Message
    told_by: Mapping[str, Any]
    root_author: UserId | None


def parse(raw: Mapping[str, Any], setting: Setting) -> Parsed | str:
    """Return the message of an object, or why it is none."""
    raw = _unwrapped(raw)
    micros = clean.slack_ts(raw.get("ts"))
    if micros is None:
        return "no ts" if not raw.get("ts") else "ts is not a time"
    subtype = clean.identifier(raw.get("subtype"))
    author = author_id(raw, setting.bots)
    root = _root(raw, micros)
    files = _files(raw)
    odd = "" if raw.get("type") == "message" else _odd_type(raw)
    kind = MessageKind.SYSTEM if odd else _kind(raw, subtype, author, setting)
    text = "" if kind is MessageKind.DELETED else _text(raw, kind, setting.names)
    if kind is MessageKind.TEXT and files and not text.strip():
        kind = MessageKind.FILE
    gone = kind is MessageKind.DELETED
    message = Message(
        id=message_id(setting.channel, micros),
        workspace=setting.workspace,
        channel=setting.channel,
        author=author,
        at=from_micros(micros),
        text=text,
        kind=kind,
        root=None if root is None else message_id(setting.channel, root),
        broadcast=subtype in _BROADCASTS,
        edited_at=_edited_at(raw),
        reactions=() if gone else _reactions(raw.get("reactions")),
        files=() if gone else files,
        subtype=subtype or odd,
    )
    parent = clean.identifier(raw.get("parent_user_id"))
    return Parsed(
        message=message, told_by=raw, root_author=UserId(parent) if parent and root is not None else None
    )


def message_id(channel: ChannelId, micros: int) -> MessageId:
    """Return the id of the message of a channel at a time."""
    return MessageId(f"{channel}-{clean.show_ts(micros)}")


def _unwrapped(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a notice of a change is about: the message as it is now, or the tombstone it left."""
    subtype = clean.identifier(raw.get("subtype"))
    if subtype in _WRAPPERS and (inner := clean.mapping(raw.get("message"))).get("ts"):
        edited = (
            {"edited": {"ts": raw.get("ts")}}
            if subtype == "message_changed" and "edited" not in inner
            else {}
        )
        return {**inner, **edited}
    if subtype == "message_deleted":
        before = clean.mapping(raw.get("previous_message"))
        ts = raw.get("deleted_ts") or before.get("ts") or raw.get("ts")
        return {**before, "ts": ts, "subtype": "message_deleted", "edited": {"ts": raw.get("ts")}}
    return raw


def _kind(raw: Mapping[str, Any], subtype: str, author: UserId, setting: Setting) -> MessageKind:
    if subtype in _GONE:
        return MessageKind.DELETED
    if subtype not in _TALK:
        return MessageKind.SYSTEM
    if not _from_app(raw, subtype, author, setting):
        return MessageKind.TEXT
    return MessageKind.POLL if _is_poll(raw) else MessageKind.BOT


def _from_app(raw: Mapping[str, Any], subtype: str, author: UserId, setting: Setting) -> bool:
    if subtype in {"bot_message", "slackbot_response"} or author == "USLACKBOT":
        return True
    return bool(raw.get("bot_id") or raw.get("bot_profile")) and author not in setting.people


def _is_poll(raw: Mapping[str, Any]) -> bool:
    """Tell an app's poll by the app's name or by what its buttons are called."""
    names = [raw.get("username"), clean.mapping(raw.get("bot_profile")).get("name")]
    names += [entry.get("callback_id") for entry in clean.mappings(raw.get("attachments"))]
    for block in clean.mappings(raw.get("blocks")):
        names += [
            block.get("block_id"),
            *(part.get("action_id") for part in clean.mappings(block.get("elements"))),
        ]
    asks = bool(raw.get("blocks") or raw.get("attachments"))
    return asks and any(isinstance(name, str) and _POLL.search(name) for name in names)


def _odd_type(raw: Mapping[str, Any]) -> str:
    kind = clean.identifier(raw.get("type"))
    return "" if kind in {"", "message"} else f"type:{kind}"[: clean.ID_LENGTH]


def _text(raw: Mapping[str, Any], kind: MessageKind, names: Mapping[str, str]) -> str:
    value = raw.get("text")
    written = clean.text(value)
    if not written and not isinstance(value, str):
        written = clean.text(clean.mapping(raw.get("comment")).get("comment"))
    said = "" if written.strip() in _PLACEHOLDERS else markup.normalise(written, names)
    if said and kind not in {MessageKind.BOT, MessageKind.POLL}:
        return said
    if not said or kind is MessageKind.POLL:
        said = rich_text.blocks_text(raw.get("blocks"), names) or said
    extra = rich_text.attachments_text(raw.get("attachments"), names, previews=not said)
    return "\n".join(part for part in (said, extra) if part) or markup.normalise(written, names)


def _root(raw: Mapping[str, Any], own: int) -> int | None:
    root = clean.slack_ts(raw.get("thread_ts") or raw.get("broadcast_thread_ts"))
    return None if root == own else root


def _edited_at(raw: Mapping[str, Any]) -> datetime | None:
    edited = raw.get("edited")
    micros = clean.slack_ts(clean.mapping(edited).get("ts")) if edited else None
    return None if micros is None else from_micros(micros)


def _reactions(value: object) -> tuple[Reaction, ...]:
    if not value:
        return ()
    found: list[Reaction] = []
    for entry in clean.mappings(value):
        name = clean.identifier(entry.get("name"))
        users = tuple(UserId(user) for user in dict.fromkeys(clean.strings(entry.get("users"))))
        if name:
            found.append(Reaction(name=name, users=users))
    return tuple(found)


def _files(raw: Mapping[str, Any]) -> tuple[FileMarker, ...]:
    if "files" not in raw and "file" not in raw:
        return ()
    files = clean.mappings(raw.get("files"))
    if not files and (single := clean.mapping(raw.get("file"))):
        files = [single]
    return tuple(_file(entry) for entry in files)


def _file(entry: Mapping[str, Any]) -> FileMarker:
    mode = entry.get("mode")
    marker = _FILE_MODES.get(mode, "") if isinstance(mode, str) else ""
    name = marker or clean.text(entry.get("name")) or clean.text(entry.get("title")) or "(file)"
    return FileMarker(name=name[:256], mimetype="" if marker else clean.identifier(entry.get("mimetype")))
