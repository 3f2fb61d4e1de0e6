"""What may be shown to whom, read from the directory at the moment of asking: before ranking and again after.

No use case can switch these off: private channels of others, direct and group messages, archived channels, anything
a guest may not see, bots, deactivated people, the asker, those who opted out or are blocked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from core.directory import Channel, ChannelKind, Directory, Guest, Person, may_read
from core.errors import NotPermitted
from core.events.models import Corpus
from core.ids import ChannelId, WorkspaceId
from recommend.query import Query
from recommend.store import RecommendStore, Wishes
from recommend.usecase import Rule, UseCase


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Who asks, and what holds for them at this moment."""

    workspace: WorkspaceId
    person: Person
    channels: Sequence[Channel]
    joined: frozenset[ChannelId]
    wishes: Wishes


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """What may be shown, by number, and how many were removed by which rule."""

    entries: dict[int, Channel | Person]
    removed: Counter[str]


class Safety:
    """Asks the directory and the store afresh, each time."""

    def __init__(self, directory: Directory, store: RecommendStore) -> None:
        self._directory = directory
        self._store = store

    async def asker(self, workspace: WorkspaceId, named: str, corpus: Corpus) -> Asker:
        """Return who asks; raises NotFound, and NotPermitted for a bot or a deactivated account."""
        person = await self._directory.find_person(workspace, named)
        if person.deactivated or person.is_bot:
            raise NotPermitted(
                f"{person.id} is {'a bot' if person.is_bot else 'deactivated'}: nothing is recommended to it.",
                remedy="Ask for a person with an active account.",
            )
        channels = await self._directory.channels_of(workspace, person.id)
        return Asker(
            workspace=workspace,
            person=person,
            channels=channels,
            joined=frozenset(channel.id for channel in channels),
            wishes=await self._store.wishes(workspace, person.number, corpus),
        )

    async def again(self, asker: Asker, corpus: Corpus) -> Asker:
        """Return the same asker as they are now."""
        return await self.asker(asker.workspace, asker.person.id, corpus)

    async def allowed(
        self, asker: Asker, use_case: UseCase, query: Query, numbers: Sequence[int], exclude: frozenset[str]
    ) -> Allowed:
        """Return what of the candidates may be shown to this asker in this use case."""
        if use_case.corpus is Corpus.CHANNEL:
            channels = await self._directory.channels_numbered(asker.workspace, numbers)
            return _sorted_out(
                {c.number: (c, _against_channel(asker, use_case, query, c)) for c in channels}, exclude
            )
        people = await self._directory.people_numbered(asker.workspace, numbers)
        near = await self._near(asker, people)
        return _sorted_out(
            {p.number: (p, _against_person(asker, use_case, query, p, near)) for p in people}, exclude
        )

    async def _near(self, asker: Asker, people: Sequence[Person]) -> frozenset[str]:
        """Return who shares a channel with the asker; asked only where guests are involved."""
        asked = [person.id for person in people if _is_guest(person, asker.person)]
        if not asked:
            return frozenset()
        return await self._directory.members_of_any(asker.workspace, asker.joined, asked)


def _against_channel(asker: Asker, use_case: UseCase, query: Query, channel: Channel) -> str:
    """Return the first rule that speaks against a channel, empty if none does."""
    member = channel.id in asker.joined
    if channel.kind in (ChannelKind.DIRECT, ChannelKind.GROUP) or channel.archived:
        return "not_a_channel" if not channel.archived else "archived"
    if not may_read(asker.person, channel, member=member):
        return "not_readable"
    if Rule.JOINED in use_case.rules and (member or channel.number in query.familiar):
        return "joined"
    if Rule.NOT_JOINED in use_case.rules and not member:
        return "not_joined"
    dismissed = Rule.DISMISSED in use_case.rules and channel.number in asker.wishes.dismissed
    return "dismissed" if dismissed else ""


def _against_person(
    asker: Asker, use_case: UseCase, query: Query, person: Person, near: frozenset[str]
) -> str:
    """Return the first rule that speaks against a person, empty if none does."""
    if person.id == asker.person.id:
        return "self"
    if person.is_bot or person.deactivated:
        return "not_active"
    if _is_guest(person, asker.person) and person.id not in near:
        return "guest"
    if person.number in asker.wishes.hidden:
        return "hidden"
    if Rule.IN_CONTACT in use_case.rules and _in_contact(query, person):
        return "in_contact"
    dismissed = Rule.DISMISSED in use_case.rules and person.number in asker.wishes.dismissed
    return "dismissed" if dismissed else ""


def _is_guest(*people: Person) -> bool:
    return any(person.guest is not Guest.NO for person in people)


def _in_contact(query: Query, person: Person) -> bool:
    known = person.number < len(query.contact_last)
    return known and bool(query.contact_last[person.number])


def _sorted_out(judged: dict[int, tuple[Channel | Person, str]], exclude: frozenset[str]) -> Allowed:
    verdicts = {
        n: (e, verdict or ("excluded" if e.id in exclude else "")) for n, (e, verdict) in judged.items()
    }
    return Allowed(
        entries={int(number): entry for number, (entry, verdict) in verdicts.items() if not verdict},
        removed=Counter(verdict for _, verdict in verdicts.values() if verdict),
    )
