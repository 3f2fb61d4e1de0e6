"""Slack's conversations as channels: which folder belongs to which, who may read it, and what to do with strays."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from core.clock import from_micros
from core.directory import Channel, ChannelKind
from core.ids import ChannelId, UserId
from gateway.importers import clean
from gateway.importers.slack import text as markup
from gateway.importers.slack.archive import fold

KINDS: Mapping[str, ChannelKind] = {
    "channels": ChannelKind.PUBLIC,
    "groups": ChannelKind.PRIVATE,
    "dms": ChannelKind.DIRECT,
    "mpims": ChannelKind.GROUP,
}
"""The listings of conversations and what is in them."""

_CLOSED_FIRST = (ChannelKind.DIRECT, ChannelKind.GROUP, ChannelKind.PRIVATE, ChannelKind.PUBLIC)
_ID = re.compile(r"[CGD][A-Z0-9]{8,}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """A channel as an export tells of it. `members` is None where the export does not say."""

    channel: Channel
    members: frozenset[UserId] | None
    listed: bool = True


def read_conversation(entry: Mapping[str, Any], listing: str) -> Conversation | None:
    """Return the conversation of an entry in channels.json and the like, or None for one without an id."""
    id = clean.identifier(entry.get("id"))
    if not id:
        return None
    name = clean.text(entry.get("name")) or clean.text(entry.get("name_normalized")) or id
    created = clean.slack_ts(entry.get("created"))
    creator = clean.identifier(entry.get("creator"))
    members = entry.get("members")
    channel = Channel(
        id=ChannelId(id),
        name=name,
        kind=_kind(entry, name, KINDS[listing]),
        archived=bool(entry.get("is_archived")),
        topic=_topic(entry.get("topic")),
        purpose=_topic(entry.get("purpose")),
        creator=UserId(creator) if creator else None,
        created_at=None if created is None else from_micros(created),
    )
    known = (
        frozenset(UserId(member) for member in clean.strings(members)) if isinstance(members, list) else None
    )
    return Conversation(channel=channel, members=known)


class Conversations:
    """All conversations of an export, by id and by the names their folders may have."""

    def __init__(self, listed: Iterable[Conversation]) -> None:
        self.by_id: dict[ChannelId, Conversation] = {}
        self._by_folder: dict[str, Conversation] = {}
        for conversation in listed:
            known = self.by_id.get(conversation.channel.id)
            self.by_id[conversation.channel.id] = _closer(known, conversation)
        for conversation in self.by_id.values():
            for name in (conversation.channel.name, conversation.channel.id):
                key = fold(name)
                self._by_folder[key] = _closer(self._by_folder.get(key), conversation)

    def of_folder(self, path: PurePosixPath) -> Conversation | None:
        """Return the conversation whose messages a folder holds, or None if no listing has it."""
        return self._by_folder.get(fold(path.name))


def stray(path: PurePosixPath, known: Iterable[Channel], *, corporate: bool) -> Conversation:
    """Return a conversation for a folder that no listing has.

    A channel the directory knows by that name is that channel still. Otherwise, where an export holds private
    conversations at all, the folder may be one: only those who wrote in it may read it.
    """
    found = next(
        (channel for channel in known if fold(path.name) in {fold(channel.name), fold(channel.id)}), None
    )
    if found is not None:
        return Conversation(channel=found, members=None)
    id = path.name if _ID.fullmatch(path.name) else f"CX{clean.digest(fold(str(path)), 10).upper()}"
    kind = _kind_of_stray(path.name, corporate=corporate)
    return Conversation(
        channel=Channel(id=ChannelId(id), name=path.name, kind=kind), members=None, listed=False
    )


def _kind_of_stray(name: str, *, corporate: bool) -> ChannelKind:
    if name.startswith("mpdm-"):
        return ChannelKind.GROUP
    if _ID.fullmatch(name) and name.startswith("D"):
        return ChannelKind.DIRECT
    return ChannelKind.PRIVATE if corporate or _ID.fullmatch(name) else ChannelKind.PUBLIC


def _kind(entry: Mapping[str, Any], name: str, listed_as: ChannelKind) -> ChannelKind:
    if entry.get("is_im"):
        return ChannelKind.DIRECT
    if entry.get("is_mpim") or name.startswith("mpdm-"):
        return ChannelKind.GROUP
    return ChannelKind.PRIVATE if entry.get("is_private") and listed_as is ChannelKind.PUBLIC else listed_as


def _closer(known: Conversation | None, other: Conversation) -> Conversation:
    """Return the one that fewer may read: what two listings claim is private if either says so."""
    if known is None:
        return other
    return min(known, other, key=lambda found: _CLOSED_FIRST.index(found.channel.kind))


def _topic(value: object) -> str:
    inside = value if isinstance(value, str) else clean.mapping(value).get("value")
    return markup.normalise(clean.text(inside), {})
