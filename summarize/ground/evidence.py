"""What cited messages bear out: the numbers, days, names and words that stand in them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from core.ids import UserId
from summarize.ground.facts import Fact, FactKind, facts, joined, loose
from summarize.ground.lexicon import flat, stems
from summarize.ground.numbers import known
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
        whole = "\n".join([self.text, *sorted(names.person(user) for user in self.people)])
        self.flat, self.loose, self._tokens = _forms(whole)
        self.stems = stems(whole)
        self._numbers = known(f"{whole}\n{' '.join(str(e.message.at.year) for e in entries)}")
        self._days, self._clocks = _times(entries)

    def bears(self, fact: Fact, *, count: int = 0) -> bool:
        """Tell whether the messages say a fact; `count` is a number of messages or people that a claim may state."""
        match fact.kind:
            case FactKind.NUMBER:
                return self._counts(fact, count)
            case FactKind.DAY | FactKind.CLOCK:
                return bool(fact.keys & (self._days if fact.kind is FactKind.DAY else self._clocks))
            case FactKind.QUOTE:
                return any(f" {key}" in self.loose for key in fact.keys)
            case FactKind.CODE | FactKind.LINK:
                return any(joined(key) in self._tokens or _stands(key, self.flat) for key in fact.keys)
            case FactKind.COMPOUND:
                return all(key in self.flat or not self._has_sibling(key) for key in fact.keys)
            case FactKind.NAME:
                return any(key in self.flat for key in fact.keys)

    def _counts(self, fact: Fact, count: int) -> bool:
        if fact.quantity is None:
            return False
        derived = {str(number) for number in range(2, count + 1)} if not fact.quantity.unit else set[str]()
        return bool(fact.keys & derived) or self._numbers.has(fact.quantity)

    def _has_sibling(self, compound: str) -> bool:
        """Tell whether there is another compound with the same head: gateway-ocpp, where a claim has gateway-mqtt."""
        head = compound.split("-")[0]
        return bool(re.search(rf"(?<![\w-]){re.escape(head)}-[a-z]{{3,}}", self.flat))

    def rivals(self, fact: Fact, told: Sequence[Fact]) -> bool:
        """Tell whether the messages state another thing of a fact's kind that a claim does not tell: it is at odds."""
        if fact.kind not in {FactKind.DAY, FactKind.CLOCK, FactKind.NUMBER}:
            return False
        unit = fact.quantity.unit if fact.quantity is not None else ""
        stated = [one for one in facts(self.text) if one.kind is fact.kind]
        alike = [one for one in stated if one.quantity is None or one.quantity.unit == unit]
        return any(not any(one.keys & other.keys for other in told) for one in alike)


@lru_cache(4096)
def _forms(whole: str) -> tuple[str, str, frozenset[str]]:
    """Return a text in small letters, as bare words, and its tokens: the same messages bear out many claims."""
    tokens = frozenset(joined(found.strip(_STRIP)) for found in _TOKEN.findall(whole))
    return flat(whole), f" {loose(whole)} ", tokens


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
