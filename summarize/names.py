"""What people and channels are called in a summary: one name a person, never two people under one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache

from core.directory import Channel, Person
from core.ids import ChannelId, UserId
from summarize.guard import defuse, normalise
from summarize.instructions import is_instruction

_MARKUP = re.compile(r"[<>`*_~|\[\]]")
_LONGEST = 40
_PRIVATE = "a private channel"
_ASKED = re.compile(
    r"\b([^\W\d_]{2,})(?:, ?|:? )(?:please|bitte|can you|could you|would you|will you|kannst du|könntest du)\b",
    re.IGNORECASE,
)


class Names:
    """Names of the people and channels that a window speaks of.

    Who shares a name with another gets the handle beside it. A name that is overlong, or speaks to machines, gives
    way to the handle.
    """

    def __init__(self, people: Iterable[Person], channels: Iterable[Channel]) -> None:
        plain = {
            person.id: (_fit(person.name) or _fit(person.handle) or person.id, person) for person in people
        }
        count = Counter(name.casefold() for name, _ in plain.values())
        self._people = {
            id: name if count[name.casefold()] == 1 else f"{name} ({_fit(person.handle) or id})"
            for id, (name, person) in plain.items()
        }
        self._called = _first_names(self._people)
        self._channels = {channel.id: channel.name for channel in channels}

    def person(self, id: UserId) -> str:
        """Return what to call a person."""
        return self._people.get(id, "someone")

    def asked(self, text: str) -> UserId | None:
        """Return who is asked by their first name ("Maya, please …"), if one person only has it."""
        for match in _ASKED.finditer(text):
            if (id := self._called.get(match[1].casefold())) is not None:
                return id
        return None

    def channel(self, id: ChannelId) -> str:
        """Return `#name` of a channel the reader may know of."""
        name = self._channels.get(id)
        return f"#{_fit(name) or id}" if name else _PRIVATE

    @property
    def every(self) -> frozenset[str]:
        """Return every person's name."""
        return frozenset(self._people.values())


def without(text: str, channels: Iterable[Channel]) -> str:
    """Return a text with the names of these channels taken out: of those its reader may not know of."""
    names = sorted({_fit(channel.name) or channel.id for channel in channels}, key=len, reverse=True)
    hidden = "|".join(re.escape(name) for name in names)
    return re.sub(rf"#(?:{hidden})(?![\w-])", _PRIVATE, text) if hidden else text


def _first_names(people: Mapping[UserId, str]) -> dict[str, UserId]:
    firsts = [(name.split()[0].casefold(), id) for id, name in people.items() if name.split()]
    count = Counter(first for first, _ in firsts)
    return {first: id for first, id in firsts if count[first] == 1}


@lru_cache(16_384)
def _fit(name: str) -> str:
    clean = " ".join(_MARKUP.sub("", defuse(normalise(name))).split())
    return "" if len(clean) > _LONGEST or is_instruction(clean) or "(link)" in clean else clean
