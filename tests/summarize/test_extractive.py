from __future__ import annotations

import time

import pytest

from core.directory import Person
from core.embedding import Embedder, HashingEmbedder
from summarize.extractive import Draft, Extractive
from summarize.ground import Grounding
from summarize.models import Detail, ItemKind, Message, MessageKind
from tests.support.talk import ANN, BEN, CAT, DAN, PEOPLE, ROBOT, cited, material, said

POSTGRES = [
    "Postgres 14 to 16: I'd like to fix a date for the Postgres upgrade.",
    "pg_upgrade took 26 minutes on last night's copy of the Postgres database.",
    "Postgres logical replication to a new cluster means 40 seconds of downtime.",
    "Postgres sequences don't replicate, the Postgres upgrade of 2024 bit us there.",
    "Decision: Postgres logical replication, Sunday 05:00 UTC.",
    "I'll rehearse the Postgres upgrade with sequences by Friday.",
    "The Postgres maintenance notice goes out five days ahead of the upgrade.",
]
FLAKY = [
    "The flaky test plan_across_midnight failed on my branch, I only changed a README.",
    "That flaky test is cursed, the flaky test always fails, press retry.",
    "I counted: the flaky test failed in 23 of 210 CI runs, all at night.",
    "The flaky test builds tonight from the wall clock and the CI runner is in UTC.",
    "So the flaky test fails for two hours a day in CI, every single day.",
    "I'll pass a clock into the flaky test today.",
    "Remove the flaky test retry decorator from CI then, it hid the flaky test.",
]


def draft(
    messages: list[Message], detail: Detail = Detail.STANDARD, embedder: Embedder | None = None
) -> Draft:
    return Extractive(embedder or HashingEmbedder()).draft(material(messages), detail)


def interleaved() -> list[Message]:
    talk: list[Message] = []
    for n, (one, other) in enumerate(zip(POSTGRES, FLAKY, strict=True)):
        talk += [
            said(2 * n, (ANN, BEN)[n % 2], one, id=f"p{n}"),
            said(2 * n + 1, (CAT, DAN)[n % 2], other, id=f"f{n}"),
        ]
    return talk


@pytest.mark.parametrize("detail", list(Detail))
def test_every_topic_of_an_interleaved_window_is_covered(detail: Detail) -> None:
    found = draft(interleaved(), detail)

    assert {id[0] for id in cited(found.items)} == {"p", "f"}
    assert (found.conversations, found.shown) == (2, 2)


@pytest.mark.slow
def test_topics_are_told_apart_by_meaning_with_the_real_embedder() -> None:
    from gpu.embedder import MiniLmEmbedder

    found = draft(interleaved(), Detail.BRIEF, MiniLmEmbedder())

    assert {id[0] for id in cited(found.items)} == {"p", "f"}


def test_days_apart_are_conversations_apart() -> None:
    talk = [
        said(1440 * day + n, PEOPLE[n % 3], f"Topic {day}, thought {n} about its plan")
        for day in range(5)
        for n in range(4)
    ]

    found = draft(talk)

    assert found.conversations == found.shown == 5


def test_every_item_of_a_draft_is_grounded() -> None:
    grounding = Grounding(material(interleaved()))

    assert [grounding.fault(item) for item in draft(interleaved(), Detail.FULL).items] == [""] * len(
        draft(interleaved(), Detail.FULL).items
    )


def test_an_incident_is_told_from_the_alert_to_its_cause() -> None:
    talk = [
        said(0, ROBOT, "[P1] gateway: connected chargers 6214 to 188", kind=MessageKind.BOT),
        said(1, ANN, "On it, looking at the gateway logs."),
        said(9, BEN, "Root cause: the restart drops every socket and chargers reconnect without jitter."),
        said(30, ANN, "All chargers are back online, closing the incident after 51 minutes."),
    ]

    found = draft(talk, Detail.FULL)

    assert {"m0", "m9", "m30"} <= cited([item for item in found.items if item.kind is ItemKind.INCIDENT])


def test_reactions_lift_what_people_cared_about() -> None:
    plain = [
        said(n, PEOPLE[n % 4], f"Idea {n}: the office could use one more plant in room {n}") for n in range(8)
    ]
    liked = [
        *plain[:5],
        said(5, DAN, "Idea 5: the office could use one more plant in room 5", thumbs=9),
        *plain[6:],
    ]

    assert "m5" in cited(draft(liked, Detail.BRIEF).items)


def test_an_action_belongs_to_whom_it_names() -> None:
    talk = [
        said(0, ANN, "<@U_BEN> will replay a year of prices in CI by Friday."),
        said(1, BEN, "Makes sense to me."),
    ]

    (action,) = [item for item in draft(talk).items if item.kind is ItemKind.ACTION]

    assert (action.owner, action.due) == (BEN.id, "Friday")
    assert action.participants == (ANN.id, BEN.id)


@pytest.mark.parametrize(
    ("text", "owner", "due"),
    [
        ("I take it: find out why the stale alert didn't fire, with a test page.", ANN, None),
        ("Me: alert 45 days before any certificate expires. Wednesday.", ANN, "Wednesday"),
        ("The post-mortem goes to customers. Ben, please.", BEN, None),
        ("We owe them the written report by Monday noon. <@U_BEN> please.", BEN, "Monday noon"),
        ("Update your laptops by Thursday, actively exploited.", None, "Thursday"),
        ("Report to me by 10:00, closing the incident.", None, "10:00"),
    ],
)
def test_an_action_has_the_owner_and_the_date_that_are_stated(
    text: str, owner: Person | None, due: str | None
) -> None:
    found = material([said(0, ANN, text), said(1, BEN, "The depot in the north is quiet.")])

    (action,) = [
        item
        for item in Extractive(HashingEmbedder()).draft(found, Detail.FULL).items
        if item.kind is ItemKind.ACTION
    ]

    assert (action.owner, action.due) == (owner and owner.id, due)
    assert Grounding(found).fault(action) == ""


def test_a_stated_cause_comes_before_what_else_an_incident_holds() -> None:
    talk = [
        said(0, ROBOT, "[P1] planner: no plan for 9 depots", kind=MessageKind.BOT),
        said(2, ANN, "Plans are stale in nine depots, trucks are waiting.", root="m0"),
        said(
            9, BEN, "Cause in one line: a migration queued behind a read and starved the planner.", root="m0"
        ),
        said(20, ROBOT, "[RESOLVED] planner: plans published", kind=MessageKind.BOT, root="m0"),
    ]

    incidents = [item for item in draft(talk, Detail.FULL).items if item.kind is ItemKind.INCIDENT]

    assert incidents[0].citations == ("m9",)


def test_a_plain_question_is_no_action() -> None:
    found = draft([said(0, ANN, "Is Monday a public holiday in New York? I keep losing track.")])

    assert all(item.kind is not ItemKind.ACTION for item in found.items)


def test_reported_speech_is_used_only_where_it_is_grammatical() -> None:
    safe = draft([said(0, ANN, "I'll restart the gateway tonight.")]).items[0].text
    unsafe = draft([said(0, ANN, "I'll restart my gateway before you do tonight.")]).items[0].text

    assert safe == "Ann will restart the gateway tonight."
    assert unsafe == "Ann: I'll restart my gateway before you do tonight."


def test_code_blocks_are_marked_and_code_spans_kept() -> None:
    talk = [
        said(
            0, ANN, "Root cause found, it dies here:\n```\nassert price >= 0\n```\nFix `clamp_price()` today."
        )
    ]

    text = draft(talk).items[0].text

    assert "assert price" not in text
    assert "`clamp_price()`" in text


def test_a_question_nobody_answered_stays_open_after_a_shrug() -> None:
    talk = [
        said(0, ANN, "Do the old Kestrel units honour the Retry-After header?"),
        said(1, BEN, "Asked the vendor, no answer yet", root="m0"),
    ]

    (question,) = [item for item in draft(talk).items if item.kind is ItemKind.QUESTION]

    assert question.text == "Ann asked: Do the old Kestrel units honour the Retry-After header?"


def test_a_reversal_without_anything_to_take_back_supersedes_nothing() -> None:
    found = draft([said(0, ANN, "Never mind, I found the charger manual in the drawer.")])

    assert all(not item.superseded for item in found.items)


def test_stand_ups_do_not_crowd_out_news() -> None:
    talk = [
        said(n, PEOPLE[n % 4], f"Yesterday: PR {n}. Today: PR {n + 1}. Blockers: none.") for n in range(6)
    ]
    talk.append(said(7, ANN, "Decision: from Monday stand-ups are written only."))

    assert "m7" in cited(draft(talk, Detail.BRIEF).items)


@pytest.mark.slow
def test_a_window_of_2000_messages_takes_about_a_second_beside_embedding() -> None:
    words = (
        "gateway",
        "invoice",
        "charger",
        "depot",
        "plan",
        "price",
        "release",
        "beta",
        "contract",
        "route",
    )
    talk = [
        said(
            n / 2, PEOPLE[(n * 7) % 4], f"The {words[n % 10]} of {words[n // 7 % 10]} takes {n} steps. Done."
        )
        for n in range(2000)
    ]
    found = material(talk)

    start = time.process_time()
    result = Extractive(HashingEmbedder()).draft(found, Detail.STANDARD)

    assert result.items
    assert time.process_time() - start < 10  # a guard against quadratic mistakes; benchmarks measure speed
