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


def partner(position: int, entries: Sequence[Entry]) -> Partner | None:
    """Return whom a message addresses: the one person it mentions, or the other one of two who are alone.

    Alone are two in a thread that is theirs, and in a window that is: elsewhere "you" may be anybody.
    """
    entry = entries[position]
    named = {user for user in (*entry.mentions, entry.assignee) if user is not None} - {entry.message.author}
    if named:
        return Partner(person=next(iter(named))) if len(named) == 1 else None
    thread = entry.message.root
    heard = [
        i
        for i, one in enumerate(entries)
        if one.message.kind is not MessageKind.BOT
        and (thread is None or thread in {one.message.root, one.message.id})
    ]
    theirs = [i for i in heard if entries[i].message.author != entry.message.author]
    if len({entries[i].message.author for i in theirs}) != 1:
        return None
    witness = min(theirs, key=lambda i: (abs(i - position), i > position))
    return Partner(person=entries[witness].message.author, witness=witness)
