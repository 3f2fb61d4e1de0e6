"""Ids as what people call them, within what the acting user may know of."""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from core.directory import Channel, ChannelKind, Person
from core.ids import ChannelId, UserId

# Bidirectional embeddings, overrides and isolates, and other control characters: they can make text read as
# something else than it is (CVE-2021-42574, "Trojan Source").
_DECEIVING = re.compile(
    "[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]"
)
_TONES = 8
_PREFIX: Mapping[ChannelKind, str] = {ChannelKind.PUBLIC: "#", ChannelKind.PRIVATE: "#"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """A person as shown: the name, the letters and colour of the avatar, and what to know of them."""

    id: str
    name: str
    initials: str
    tone: int
    note: str = ""
    handle: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """The people of a workspace, and the channels that the acting user may read."""

    people: Mapping[UserId, Person]
    channels: Mapping[ChannelId, Channel]
    hidden: frozenset[ChannelId] = frozenset()
    shared: frozenset[str] = frozenset()
    """Names that more than one person goes by: their handles tell them apart."""

    def who(self, id: str) -> Who:
        """Return how a person is shown; somebody the directory does not know keeps their id as a name."""
        person = self.people.get(UserId(id))
        if person is None:
            return _who(id, name=plain(id), note="not in the directory")
        name = plain(person.name) or person.id
        handle = plain(person.handle)
        return _who(
            person.id,
            name=f"{name} (@{handle})" if name in self.shared else name,
            note=_note(person),
            handle=handle,
            title=plain(person.title),
        )

    def channel(self, id: str, label: str = "") -> str:
        """Return a channel's name as this reader may know it: a channel they may not read has none."""
        if ChannelId(id) in self.hidden:
            return "a private channel"
        channel = self.channels.get(ChannelId(id))
        return title(channel) if channel else f"#{plain(label or id)}"


def names_of(people: Iterable[Person], readable: Iterable[Channel], every: Iterable[Channel]) -> Names:
    """Return the names for a reader of these channels out of every channel there is."""
    known = {channel.id: channel for channel in readable}
    everyone = {person.id: person for person in people}
    often = Counter(plain(person.name) for person in everyone.values())
    return Names(
        people=everyone,
        shared=frozenset(name for name, count in often.items() if count > 1),
        channels=known,
        hidden=frozenset(channel.id for channel in every if channel.id not in known),
    )


def title(channel: Channel) -> str:
    """Return a channel's name with its sign; a direct message is called by its name as imported."""
    return f"{_PREFIX.get(channel.kind, '')}{plain(channel.name) or channel.id}"


def plain(text: str) -> str:
    """Return text without the control characters that reorder or hide what a reader sees."""
    return _DECEIVING.sub("", text)


def _who(id: str, *, name: str, note: str = "", handle: str = "", title: str = "") -> Who:
    return Who(
        id=id,
        name=name,
        initials=_initials(name),
        tone=zlib.crc32(id.encode()) % _TONES,
        note=note,
        handle=handle,
        title=title,
    )


def _initials(name: str) -> str:
    words = re.findall(r"\w+", name.partition(" (@")[0])
    letters = [words[0][0], words[-1][0]] if len(words) > 1 else [name[:1] or "?"]
    return "".join(letters).upper()


def _note(person: Person) -> str:
    if person.deactivated:
        return "deactivated"
    if person.is_bot:
        return "bot"
    return f"{person.guest} guest" if person.guest != "no" else ""
