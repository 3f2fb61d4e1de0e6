"""Messages of one conversation that carry the same `ts`: the same again, a later version, or another message."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace

from core.clock import to_micros
from core.ids import MessageId
from summarize.models import Message, MessageKind

WINDOW = (
    100_000  # so many times are remembered: memory stays bounded, and twins lie in the same file or the next
)


@dataclass(frozen=True, slots=True)
class _Mark:
    """What is remembered of a message: a hash of its content, who, when edited (0: never), and its id if not plain."""

    content: int
    author: str
    edited: int
    deleted: bool
    id: MessageId | None = None

    def same(self, other: _Mark) -> bool:
        """Tell whether two are the same in everything but where they were kept."""
        return (self.content, self.author, self.edited) == (other.content, other.author, other.edited)


class Seen:
    """Remembers what a conversation has had at each `ts`, for the last WINDOW of them."""

    def __init__(self, window: int = WINDOW) -> None:
        self._window = window
        self._marks: OrderedDict[int, list[_Mark]] = OrderedDict()

    def admit(self, message: Message) -> Message | None:
        """Return the message, under an id of its own if the `ts` is taken by another; None for the same again.

        Another version of a message (edited at another time, or deleted) keeps the id: the newer one will stand.
        """
        key, mark = to_micros(message.at), _mark(message)
        known = self._marks.get(key)
        if known is None:
            self._marks[key] = [mark]
            if len(self._marks) > self._window:
                self._marks.popitem(last=False)
            return message
        if any(mark.same(other) for other in known):
            return None
        others = sum(other.id is not None for other in known)
        id = _id_of_version(mark, known, plain=message.id) or MessageId(f"{message.id}-{others + 2}")
        known.append(mark if id == message.id else replace(mark, id=id))
        return message if id == message.id else replace(message, id=id)


def _id_of_version(mark: _Mark, known: list[_Mark], *, plain: MessageId) -> MessageId | None:
    """Return the id under which an earlier version of a message is kept, or None if it is no version of any."""
    if mark.deleted or known[0].deleted:
        return plain
    theirs = [other for other in known if other.author == mark.author]
    if not theirs or any(other.edited == mark.edited for other in theirs):
        return None
    return theirs[0].id or plain


def _mark(message: Message) -> _Mark:
    edited = 0 if message.edited_at is None else to_micros(message.edited_at)
    content = hash((message.text, message.kind, message.subtype))
    return _Mark(content, message.author, edited, message.kind is MessageKind.DELETED)
