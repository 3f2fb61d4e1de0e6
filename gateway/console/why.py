"""Reasons as the cards of the console show them: one wording for every door, the names of this reader's console."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.console.names import title
from gateway.console.visitors import Visitor
from gateway.reasons import Names, sentence
from recommend.models import Reason


def reason_words(reasons: Sequence[Reason], visitor: Visitor) -> tuple[str, ...]:
    """Return each reason as a sentence without a full stop."""
    names = _names(reasons, visitor)
    return tuple(_upper(sentence(reason, names)) for reason in reasons)


def _names(reasons: Sequence[Reason], visitor: Visitor) -> Names:
    people = {number for reason in reasons for number in reason.people}
    channels = {number for reason in reasons for number in reason.channels}
    return Names(
        people={int(p.number): visitor.names.who(p.id).name for p in visitor.people if p.number in people},
        channels={int(c.number): title(c) for c in visitor.readable if c.number in channels},
    )


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
