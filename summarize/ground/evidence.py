"""What cited messages bear out: the numbers, days, names and words that stand in them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.ids import UserId
from summarize.ground.facts import Fact, FactKind, joined, loose
from summarize.ground.lexicon import flat, stems
from summarize.ground.numbers import Known
from summarize.ground.times import stated, written
from summarize.material import Entry
from summarize.names import Names

_TOKEN = re.compile(r"[\w#/.+-]*\d[\w#/.+-]*|\b[^\W\d_]+[ -]#?\d+\b|[\w-]+")
_STRIP = ".-/+#"


class Evidence:
    """What some messages say, and who says it."""

    def __init__(self, entries: Sequence[Entry], names: Names) -> None:
        self.entries = tuple(entries)
        self.people: frozenset[UserId] = frozenset(
            user
            for entry in entries
            for user in (entry.message.author, *entry.mentions, entry.assignee)
            if user is not None
        )
        self.text = "\n".join(entry.text for entry in entries)
        whole = "\n".join([self.text, *(names.person(user) for user in self.people), *_files(entries)])
        self.flat = flat(whole)
        self.loose = f" {loose(whole)} "
        self.stems = stems(whole)
        self._tokens = frozenset(joined(found.strip(_STRIP)) for found in _TOKEN.findall(whole))
        self._numbers = Known(f"{whole}\n{' '.join(str(e.message.at.year) for e in entries)}")
        self._days, self._clocks = _times(entries)

    def bears(self, fact: Fact, *, count: int = 0) -> bool:
        """Tell whether the messages say a fact; `count` is a number of messages or people that a claim may state."""
        match fact.kind:
            case FactKind.NUMBER:
                assert fact.quantity is not None  # noqa: S101
                derived = (
                    count > 1 and not fact.quantity.unit and fact.keys & {str(n) for n in range(2, count + 1)}
                )
                return bool(derived) or self._numbers.has(fact.quantity)
            case FactKind.DAY:
                return bool(fact.keys & self._days)
            case FactKind.CLOCK:
                return bool(fact.keys & self._clocks)
            case FactKind.QUOTE:
                return any(f" {key}" in self.loose for key in fact.keys)
            case FactKind.CODE | FactKind.LINK:
                return any(joined(key) in self._tokens or _stands(key, self.flat) for key in fact.keys)
            case FactKind.NAME:
                return any(key in self.flat for key in fact.keys)


def _times(entries: Sequence[Entry]) -> tuple[frozenset[str], frozenset[str]]:
    """Return the keys of days and of times stated; where none is, those at which the messages were written."""
    days: set[str] = set()
    clocks: set[str] = set()
    for entry in entries:
        some, others = stated(entry.text, entry.message.at)
        days |= some
        clocks |= others
    moments = [written(entry.message.at) for entry in entries]
    if all(key.startswith("mo:") for key in days):
        days |= {key for some, _ in moments for key in some}
    clocks = clocks or {key for _, others in moments for key in others}
    return frozenset(days), frozenset(clocks)


def _stands(key: str, text: str) -> bool:
    return bool(re.search(rf"(?<!\w){re.escape(key)}(?!\w)", text))


def _files(entries: Sequence[Entry]) -> list[str]:
    return [file.name for entry in entries for file in entry.message.files]
