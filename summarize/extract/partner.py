"""To whom a message is said, where that is certain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.ids import UserId
from summarize.material import Entry
from summarize.models import MessageKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Partner:
    """Whom "you" means; `witness` is the position of a message of theirs, None where the message itself names them."""

    person: UserId
    witness: int | None = None


def partner(position: int, members: Sequence[int], entries: Sequence[Entry]) -> Partner | None:
    """Return whom a message of a conversation addresses: the one person it mentions, or the other one of two.

    Of two people, only where nobody else came between them and the message: then "you" is no guess.
    """
    entry = entries[position]
    named = {user for user in (*entry.mentions, entry.assignee) if user is not None} - {entry.message.author}
    if named:
        return Partner(person=next(iter(named))) if len(named) == 1 else None
    people = [i for i in members if entries[i].message.kind is not MessageKind.BOT]
    others = {entries[i].message.author for i in people} - {entry.message.author}
    if len(others) != 1:
        return None
    (other,) = others
    theirs = [i for i in people if entries[i].message.author == other]
    witness = min(theirs, key=lambda i: (abs(i - position), i > position))
    low, high = sorted((witness, position))
    between = {entries[i].message.author for i in range(low, high + 1)} - {entry.message.author, other}
    return None if between else Partner(person=other, witness=witness)
