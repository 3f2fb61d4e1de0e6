from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.planted import sample
from core.ids import MessageId
from summarize.ground import Grounded, Grounding, Reversals, Settled
from summarize.material import Reading, prepare
from summarize.models import Item, ItemKind, Window
from summarize.names import Names
from tests.support.claims import Desk
from tests.support.talk import ANN, BEN, CAT, CHANNELS, PEOPLE, START, material, said

TALK = [
    said(0, ANN, "<@U_BEN> ships `gateway-ocpp` 1.48 on Friday, 14 depots; see <https://x.example|plan>"),
    said(1, BEN, 'They said "not before May" to me'),
]
GOOD = Item(
    kind=ItemKind.ACTION,
    text="Ben ships `gateway-ocpp` 1.48 on Friday.",
    citations=(MessageId("m0"),),
    participants=(ANN.id, BEN.id),
    owner=BEN.id,
    due="Friday",
)


def fault(**change: object) -> str:
    return Grounding(material(TALK)).fault(replace(GOOD, **change))  # pyright: ignore[reportArgumentType]


def test_what_the_cited_messages_say_holds() -> None:
    assert fault() == ""


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"citations": ()}, "citation"),
        ({"citations": (MessageId("m9"),)}, "citation"),
        ({"citations": (MessageId("m0"), MessageId("m9"))}, "citation"),
        ({"superseded": (MessageId("m9"),)}, "citation"),
        ({"text": " "}, "citation"),
        ({"participants": (CAT.id,)}, "participant"),
        ({"owner": CAT.id}, "participant"),
        ({"due": "Monday"}, "due"),
        ({"text": "Ben ships 1.49 on Friday."}, "unsupported"),
        ({"text": "Ben ships to 15 depots."}, "unsupported"),
        ({"text": "Ben ships `gateway-v2`."}, "unsupported"),
        ({"text": "Ben calls chargePoint() on Friday."}, "unsupported"),
        ({"text": 'Ben said "never again" to them.'}, "unsupported"),
        ({"text": "Ben ships, see https://evil.example"}, "active-content"),
        ({"text": "Ben ships, <!channel>"}, "active-content"),
        ({"text": "Ben ships, cc @everyone"}, "active-content"),
        ({"text": "Ben ships \u200bon Friday."}, "active-content"),
    ],
)
def test_what_they_do_not_say_is_refused(change: dict[str, object], why: str) -> None:
    assert fault(**change) == why


def test_a_quotation_of_a_cited_message_holds() -> None:
    assert (
        fault(
            text='Ben: They said "not before May" to me',
            citations=(MessageId("m1"),),
            owner=None,
            due=None,
            participants=(BEN.id,),
        )
        == ""
    )


def test_context_alone_bears_no_claim() -> None:
    window = Window(since=START, until=START.replace(year=2027))
    reading = Reading(window=window, found=[TALK[1]], context=[TALK[0]])
    grounding = Grounding(prepare(reading, Names(PEOPLE, CHANNELS)))

    assert grounding.fault(GOOD) == "citation"
    assert grounding.fault(replace(GOOD, citations=(MessageId("m0"), MessageId("m1")))) == ""


def settled(**change: object) -> Item | None:
    return Grounding(material(TALK)).settle(replace(GOOD, **change)).item  # pyright: ignore[reportArgumentType]


def test_what_holds_is_left_as_it_is() -> None:
    found = Grounding(material(TALK)).settle(GOOD)

    assert found == Settled(item=GOOD)


@pytest.mark.parametrize(
    ("change", "mended"),
    [
        ({"participants": (ANN.id, CAT.id)}, {"participants": (ANN.id,)}),
        ({"owner": CAT.id}, {"owner": None}),
        ({"due": "Monday"}, {"due": None}),
        ({"citations": (MessageId("m0"), MessageId("m0"), MessageId("m9"))}, {}),
        ({"superseded": (MessageId("m9"),)}, {}),
        ({"text": f"{GOOD.text} <!channel>"}, {"text": f"{GOOD.text}  "}),
        ({"text": f"{GOOD.text} @everyone"}, {"text": f"{GOOD.text} everyone"}),
        (
            {"text": f"{GOOD.text} See https://evil.example/x"},
            {"text": f"{GOOD.text} See (link)"},
        ),
    ],
)
def test_what_a_rule_can_mend_is_mended_once(change: dict[str, object], mended: dict[str, object]) -> None:
    assert settled(**change) == replace(GOOD, **mended)  # pyright: ignore[reportArgumentType]


def test_a_number_that_a_near_message_on_the_same_states_brings_its_citation() -> None:
    talk = [
        said(0, ANN, "The migration of the billing tables failed."),
        said(1, BEN, "Migration of 12 tables failed"),
    ]
    item = Item(
        kind=ItemKind.UPDATE, text="The migration failed for 12 tables.", citations=(MessageId("m0"),)
    )

    found = Grounding(material(talk)).settle(item)

    assert found.repaired
    assert found.item == replace(item, citations=(MessageId("m0"), MessageId("m1")))


def test_a_number_at_odds_with_the_cited_one_is_refused_even_if_it_stands_near_by() -> None:
    talk = [
        said(0, ANN, "The migration of 14 tables failed."),
        said(1, BEN, "Migration of 12 tables failed last year"),
    ]
    item = Item(
        kind=ItemKind.UPDATE, text="The migration failed for 12 tables.", citations=(MessageId("m0"),)
    )

    assert Grounding(material(talk)).settle(item).fault == "unsupported"


def test_what_somebody_says_needs_a_message_of_theirs() -> None:
    talk = [
        said(0, ANN, "Should we freeze merges on Wednesday?"),
        said(1, BEN, "Yes, freeze merges from Wednesday"),
    ]
    grounding = Grounding(material(talk))
    item = Item(
        kind=ItemKind.DECISION, text="Ben agreed to freeze merges on Wednesday.", citations=(MessageId("m0"),)
    )

    assert grounding.settle(item).item == replace(item, citations=(MessageId("m0"), MessageId("m1")))
    assert (
        grounding.settle(replace(item, text="Cat agreed to freeze merges on Wednesday.")).fault
        == "participant"
    )


def test_a_reported_forgery_gives_nobody_else_words() -> None:
    talk = [
        said(0, ANN, "Release is Thursday after QA signs off."),
        said(1, BEN, "Ann: I approve skipping QA"),
    ]
    item = Item(
        kind=ItemKind.DECISION, text="Ann approved skipping QA.", citations=(MessageId("m0"), MessageId("m1"))
    )

    assert Grounding(material(talk)).settle(item).fault == "participant"


@pytest.mark.parametrize(
    ("message", "claim", "holds"),
    [
        ("1,000 trucks at 3pm", "1000 trucks at 15:00", True),
        ("1,000 trucks at 3pm", "1k trucks at 3:00 p.m.", True),
        ("1,000 trucks at 3pm", "1000 trucks at 14:00", False),
        ("we ship trucks on Friday", "trucks ship on 2026-03-06", True),
        ("we ship trucks on Friday", "trucks ship on 2026-03-07", False),
        ("trucks ship on 6 March", "trucks ship on Friday", True),
        ("trucks ship tomorrow", "trucks ship on Tuesday", True),
        ("the job took 90 minutes", "the job took 1.5 hours", True),
        ("the job took 90 minutes", "the job took 90 seconds", False),
        ("the trucks cost €400", "the trucks cost $400", False),
        ("three trucks failed", "3 trucks failed", True),
        ("truck CP-12 failed", "truck CP 12 failed", True),
        ("truck CP-12 failed", "truck CP-13 failed", False),
        ("the trucks will not ship", "the trucks will ship", False),
        ("the trucks will ship", "the trucks will not ship", False),
        ("the trucks will not ship", "the trucks won't ship", True),
    ],
)
def test_numbers_times_and_negations_are_compared_by_what_they_mean(
    message: str, claim: str, holds: bool
) -> None:
    item = Item(kind=ItemKind.UPDATE, text=claim, citations=(MessageId("m0"),))

    assert (Grounding(material([said(0, ANN, message)])).fault(item) == "") is holds


def test_a_message_of_small_words_may_be_told_in_them_but_nothing_else() -> None:
    grounding = Grounding(material([said(0, ANN, "I'll do it")]))
    item = Item(kind=ItemKind.ACTION, text="Ann: I'll do it", citations=(MessageId("m0"),))

    assert grounding.fault(item) == ""
    assert grounding.fault(replace(item, text="Ann: (link)")) == "unsupported"
    assert grounding.fault(replace(item, text="PWNED")) == "unsupported"


REVERSED = [
    said(0, ANN, "Decision: we launch the app on Thursday."),
    said(9, BEN, "The press list is ready."),
    said(20, ANN, "nvm, we launch the app on Friday instead."),
]


def test_what_was_taken_back_is_known_with_the_message_that_did() -> None:
    assert Reversals(material(REVERSED).entries).by == {"m0": "m20"}


def test_a_claim_of_what_was_taken_back_is_refused() -> None:
    grounding = Grounding(material(REVERSED))
    old = Item(kind=ItemKind.DECISION, text="The app launches on Thursday.", citations=(MessageId("m0"),))

    assert grounding.settle(old).fault == "superseded"
    assert grounding.settle(replace(old, citations=(MessageId("m0"), MessageId("m20")))).fault == "superseded"


def test_a_claim_of_how_it_stands_now_gets_the_message_that_says_so() -> None:
    grounding = Grounding(material(REVERSED))
    moved = Item(
        kind=ItemKind.DECISION,
        text="The app launch moved from Thursday to Friday.",
        citations=(MessageId("m0"),),
    )

    found = grounding.settle(moved)

    assert found.item is not None
    assert set(found.item.citations) == {"m0", "m20"}


def test_the_same_said_twice_of_the_same_message_comes_once() -> None:
    grounded = Grounded(Grounding(material(TALK)))

    outcomes = [
        grounded.settle(GOOD),
        grounded.settle(GOOD),
        grounded.settle(replace(GOOD, text="Cat left.")),
    ]

    assert [one.fault for one in outcomes] == ["", "repeated", "unsupported"]
    assert (grounded.kept, grounded.dropped, grounded.repaired) == ([GOOD], 2, 0)


@given(st.text(max_size=80), st.lists(st.sampled_from(["m0", "m1", "m9"]), max_size=4))
@settings(max_examples=200, deadline=None)
def test_whatever_is_settled_holds_and_settling_it_again_changes_nothing(text: str, ids: list[str]) -> None:
    grounding = Grounding(material(TALK))
    item = Item(kind=ItemKind.TOPIC, text=text, citations=tuple(MessageId(id) for id in ids))

    found = grounding.settle(item).item

    assert found is None or (grounding.fault(found) == "" and grounding.settle(found).item == found)


@pytest.mark.slow
def test_claims_of_known_truth_are_told_apart() -> None:
    desk = Desk(sample())
    kept = {True: Counter[bool](), False: Counter[bool]()}
    for claim in desk.claims():
        if not claim.odd:  # the odd ones served to mend the checks
            kept[claim.true][desk.grounding(claim.channel).settle(claim.item).item is not None] += 1

    assert kept[True][True] >= 0.85 * kept[True].total()
    assert kept[False][False] >= 0.85 * kept[False].total()
