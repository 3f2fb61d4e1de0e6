"""The people and channels of one workspace by id, held in memory for the length of an import."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from contextlib import suppress

from core.directory import Channel, Directory, Guest, Person
from core.errors import NotFound
from core.ids import ChannelId, UserId, WorkspaceId

_HANDFUL = 50  # so many are read one by one


class Roster:
    """Knows everyone, meets newcomers, and writes them to the directory in batches.

    A newcomer of whom only the id is known is a placeholder, until somebody tells more.
    """

    def __init__(self, directory: Directory, workspace: WorkspaceId, *, newcomers: Guest) -> None:
        self._directory = directory
        self.workspace = workspace
        self._newcomers = newcomers
        self._people: dict[UserId, Person] = {}
        self._channels: dict[ChannelId, Channel] = {}
        self._new_people: dict[UserId, Person] = {}
        self._new_channels: dict[ChannelId, Channel] = {}
        self._whole = False
        self.met = 0

    async def load(self) -> None:
        """Read everything the directory knows."""
        self._whole = True
        self._people = {person.id: person for person in await self._directory.people(self.workspace)}
        self._channels = {channel.id: channel for channel in await self._directory.channels(self.workspace)}

    async def fetch(self, people: Collection[UserId], channels: Collection[ChannelId]) -> None:
        """Read what the directory knows of these; for a handful, in place of `load`."""
        if len(people) + len(channels) > _HANDFUL:
            await self.load()
            return
        for id in people:
            with suppress(NotFound):
                person = await self._directory.find_person(self.workspace, id)
                if person.id == id:
                    self._people[id] = person
        for id in channels:
            with suppress(NotFound):
                channel = await self._directory.find_channel(self.workspace, id)
                if channel.id == id:
                    self._channels[id] = channel

    def person(self, id: UserId) -> Person | None:
        """Return a person, or None for someone never met."""
        return self._people.get(id)

    def channel(self, id: ChannelId) -> Channel | None:
        """Return a channel, or None for one never met."""
        return self._channels.get(id)

    def channels(self) -> Iterable[Channel]:
        """Return every channel."""
        return self._channels.values()

    def wants(self, id: UserId) -> bool:
        """Tell whether more could be learned of someone: they are unknown, or a placeholder."""
        known = self._people.get(id)
        return known is None or _placeholder(known)

    def meet(self, id: UserId, person: Person | None = None) -> None:
        """Make sure that someone has an entry; what is told of them counts unless the directory knows better."""
        if not self.wants(id):
            return
        known = self._people.get(id)
        entry = person or known or Person(id=id, handle=id, guest=self._newcomers)
        if entry != known:
            self.met += known is None
            self._people[id] = self._new_people[id] = entry

    def meet_channel(self, channel: Channel) -> None:
        """Make sure that a channel has an entry."""
        if channel.id not in self._channels:
            self._channels[channel.id] = self._new_channels[channel.id] = channel

    async def settle(self) -> None:
        """Write newcomers to the directory, which gives them numbers."""
        if self._new_people:
            await self._directory.put_people(self.workspace, list(self._new_people.values()))
        if self._new_channels:
            await self._directory.put_channels(self.workspace, list(self._new_channels.values()))
        if self._new_people or self._new_channels:
            people, channels = list(self._new_people), list(self._new_channels)
            self._new_people, self._new_channels = {}, {}
            await (self.load() if self._whole else self.fetch(people, channels))


def _placeholder(person: Person) -> bool:
    return person.handle == person.id and not person.real_name and not person.display_name
