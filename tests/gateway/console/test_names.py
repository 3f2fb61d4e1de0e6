from __future__ import annotations

from core.directory import Channel, ChannelKind, Guest, Person
from core.ids import ChannelId, UserId
from gateway.console.names import Names, names_of, title


def person(id: str, name: str, **more: object) -> Person:
    return Person(id=UserId(id), handle=id.lower(), display_name=name, **more)  # pyright: ignore[reportArgumentType]


def names(*people: Person) -> Names:
    return names_of(people, [], [])


def test_two_people_of_one_name_are_told_apart_by_their_handles():
    both = names(person("SAMO", "Sam"), person("SAMA", "Sam"), person("ANA", "Ana"))

    assert [both.who(id).name for id in ("SAMO", "SAMA", "ANA")] == ["Sam (@samo)", "Sam (@sama)", "Ana"]
    assert both.who("SAMO").initials == "S"


def test_initials_are_those_of_the_first_and_the_last_word():
    found = names(person("A", "Ana Maria Lopez"), person("B", "李小龍"), person("C", "🌻"))

    assert [found.who(id).initials for id in ("A", "B", "C")] == ["AL", "李", "🌻"]


def test_bots_guests_and_the_deactivated_are_marked():
    found = names(
        person("A", "Bot", is_bot=True),
        person("B", "Guest", guest=Guest.SINGLE),
        person("C", "Gone", deactivated=True),
        person("D", "Member"),
    )

    assert [found.who(id).note for id in "ABCD"] == ["bot", "single-channel guest", "deactivated", ""]


def test_a_name_cannot_reorder_what_stands_around_it():
    assert names(person("A", "\u202eevil\u202c")).who("A").name == "evil"


def test_a_direct_message_has_no_channel_sign():
    direct = Channel(id=ChannelId("D1"), name="ana, ben", kind=ChannelKind.DIRECT)

    assert title(direct) == "ana, ben"
    assert title(Channel(id=ChannelId("C1"), name="open")) == "#open"
