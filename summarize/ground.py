"""Every claim is held against the messages it cites, in code; what does not hold is dropped and counted.

Cf. DESIGN section 6: citations exist in the window, people are authors or mentions of cited messages, and numbers,
dates, links, code names and quoted words occur in them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from core.ids import MessageId
from summarize.guard import is_safe
from summarize.material import Entry, Material
from summarize.models import Item

_NUMBER = re.compile(r"\d+(?:[.,:/-]\d+)*")
_CODE = re.compile(r"`([^`\n]+)`")
_IDENTIFIER = re.compile(r"\b(?:\w+[_/]\w[\w/]*|[a-z]+[A-Z]\w*|\w+\(\))")
_QUOTED = re.compile(r"[\"“„]([^\"“”„\n]{2,})[\"”“]")
_SPACE = re.compile(r"\s+")


class Grounding:
    """The checks, over one window's material."""

    def __init__(self, material: Material) -> None:
        self._entries: Mapping[MessageId, Entry] = {entry.message.id: entry for entry in material.entries}
        self._names = material.names

    def fault(self, item: Item) -> str:
        """Return why an item does not hold, as a name fit for a metric, or an empty text if it does."""
        cited = [self._entries[id] for id in item.citations if id in self._entries]
        if not item.text.strip() or not cited or len(cited) != len(item.citations):
            return "citation"
        if all(entry.context for entry in cited) or any(id not in self._entries for id in item.superseded):
            return "citation"
        people = {user for entry in cited for user in (entry.message.author, *entry.mentions)}
        owners = people | {entry.assignee for entry in cited}
        if not people.issuperset(item.participants) or (item.owner is not None and item.owner not in owners):
            return "participant"
        source = _flat(" ".join([*(e.text for e in cited), *(self._names.person(user) for user in people)]))
        if not is_safe(item.text):
            return "active-content"
        if item.due is not None and _flat(item.due) not in source:
            return "due"
        return "" if all(_flat(word) in source for word in _checkable(item.text)) else "unsupported"


def _checkable(text: str) -> list[str]:
    """Return the parts of a claim that can be looked up: numbers, dates, code, identifiers, quotations."""
    found = [match[1] for pattern in (_CODE, _QUOTED) for match in pattern.finditer(text)]
    return [*found, *_NUMBER.findall(text), *_IDENTIFIER.findall(text)]


def _flat(text: str) -> str:
    return _SPACE.sub(" ", text).strip().rstrip("…").casefold()
