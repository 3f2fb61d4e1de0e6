"""Messages of one conversation that carry the same `ts`: the same again, a later version, or another message."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace

from core.clock import to_micros
from core.ids import MessageId
from summarize.models import Message, MessageKind

WINDOW = (
    100_000  # so many times are remembered: memory stays bounded, and twins lie in the same file or the next
)

_Mark = tuple[int, str, int, bool]  # hash of the content, author, edited at, deleted


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
        if any(mark[:2] == other[:2] for other in known):
            return None
        known.append(mark)
        if _is_version(mark, known[0]):
            return message
        return replace(message, id=MessageId(f"{message.id}-{len(known)}"))


def _mark(message: Message) -> _Mark:
    edited = 0 if message.edited_at is None else to_micros(message.edited_at)
    content = hash((message.text, message.kind, message.subtype))
    return content, message.author, edited, message.kind is MessageKind.DELETED


def _is_version(mark: _Mark, first: _Mark) -> bool:
    return mark[3] or first[3] or (mark[1] == first[1] and mark[2] != first[2])
