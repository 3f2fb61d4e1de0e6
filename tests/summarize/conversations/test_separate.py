"""Entries into conversations: threads whole, nothing lost, and a window that grows regroups nothing."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from core.directory import Person
from summarize.conversations import separate
from summarize.conversations.separate import utterances
from summarize.material import Entry
from summarize.models import Message, MessageKind
from tests.support.talk import ANN, BEN, CAT, DAN, ROBOT, material, said

TALK = "deploy rollback invoice tariff charger gateway release Friday meeting why who broken fixed yes"
WORDS = TALK.split()


def entries(*messages: Message) -> Sequence[Entry]:
    return material(messages).entries


@st.composite
def talks(draw: st.DrawFn) -> list[Message]:
    size = draw(st.integers(2, 25))
    talk: list[Message] = []
    minute = 0.0
    for n in range(size):
        minute += draw(st.sampled_from([0.2, 1, 7, 90, 2000]))
        author: Person = draw(st.sampled_from([ANN, BEN, CAT, DAN]))
        words = " ".join(draw(st.lists(st.sampled_from(WORDS), min_size=2, max_size=6)))
        named = draw(st.sampled_from(["", "", "<@U_ANN> ", "<@U_DAN> "]))
        root = draw(st.sampled_from([None, None, None, "m0", "m3", "gone"]))
        known = root is not None and (root == "gone" or int(root[1:]) < n)
        talk.append(said(minute, author, f"{named}{words} {n}", id=f"m{n}", root=root if known else None))
    return talk


@settings(max_examples=40, deadline=None)
@given(talks())
def test_every_message_is_in_one_conversation_and_they_begin_in_order(talk: list[Message]):
    found = entries(*talk)

    groups = separate(found)

    assert sorted(at for group in groups for at in group) == list(range(len(found)))
    assert all(group == sorted(group) for group in groups)
    assert [group[0] for group in groups] == sorted(group[0] for group in groups)


@settings(max_examples=40, deadline=None)
@given(talks())
def test_a_thread_stays_one_conversation_with_its_root(talk: list[Message]):
    found = entries(*talk)
    home = {at: number for number, group in enumerate(separate(found)) for at in group}

    of_thread: dict[str, set[int]] = {}
    for at, entry in enumerate(found):
        of_thread.setdefault(entry.message.root or entry.message.id, set()).add(home[at])

    assert all(len(homes) == 1 for homes in of_thread.values())


@settings(max_examples=60, deadline=None)
@given(talks(), st.data())
def test_what_is_said_later_never_changes_how_the_talk_before_was_separated(
    talk: list[Message], data: st.DataObject
):
    found = entries(*talk)
    end = data.draw(st.integers(1, len(found)))

    before = separate(found[:end])
    after = [[at for at in group if at < end] for group in separate(found)]

    assert before == [group for group in after if group]


def test_a_talk_longer_than_a_block_of_pairs_is_separated_as_its_beginning_was():
    people = (ANN, BEN, CAT, DAN)
    talk = [
        said(n * 0.7, people[(n * n // 3) % 4], f"{WORDS[n % 13]} {WORDS[n * 7 % 11]} number {n}")
        for n in range(600)
    ]
    found = entries(*talk)

    short, whole = separate(found[:300]), separate(found)

    assert short == [part for group in whole if (part := [at for at in group if at < 300])]


def test_what_is_said_after_a_long_silence_is_a_conversation_of_its_own():
    talk = [
        said(0, ANN, "The charger firmware update fails again"),
        said(2, BEN, "Which error does it show?"),
        said(1440, CAT, "The tariff meeting moves to room four"),
        said(1442, DAN, "Good, room four has the projector"),
    ]

    assert separate(entries(*talk)) == [[0, 1], [2, 3]]


def test_nothing_said_is_no_conversation():
    assert separate([]) == []


def test_replies_whose_root_is_not_given_stay_together():
    talk = [
        said(0, ANN, "The release notes are in the usual place", root="gone"),
        said(1, CAT, "Lunch is at noon today, vegetarian too"),
        said(2, BEN, "The release notes miss the tariff change", root="gone"),
    ]

    groups = separate(entries(*talk))

    assert [0, 2] in [[at for at in group if at != 1] for group in groups]


def test_an_entry_is_read_with_whom_it_mentions_or_calls_by_name_and_its_whole_minute():
    talk = [
        said(0.9, ANN, "Shall we ship it?"),
        said(1.5, BEN, "Ann, give me an hour with <@U_CAT>"),
        said(2, CAT, "<@U_BEN> here I am"),
        said(3, ROBOT, "[P1] gateway: chargers offline", kind=MessageKind.BOT),
    ]

    first, second, third, last = utterances(entries(*talk))

    assert (second.named, second.directed) == (("U_ANN", "U_CAT"), True)
    assert (third.named, third.directed) == (("U_BEN",), True)
    assert (second.minute - first.minute, third.minute - first.minute) == (1, 2)
    assert (first.bot, last.bot) == (False, True)
