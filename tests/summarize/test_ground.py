from __future__ import annotations

from dataclasses import replace

import pytest

from core.ids import MessageId
from summarize.ground import Grounding
from summarize.material import Reading, prepare
from summarize.models import Item, ItemKind, Window
from summarize.names import Names
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
