"""What recommendation may know of a message: who, where, when, and what kind. Never a word of it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from core.directory import Channel, ChannelKind, Person
from core.events.models import Corpus, Event, EventKind
from core.ids import EventId, UserId
from core.privacy import Metadata
from gateway.importers.roster import Roster
from summarize.models import Message, MessageKind

_MENTION = re.compile(r"<@([^<>|\s]{1,64})>")
_JOINS = frozenset({"channel_join", "group_join"})
_LEAVES = frozenset({"channel_leave", "group_leave"})
_SAID = frozenset({MessageKind.TEXT, MessageKind.FILE, MessageKind.POLL})


def mentioned(text: str) -> list[UserId]:
    """Return who a text mentions, each once, in order."""
    return [UserId(id) for id in dict.fromkeys(_MENTION.findall(text))] if "<@" in text else []


def interactions(
    message: Message, roster: Roster, *, partner: UserId | None, answered: UserId | None
) -> list[Event]:
    """Return what people did, as far as this message shows it; bots do not count, on either side.

    `partner` is the other one of a direct conversation, `answered` the author of the thread's root. The ids depend
    on the message's id alone, so the same message never counts twice.
    """
    channel, author = roster.channel(message.channel), roster.person(message.author)
    if channel is None:
        return []
    found = _Found(message, channel, roster)
    if author is not None and not author.is_bot:
        _of_author(found, author, partner=partner, answered=answered)
    if message.kind is not MessageKind.DELETED:
        _of_reactions(found, author)
    return found.events


def _of_author(found: _Found, author: Person, *, partner: UserId | None, answered: UserId | None) -> None:
    message = found.message
    if message.kind in _SAID:
        found.in_channel("reply" if message.root else "post", author)
        for id in mentioned(message.text):
            found.between("mention", author, id, key=id)
        if partner is not None:
            found.between("dm", author, partner)
        if answered is not None and message.root:
            found.between("reply_to", author, answered)
    elif message.subtype in _JOINS:
        found.in_channel("join", author)
    elif message.subtype in _LEAVES:
        found.in_channel("leave", author)


def _of_reactions(found: _Found, author: Person | None) -> None:
    for id in _reactors(found.message):
        person = found.roster.person(id)
        if person is None or person.is_bot:
            continue
        found.in_channel("reaction", person, key=id)
        if author is not None:
            found.between("react_to", person, author.id, key=id)


def _reactors(message: Message) -> Iterator[UserId]:
    seen: set[UserId] = set()
    for reaction in message.reactions:
        for id in reaction.users:
            if id not in seen:
                seen.add(id)
                yield id


class _Found:
    """The events of one message as they are found."""

    __slots__ = ("_data", "_number", "events", "message", "roster")

    def __init__(self, message: Message, channel: Channel, roster: Roster) -> None:
        self.message = message
        self.roster = roster
        self.events: list[Event] = []
        self._number = int(channel.number)
        self._data: dict[str, Metadata] = {
            "channel": self._number,
            "public": channel.kind is ChannelKind.PUBLIC,
        }

    def in_channel(self, kind: str, actor: Person, *, key: str = "") -> None:
        """Someone did something in the channel."""
        self._add(kind, actor, Corpus.CHANNEL, self._number, key)

    def between(self, kind: str, actor: Person, other: UserId, *, key: str = "") -> None:
        """Someone did something to another person."""
        person = self.roster.person(other)
        if person is not None and not person.is_bot and person.id != actor.id:
            self._add(kind, actor, Corpus.USER, int(person.number), key)

    def _add(self, kind: str, actor: Person, corpus: Corpus, item: int, key: str) -> None:
        message = self.message
        self.events.append(
            Event(
                id=EventId(f"msg:{message.id}:{kind}:{key}" if key else f"msg:{message.id}:{kind}"),
                workspace=message.workspace,
                kind=EventKind.INTERACTION,
                at=message.at,
                actor=actor.number,
                corpus=corpus,
                item=item,
                data={"type": kind, **self._data},
            )
        )
