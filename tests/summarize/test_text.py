"""Sentences, cues and names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.directory import Person
from core.ids import UserId
from summarize.compose import clip
from summarize.cues import cues
from summarize.due import due_in
from summarize.names import Names
from summarize.plain import mentioned
from summarize.sentences import lines_of, split
from tests.support.talk import ANN


def sentences(text: str) -> list[str]:
    return [sentence.text for sentence in split(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("it's my deploy. gateway 1.48, went out 13:02", ["it's my deploy.", "gateway 1.48, went out 13:02"]),
        ("See e.g. the doc. It is v1.2.3. Done!", ["See e.g. the doc.", "It is v1.2.3.", "Done!"]),
        ("1) nothing lost, 2) 11 tours late", ["1) nothing lost, 2) 11 tours late"]),
        ("(a) now, (b) properly after", ["(a) now, (b) properly after"]),
        ("- one thing\n- two things. And more", ["one thing", "two things.", "And more"]),
        ("Run `a.b. c` now. ok... maybe", ["Run `a.b. c` now.", "ok... maybe"]),
        ("Dr. Who came. Why?! Because.", ["Dr. Who came.", "Why?!", "Because."]),
        ("今日は。明日も。", ["今日は。", "明日も。"]),
        ("...\n---\n:)", []),
    ],
)
def test_sentences_end_where_they_end(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


def test_a_quote_is_known_as_one() -> None:
    assert [sentence.quoted for sentence in split("> they said so\nI disagree")] == [True, False]


def test_a_code_block_is_one_mark_closed_or_not() -> None:
    assert lines_of("look:\n```\na\nb\n```\ndone") == ["look:", " (code) ", "done"]
    assert lines_of("look:\n```\na\nb") == ["look:", " (code) "]


@given(st.text(max_size=200))
def test_splitting_loses_no_word(text: str) -> None:
    kept = "".join(sentences(text))

    assert all(char in kept for char in text if char.isalpha() and char.isascii() and not _bullet(text))


def _bullet(text: str) -> bool:
    return any(
        line.lstrip().lstrip(">& gt;").lstrip()[:3].strip("().")[:1].isalpha() and ")" in line[:12]
        for line in text.split("\n")
    )


@pytest.mark.parametrize(
    "text",
    [
        "Decision: we ship.",
        "We've decided to ship on Friday.",
        "ok, decision: Redpanda it is",
        "From now on, no deploys on Friday.",
        "Let's go with option B.",
        "Effective now: no migration runs without a timeout.",
        "B it is!!",
        "Beschlossen: wir grillen am See.",
        "Ab jetzt wird freitags geleert.",
    ],
)
def test_decisions_are_heard(text: str) -> None:
    assert cues(text).decision == 1


@pytest.mark.parametrize(
    "text",
    [
        "We have NOT decided yet.",
        "Nobody has agreed to that.",
        "Before we decide, I want numbers.",
        "Have we decided?",
        "Decision is still open.",
        "No decision today.",
        "Find out why, before I sign off.",
        "Das ist noch nicht entschieden.",
    ],
)
def test_what_only_mentions_deciding_is_no_decision(text: str) -> None:
    assert cues(text).decision < 1


@pytest.mark.parametrize(
    "text",
    [
        "I'll write the post-mortem.",
        "I can take the review",
        "on it",
        "TODO: rotate keys",
        "Final numbers by Friday",
        "I take it: find out why the alert did not fire.",
        "Me: alert 45 days before any certificate changes.",
        "One-pager with numbers Wednesday.",
        "Rewriting the newsletter now.",
        "Ich kümmere mich um die Teller.",
        "Getränke: ich, auch alkoholfrei.",
    ],
)
def test_commitments_are_heard(text: str) -> None:
    assert cues(text).action >= 0.8


@pytest.mark.parametrize(
    "text",
    [
        "I'll believe it when I see it.",
        "I won't do it.",
        "If I write it, nobody reads it.",
        "I'll be out on Friday.",
        "I take it you have seen the plan.",
        "Is Monday a public holiday in New York?",
        "I keep losing track.",
        "LOOK AT THE EAR ON IT",
        "Welcome, don't let me deploy today!",
        "App version 4.8.",
        "Wenn ich das mache, dann nie allein.",
    ],
)
def test_idle_talk_is_no_commitment(text: str) -> None:
    assert cues(text).action == 0


@pytest.mark.parametrize(
    "text",
    [
        "nvm, Friday instead",
        "Scratch that.",
        "We are reversing the Friday freeze.",
        "actually let's wait",
        "Reverting the decision from Monday.",
        "Dann doch Schlachtensee, gleiche Zeit.",
    ],
)
def test_reversals_are_heard(text: str) -> None:
    assert cues(text).reversal == 1


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("done by Friday", "Friday"),
        ("draft tomorrow noon", "tomorrow noon"),
        ("ready by 2026-03-09", "2026-03-09"),
        ("in by end of the week", "end of the week"),
        ("since Friday it fails", None),
        ("Report to me by 10:00", "10:00"),
        ("logins died 12:04-14:14", None),
        ("the others had charged by 07:05", None),
        ("the old chain is good until 31 August", None),
        ("from Friday 18:00 to Monday 06:00", None),
        ("ich mache das bis Freitag", "Freitag"),
        ("fertig bis spätestens 14 Uhr", "14 Uhr"),
        ("seit Montag kaputt", None),
        ("no date here", None),
    ],
)
def test_due_dates_are_in_their_own_words(text: str, due: str | None) -> None:
    assert due_in(text) == due


def test_no_incident_is_no_incident() -> None:
    assert cues("There were no incidents this week.").incident == 0
    assert cues("The API is down.").incident == 1


def test_a_cause_is_named_or_only_hinted_at() -> None:
    assert cues("cause in one line: the lock queue starved the planner").cause == 1
    assert 0 < cues("It is slow because of the index.").cause < 1
    assert cues("The cause is found and fixed.").cause == 0


def test_people_mentioned_are_found_once_in_order() -> None:
    assert mentioned("<@U2> and <@U1|ann>, <@U2>") == ("U2", "U1")


def test_namesakes_get_their_handles_whatever_the_letter_case() -> None:
    people = [
        Person(id=UserId(f"U{n}"), handle=f"sam{n}", display_name=name)
        for n, name in enumerate(["Sam", "sam", "Ｓａｍ"])
    ]

    assert Names(people, []).every == {"Sam (sam0)", "sam (sam1)", "Sam (sam2)"}


def test_an_overlong_or_dressed_up_name_is_cut_down() -> None:
    names = [
        Person(id=UserId("U1"), handle="x", display_name="A" * 90),
        Person(id=UserId("U2"), handle="y", display_name="*<!here>*"),
    ]

    assert [Names(names, []).person(one.id) for one in names] == ["x", "y"]
    assert Names([ANN], []).person(UserId("U_GONE")) == "someone"


@given(st.text(max_size=300), st.integers(min_value=20, max_value=120))
def test_clipping_keeps_within_the_limit_and_says_that_it_cut(text: str, limit: int) -> None:
    short = clip(text, limit)

    assert len(short) <= limit + 1
    assert short == text or short.endswith("…")
