"""A language model words summaries: short windows in one request, long ones in segments, finished work never twice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.chat import ChatRequest
from core.errors import ModelOverloaded, ModelTimeout, ModelUnavailable
from core.ids import MessageId, UserId
from prompts.chat import ScriptedChatModel
from summarize.asks import Between, Last
from summarize.llm.job import Policy
from summarize.models import Detail, Feature, Item, Message, Summary
from summarize.spotlight import canary
from tests.summarize.llm.conftest import SECRET, Desk
from tests.support.scribe import is_composition, rows_in, scribe
from tests.support.talk import ACME, ANN, BEN, CAT, DAN, GENERAL, START, said

PEOPLE = (ANN, BEN, CAT, DAN)
Spoil = Callable[[Callable[[dict[str, object]], dict[str, object]]], None]


def talk(count: int, *, start: int = 0) -> list[Message]:
    """So many messages a minute apart; every tenth is a decision."""
    return [
        said(
            n,
            PEOPLE[n % 4],
            f"Decision: we paint hall {n} and buy {n + 7} lamps for it"
            if n % 10 == 0
            else f"The boxes of team {n} are packed and stand in room {n + 100} of the old house",
        )
        for n in range(start, start + count)
    ]


async def summarize(desk: Desk, **changes: object) -> Summary:
    ask = desk.room.ask(Last(span=timedelta(days=30)))
    return await desk.room.summarizer.summarize(replace(ask, **changes))  # type: ignore[arg-type]


async def test_a_short_window_is_one_request_and_says_what_made_it(desk: Desk):
    await desk.room.intake.put(talk(20))

    summary = await summarize(desk)

    assert len(desk.requests) == 1
    assert [item.citations for item in summary.items] == [("m0",), ("m10",)]
    made = summary.provenance
    assert (made.engine, made.model, made.arm) == ("llm/1", "scripted", "live")
    assert made.prompt.startswith("channel-summary@")
    assert made.prompt_tokens > 0 < made.completion_tokens
    assert summary.degraded == ""


async def test_the_model_can_only_cite_what_is_in_the_window(desk: Desk):
    await desk.room.intake.put(talk(3))

    await summarize(desk)

    schema = str(desk.requests[0].schema)
    assert "['m1', 'm2', 'm3']" in schema
    assert "m4" not in schema


async def test_the_beginning_of_a_prompt_is_the_same_for_every_reader_and_wish(desk: Desk):
    await desk.room.intake.put(talk(10))

    await summarize(
        desk, reader="@ben", detail=Detail.BRIEF, question="Who moves first?", timezone="Asia/Tokyo"
    )
    await summarize(desk, reader="@ann", detail=Detail.FULL)

    one, two = (request.messages for request in desk.requests)
    assert one[0] == two[0]
    shared = one[1].content.index("</messages>")
    assert one[1].content[:shared] == two[1].content[:shared]
    assert desk.requests[0].affinity == desk.requests[1].affinity == f"{ACME}/{GENERAL}"


async def test_what_was_said_just_before_the_window_is_context_that_cannot_be_cited(desk: Desk):
    await desk.room.intake.put(talk(120))
    start = START + timedelta(minutes=100)

    summary = await desk.room.summarizer.summarize(desk.room.ask(Between(since=start)))

    rows = rows_in(desk.requests[0], "messages")
    assert 0 < sum("context" in row for row in rows) == len(rows) - 20
    assert {id for item in summary.items for id in item.citations} == {"m100", "m110"}
    assert summary.coverage.found == summary.coverage.used == 20
    assert summary.coverage.context == len(rows) - 20


async def test_items_come_one_by_one_while_the_model_still_writes(desk: Desk):
    desk.model = ScriptedChatModel(scribe(), seconds_per_token=0.002)
    desk.seat(desk.model)
    await desk.room.intake.put(talk(60))

    running: list[int] = []
    async with aclosing(desk.room.summarizer.stream(desk.room.ask())) as steps:
        async for step in steps:
            running.append(desk.model.record.running if isinstance(step, Item) else -1)

    assert running[0] == 1
    assert running[-1] == -1


async def test_who_leaves_mid_stream_frees_the_model(desk: Desk):
    desk.model = ScriptedChatModel(scribe(), seconds_per_token=0.01)
    desk.seat(desk.model)
    await desk.room.intake.put(talk(60))

    async with aclosing(desk.room.summarizer.stream(desk.room.ask())) as steps:
        await anext(steps)

    assert (desk.model.record.running, desk.model.record.closed_early) == (0, 1)


async def test_a_long_window_goes_in_segments_and_every_item_keeps_its_messages(desk: Desk):
    await desk.room.intake.put(talk(400))

    summary = await summarize(desk, detail=Detail.FULL)

    assert summary.coverage.segments > 4
    assert summary.coverage.used == 400
    numbers = [int(str(item.citations[0]).removeprefix("m")) for item in summary.items]
    assert all(f"hall {n} and" in item.text for n, item in zip(numbers, summary.items, strict=True))
    assert len(numbers) == len(set(numbers)) > 12
    segments = [request for request in desk.requests if not is_composition(request)]
    assert len({row["text"] for request in segments for row in rows_in(request, "messages")}) == 400


async def test_a_window_that_grew_sends_only_the_new_segment_and_the_composition(desk: Desk):
    history = talk(410)
    await desk.room.intake.put(history[:400])
    await summarize(desk)
    desk.requests.clear()
    await desk.room.intake.put(history[400:])

    summary = await summarize(desk)

    segments = [request for request in desk.requests if not is_composition(request)]
    assert len(segments) <= 2
    assert summary.coverage.reused >= summary.coverage.segments - 2
    assert 1 <= len(desk.requests) - len(segments) <= 2  # the last composition, and perhaps a group that grew


async def test_the_same_window_again_sends_the_composition_alone(desk: Desk):
    await desk.room.intake.put(talk(400))
    await summarize(desk)
    desk.requests.clear()

    await summarize(desk)

    assert [is_composition(request) for request in desk.requests] == [True]


async def test_an_edit_asks_again_for_the_segment_that_holds_the_message_alone(desk: Desk):
    history = talk(400)
    await desk.room.intake.put(history)
    await summarize(desk)
    desk.requests.clear()
    edited = replace(history[150], text="The boxes of team 150 are lost", edited_at=desk.room.clock.now())
    await desk.room.hears(edited)
    await desk.cache.invalidate(ACME, [edited.id])

    await summarize(desk)

    segments = [request for request in desk.requests if not is_composition(request)]
    assert len(segments) == 1
    assert "are lost" in segments[0].messages[-1].content


async def test_many_items_are_condensed_by_groups_that_are_kept(desk: Desk):
    desk.policy = Policy(segment=700, direct=700, condense=600)
    desk.seat(desk.model)
    await desk.room.intake.put(talk(500))
    await summarize(desk)
    first = sum(map(is_composition, desk.requests))
    desk.requests.clear()

    await summarize(desk)

    assert first > 2
    assert sum(map(is_composition, desk.requests)) < first


async def test_an_answer_that_is_too_long_is_asked_for_in_halves(desk: Desk):
    calls: list[int] = []

    def cut_off_at_first(request: ChatRequest) -> str:
        if not is_composition(request):
            calls.append(len(rows_in(request, "messages")))
            if len(calls) == 1:
                return '{"items": [' + '{"text": "' + "and so on " * 20_000
        return scribe()(request)

    desk.policy = Policy(segment=1000, direct=500, at_once=1)
    desk.model = ScriptedChatModel(cut_off_at_first)
    desk.seat(desk.model)
    await desk.room.intake.put(talk(30))

    summary = await summarize(desk)

    assert calls[1] + calls[2] == calls[0]
    assert summary.degraded == ""


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ModelUnavailable("gone."), "model-unavailable"),
        (ModelTimeout("late."), "model-timeout"),
        (ModelOverloaded("full.", retry_after_s=3), "model-overloaded"),
    ],
)
async def test_without_its_model_a_summary_is_extractive_and_says_why(
    desk: Desk, error: ModelUnavailable, reason: str
):
    desk.seat(ScriptedChatModel(lambda _: error))
    await desk.room.intake.put(talk(20))

    summary = await summarize(desk)

    assert (summary.degraded, summary.provenance.engine) == (reason, "extractive/1")
    assert summary.items


async def test_the_second_model_answers_for_the_first(desk: Desk):
    second = ScriptedChatModel(scribe(), name="small")
    desk.seat(ScriptedChatModel(lambda _: ModelUnavailable("gone.")), second)
    await desk.room.intake.put(talk(20))

    summary = await summarize(desk)

    assert (summary.degraded, summary.provenance.model) == ("model-unavailable", "small")


async def test_what_was_said_before_a_model_died_stays_and_is_not_said_again(desk: Desk):
    def dies(request: ChatRequest) -> str:
        return scribe()(request)[:-80]

    desk.seat(ScriptedChatModel(dies))
    await desk.room.intake.put(talk(30))

    async with aclosing(desk.room.summarizer.stream(desk.room.ask())) as steps:
        said_so = [step async for step in steps]

    *items, summary = said_so
    assert isinstance(summary, Summary)
    assert summary.degraded == "generation-failed"
    assert summary.provenance.parameters["begun_by"] == "llm/1 scripted"
    assert summary.items == tuple(items)
    assert len({item.citations for item in summary.items}) == len(summary.items)


async def test_an_empty_window_never_reaches_a_model(desk: Desk):
    summary = await summarize(desk)

    assert desk.requests == []
    assert (summary.items, summary.provenance.engine) == ((), "none")


async def test_nothing_worth_telling_is_a_valid_answer(desk: Desk):
    desk.seat(ScriptedChatModel(lambda _: '{"items": []}'))
    await desk.room.intake.put(talk(5))

    summary = await summarize(desk)

    assert (summary.items, summary.degraded) == ((), "")


async def test_who_asks_the_same_at_the_same_time_shares_one_generation(desk: Desk):
    desk.model = ScriptedChatModel(scribe(), seconds_per_token=0.001)
    desk.seat(desk.model)
    await desk.room.intake.put(talk(20))
    summarizer = desk.room.summarizer

    made = await asyncio.gather(*(summarizer.summarize(desk.room.ask(reader=f"@{p.handle}")) for p in PEOPLE))

    assert len(desk.requests) == 1
    assert len({summary.id for summary in made}) == 4
    assert len({summary.items for summary in made}) == 1


async def test_a_recap_is_asked_for_at_batch_priority(desk: Desk):
    await desk.room.intake.put(talk(20))

    await summarize(desk, feature=Feature.RECAP)
    await summarize(desk)

    assert desk.requests[0].priority > desk.requests[1].priority == 0


async def test_a_question_and_a_language_reach_the_model(desk: Desk):
    await desk.room.intake.put(talk(5))

    summary = await summarize(desk, question='Who said "go"?', language="de")

    tail = desk.requests[0].messages[-1].content.partition("</messages>")[2]
    assert 'Who said \\"go\\"?' in tail
    assert '"de"' in tail
    assert summary.provenance.parameters == {"detail": "standard", "language": "de", "question": "asked"}


@pytest.mark.parametrize(
    "spoil",
    [
        {"citations": ["m99"]},
        {"citations": []},
        {"text": ""},
        {"text": "The budget is 4711 euros and nothing else matters"},
        {"kind": 7, "participants": "everyone", "citations": "m1", "owner": ["x"]},
    ],
)
async def test_an_item_that_does_not_hold_is_dropped_and_counted(
    desk: Desk, spoiled: Spoil, spoil: dict[str, object]
):
    spoiled(lambda raw: {**raw, **spoil})
    await desk.room.intake.put(talk(15))

    summary = await summarize(desk)

    assert summary.items == ()
    assert summary.coverage.dropped == 2


async def test_an_item_that_tells_of_the_prompt_is_dropped(desk: Desk, spoiled: Spoil):
    await desk.room.intake.put(talk(5))
    spoiled(lambda raw: {**raw, "text": f"The mark is {canary(SECRET)[::-1]}"})

    summary = await summarize(desk)

    assert canary(SECRET) in desk.requests[0].messages[0].content
    assert summary.items == ()


async def test_people_the_messages_do_not_name_are_taken_out(desk: Desk, spoiled: Spoil):
    spoiled(lambda raw: {**raw, "participants": ["@ann", "@dan", "@nobody"], "owner": "@cat"})
    await desk.room.intake.put(talk(5))

    summary = await summarize(desk)

    assert [item.participants for item in summary.items] == [(UserId(ANN.id),)]
    assert summary.items[0].owner is None
    assert summary.coverage.repaired == 1


async def test_a_context_too_small_for_the_instructions_falls_back_and_says_so(desk: Desk):
    desk.context = 1000
    await desk.room.intake.put(talk(5))

    summary = await summarize(desk)

    assert (summary.degraded, summary.provenance.engine) == ("generation-failed", "extractive/1")


async def test_a_message_longer_than_a_request_is_cut_and_the_coverage_says_so(desk: Desk):
    await desk.room.hears(
        said(0, ANN, "Decision: " + "we move the whole team again and " * 2000), *talk(3, start=5)
    )

    summary = await summarize(desk)

    assert summary.coverage.clipped == 1
    assert summary.coverage.used == 4
    assert summary.items[0].citations == (MessageId("m0"),)


async def test_a_window_may_begin_with_the_calendar(desk: Desk):
    await desk.room.intake.put(talk(3))

    summary = await summarize(desk, span=Between(since=datetime.min.replace(tzinfo=UTC)))

    assert (summary.coverage.found, summary.degraded) == (3, "")


async def test_what_a_composition_leaves_out_altogether_is_told_as_it_was_found(desk: Desk):
    def mute(request: ChatRequest) -> str:
        return '{"items": []}' if is_composition(request) else scribe()(request)

    desk.seat(ScriptedChatModel(mute))
    await desk.room.intake.put(talk(200))

    summary = await summarize(desk)

    assert len(summary.items) > 2
    assert summary.degraded == ""
