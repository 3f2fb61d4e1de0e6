"""What may be shown to whom, read from the directory at the moment of asking: before ranking and again after.

No use case can switch these off: private channels of others, direct and group messages, archived channels, anything
a guest may not see, bots, deactivated people, the asker, those who opted out or are blocked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from sqlalchemy import Connection

from core.database import Database
from core.directory import Channel, ChannelKind, Guest, Person, may_read
from core.errors import NotPermitted
from core.events.models import Corpus
from core.ids import WorkspaceId
from core.standing import (
    ChannelStanding,
    PersonStanding,
    channel_standings,
    channels_numbered,
    find_person,
    joined,
    near,
    people_numbered,
    person_standings,
)
from recommend.query import Query
from recommend.store import Wishes, read_wishes
from recommend.usecase import Rule, UseCase

_Entry = TypeVar("_Entry", ChannelStanding | PersonStanding, Channel | Person)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Who asks, the numbers of the conversations they are in, and what else holds for them at this moment."""

    workspace: WorkspaceId
    person: Person
    joined: frozenset[int]
    wishes: Wishes


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed(Generic[_Entry]):
    """What may be shown, by number, and how many were removed by which rule."""

    entries: dict[int, _Entry]
    removed: Counter[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What is judged by: the use case, what is known of the asker, and ids they do not want to see."""

    use_case: UseCase
    query: Query
    exclude: frozenset[str]


class Safety:
    """Looks afresh each time; a look is one consistent view of the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def asker(self, workspace: WorkspaceId, named: str, corpus: Corpus) -> Asker:
        """Return who asks; raises NotFound, and NotPermitted for a bot or a deactivated account."""
        return await self._database.read(lambda connection: _asker(connection, workspace, named, corpus))

    async def first(
        self, asker: Asker, rules: Rules, numbers: Sequence[int]
    ) -> Allowed[ChannelStanding | PersonStanding]:
        """Return which of many candidates are worth ranking."""

        def look(connection: Connection) -> Allowed[ChannelStanding | PersonStanding]:
            if rules.use_case.corpus is Corpus.CHANNEL:
                channels = channel_standings(connection, asker.workspace, numbers)
                return _sorted_out(_channels(asker, rules, channels), rules.exclude)
            people = person_standings(connection, asker.workspace, numbers)
            return _sorted_out(_people(connection, asker, rules, people), rules.exclude)

        return await self._database.read(look)

    async def last(self, asker: Asker, rules: Rules, numbers: Sequence[int]) -> Allowed[Channel | Person]:
        """Return which of the few about to be shown may be, with the asker as they are now; raises as `asker`."""

        def look(connection: Connection) -> Allowed[Channel | Person]:
            now = _asker(connection, asker.workspace, asker.person.id, rules.use_case.corpus)
            if rules.use_case.corpus is Corpus.CHANNEL:
                channels = channels_numbered(connection, now.workspace, numbers)
                return _sorted_out(_channels(now, rules, channels), rules.exclude)
            people = people_numbered(connection, now.workspace, numbers)
            return _sorted_out(_people(connection, now, rules, people), rules.exclude)

        return await self._database.read(look)


def _asker(connection: Connection, workspace: WorkspaceId, named: str, corpus: Corpus) -> Asker:
    person = find_person(connection, workspace, named)
    if person.deactivated or person.is_bot:
        raise NotPermitted(
            f"{person.id} is {'a bot' if person.is_bot else 'deactivated'}: nothing is recommended to it.",
            remedy="Ask for a person with an active account.",
        )
    return Asker(
        workspace=workspace,
        person=person,
        joined=joined(connection, workspace, person.id),
        wishes=read_wishes(connection, workspace, person.number, corpus),
    )


_Room = TypeVar("_Room", ChannelStanding, Channel)
_Somebody = TypeVar("_Somebody", PersonStanding, Person)


def _channels(asker: Asker, rules: Rules, channels: Sequence[_Room]) -> list[tuple[_Room, str]]:
    return [(channel, _against_channel(asker, rules, channel)) for channel in channels]


def _people(
    connection: Connection, asker: Asker, rules: Rules, people: Sequence[_Somebody]
) -> list[tuple[_Somebody, str]]:
    """Judge people; who shares a channel with the asker is asked only where guests are involved."""
    asked = [person.id for person in people if _is_guest(person, asker.person)]
    close = near(connection, asker.workspace, asker.person.id, asked) if asked else frozenset[str]()
    return [(person, _against_person(asker, rules, person, close)) for person in people]


def _against_channel(asker: Asker, rules: Rules, channel: ChannelStanding | Channel) -> str:
    """Return the first rule that speaks against a channel, empty if none does."""
    member, chosen = channel.number in asker.joined, rules.use_case.rules
    if channel.kind in (ChannelKind.DIRECT, ChannelKind.GROUP) or channel.archived:
        return "not_a_channel" if not channel.archived else "archived"
    if not may_read(asker.person, channel, member=member):
        return "not_readable"
    if Rule.JOINED in chosen and (member or channel.number in rules.query.familiar):
        return "joined"
    if Rule.NOT_JOINED in chosen and not member:
        return "not_joined"
    dismissed = Rule.DISMISSED in chosen and channel.number in asker.wishes.dismissed
    return "dismissed" if dismissed else ""


def _against_person(
    asker: Asker, rules: Rules, person: PersonStanding | Person, close: frozenset[str]
) -> str:
    """Return the first rule that speaks against a person, empty if none does."""
    if person.id == asker.person.id:
        return "self"
    if person.is_bot or person.deactivated:
        return "not_active"
    if _is_guest(person, asker.person) and person.id not in close:
        return "guest"
    if person.number in asker.wishes.hidden:
        return "hidden"
    if Rule.IN_CONTACT in rules.use_case.rules and _in_contact(rules.query, person):
        return "in_contact"
    dismissed = Rule.DISMISSED in rules.use_case.rules and person.number in asker.wishes.dismissed
    return "dismissed" if dismissed else ""


def _is_guest(*people: PersonStanding | Person) -> bool:
    return any(person.guest is not Guest.NO for person in people)


def _in_contact(query: Query, person: PersonStanding | Person) -> bool:
    known = person.number < len(query.contact_last)
    return known and bool(query.contact_last[person.number])


def _sorted_out(judged: Iterable[tuple[_Entry, str]], exclude: frozenset[str]) -> Allowed[_Entry]:
    verdicts = [(entry, rule or ("excluded" if entry.id in exclude else "")) for entry, rule in judged]
    return Allowed(
        entries={int(entry.number): entry for entry, rule in verdicts if not rule},
        removed=Counter(rule for _, rule in verdicts if rule),
    )
