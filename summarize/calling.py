"""Who is called what in a summary, looked up in one read; and what a request has looked up, so that it asks once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from core.directory import Directory, Person
from core.ids import ChannelId, MessageId, UserId
from core.lookups import people_and_namesakes, readable_among
from summarize.access import View
from summarize.material import people_in
from summarize.models import Item, Message
from summarize.names import Names
from summarize.plain import channels_in


@dataclass(slots=True)
class Known:
    """The names and messages that one request has read, for the sources of its own items.

    Empty until the window is read. Give it to one request alone.
    """

    names: Names | None = None
    messages: Mapping[MessageId, Message] = field(default_factory=dict[MessageId, Message])
    people: frozenset[UserId] = frozenset()

    def of(self, items: Iterable[Item]) -> tuple[list[Message], Names] | None:
        """Return the messages that items name, and the names; None if anything of it was not read."""
        wanted = {id for item in items for id in (*item.citations, *item.superseded)}
        people = {user for item in items for user in item.participants}
        if self.names is None or not (wanted <= self.messages.keys() and people <= self.people):
            return None
        return [self.messages[id] for id in sorted(wanted)], self.names


async def called(
    directory: Directory, view: View, messages: Sequence[Message], also: Iterable[UserId] = ()
) -> tuple[list[Person], Names]:
    """Return who speaks or is spoken of, and what to call whom.

    Namesakes are looked up too, for nobody is to be taken for another; of channels those that are named.
    """
    wanted = people_in(messages).union(also)
    named = frozenset[ChannelId]().union(*(channels_in(m.text) for m in messages))

    def look_up(connection: Connection) -> tuple[list[Person], Names]:
        people, alike = people_and_namesakes(connection, view.workspace, wanted)
        everyone = {person.id: person for person in (*people, *alike)}
        readable = readable_among(connection, view.workspace, view.reader, named)
        return people, Names(everyone.values(), readable)

    return await directory.read(look_up)
