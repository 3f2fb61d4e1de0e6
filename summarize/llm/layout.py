"""Messages as lines of a prompt: short ids, UTC times, handles; who spoke when comes from metadata, never from text.

The order is oldest first and nothing in a line depends on who asks or when, so that a prompt's beginning is the same
for every reader and a node's prefix cache holds it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from core.ids import MessageId, UserId
from summarize.llm.handles import Handles
from summarize.material import Entry
from summarize.models import Message, MessageKind

Row: TypeAlias = "dict[str, object]"
_MOST_REACTIONS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """Lines that are sent together. `ids` leads from short ids to messages; `own` are those to be reported on."""

    rows: tuple[Row, ...]
    entries: tuple[Entry, ...]
    ids: Mapping[str, MessageId]
    own: tuple[str, ...]
    people: tuple[UserId, ...]


def lay_out(
    entries: Sequence[Entry], *, labels: Mapping[MessageId, int], handles: Handles, marker: str
) -> Sheet:
    """Return the lines of entries, oldest first; `labels` numbers the conversations, `marker` heads each line."""
    shorts = {entry.message.id: f"m{number}" for number, entry in enumerate(entries, start=1)}
    talks: dict[int, str] = {}
    rows: list[Row] = []
    for entry in entries:
        label = labels.get(entry.message.id, -1)
        talk = talks.setdefault(label, f"c{len(talks) + 1}")
        head: Row = {"k": marker, "id": shorts[entry.message.id], "conv": talk}
        rows.append(head | _row(entry, shorts, handles))
    people = dict.fromkeys(user for e in entries for user in (e.message.author, *e.mentions))
    return Sheet(
        rows=tuple(rows),
        entries=tuple(entries),
        ids={short: id for id, short in shorts.items()},
        own=tuple(shorts[entry.message.id] for entry in entries if not entry.context),
        people=tuple(people),
    )


def weight(entry: Entry) -> int:
    """Return about how many tokens a line takes: a third of its bytes, and its frame. The same for every model."""
    return 30 + len(entry.text.encode()) // 3


def _row(entry: Entry, shorts: Mapping[MessageId, str], handles: Handles) -> Row:
    message = entry.message
    row: Row = {"at": f"{message.at:%Y-%m-%dT%H:%MZ}", "from": handles.of(message.author)}
    if message.root is not None and message.root != message.id:
        row["reply_to"] = shorts.get(message.root, "earlier")
    if message.edited_at is not None:
        row["edited"] = True
    if message.kind is MessageKind.BOT:
        row["bot"] = True
    if entry.context:
        row["context"] = True
    return row | _marks(message) | {"text": entry.text}


def _marks(message: Message) -> Row:
    """Return reactions and files, by name and count only."""
    marks: Row = {}
    if message.reactions:
        most = sorted(message.reactions, key=lambda r: (-len(r.users), r.name))[:_MOST_REACTIONS]
        marks["reactions"] = {_word(r.name): len(r.users) for r in most}
    if message.files:
        marks["files"] = [_word(file.mimetype or file.name) for file in message.files]
    return marks


def _word(name: str) -> str:
    """Return a name as one harmless word: emoji and file types are chosen by users, too."""
    return "".join(char for char in name if char.isascii() and (char.isalnum() or char in "+-_./"))[:32]
