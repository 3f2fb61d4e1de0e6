"""Messages as people see them in a chat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from markupsafe import Markup

from core.ids import MessageId
from gateway.console.emoji import glyph
from gateway.console.moments import day, moment, zone_of
from gateway.console.mrkdwn import inline, render
from gateway.console.names import Names, plain
from gateway.console.views import MessageView, Moment
from gateway.console.visitors import Visitor
from gateway.links import message_path
from summarize.models import Message, MessageKind, Reaction

_JOINS = timedelta(minutes=5)
_PEOPLE_NAMED = 12
_GONE = Markup("<p>This message was deleted.</p>")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scene:
    """What the messages of a page have in common."""

    cited: MessageId | None
    back: str
    replies: Mapping[MessageId, int]

    @property
    def flag(self) -> str:
        """What the message that the page is about is called."""
        return "Cited message" if self.back else "This message"


def talk(
    messages: Sequence[Message],
    visitor: Visitor,
    *,
    cited: MessageId | None = None,
    back: str = "",
    replies: Mapping[MessageId, int] | None = None,
) -> list[MessageView]:
    """Return messages in order, with a heading where a day begins and neighbours of one author joined.

    `replies` says how many each opening of a thread has, where they are not on the page themselves.
    """
    scene = _Scene(cited=cited, back=back, replies=replies or {})
    pairs = zip([None, *messages], messages, strict=False)
    return [_view(message, before, visitor, scene) for before, message in pairs]


def excerpt(message: Message, names: Names, length: int = 200) -> str:
    """Return the beginning of a message as plain text, for a preview."""
    text = "deleted" if message.kind is MessageKind.DELETED else inline(message.text, names).striptags()
    return text if len(text) <= length else f"{text[: length - 1].rstrip()}…"


def _view(message: Message, before: Message | None, visitor: Visitor, scene: _Scene) -> MessageView:
    names, zone = visitor.names, zone_of(visitor.actor)
    begins = before is None or day(before.at, zone) != day(message.at, zone)
    return MessageView(
        id=message.id,
        href=message_path(message.channel, message.id, back=scene.back),
        who=names.who(message.author),
        at=moment(message.at, zone, visitor.now),
        body=_GONE if message.kind is MessageKind.DELETED else render(message.text, names),
        kind=str(message.kind),
        edited=_edited(message, visitor),
        reactions=tuple(_reaction(reaction, names) for reaction in message.reactions),
        files=tuple(plain(file.name) or "a file" for file in message.files),
        replies=scene.replies.get(message.id, 0),
        flag=scene.flag if message.id == scene.cited else "",
        day=day(message.at, zone) if begins else "",
        joins=not begins and before is not None and _follows(before, message, scene.cited),
    )


def _edited(message: Message, visitor: Visitor) -> Moment | None:
    if message.edited_at is None or message.kind is MessageKind.DELETED:
        return None
    return moment(message.edited_at, zone_of(visitor.actor), visitor.now)


def _follows(before: Message, message: Message, cited: MessageId | None) -> bool:
    same = before.author == message.author and before.kind is message.kind
    return same and message.at - before.at < _JOINS and cited not in {message.id, before.id}


def _reaction(reaction: Reaction, names: Names) -> tuple[str, str, int, str]:
    named = [names.who(user).name for user in reaction.users[:_PEOPLE_NAMED]]
    more = len(reaction.users) - len(named)
    people = ", ".join(named) + (f" and {more} more" if more else "")
    return plain(reaction.name), glyph(reaction.name), len(reaction.users), people
