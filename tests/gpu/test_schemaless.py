"""Servers that refuse, ignore or half keep a JSON schema, and the other habits of servers on laptops."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pytest

from core.chat import ChatAnswer, ChatMessage, ChatRequest, Json, complete
from core.errors import GenerationFailed, ModelRefused, ModelTimeout, ModelUnavailable
from gpu.check import check
from gpu.factory import server_model
from tests.support.plain_server import Habits, Say, kind_of, plain_server

SCHEMA: Mapping[str, Json] = {
    "type": "object",
    "properties": {
        "items": {
            "type": "array",
            "maxItems": 3,
            "items": {
                "type": "object",
                "properties": {
                    "text": {"type": "string"},
                    "ids": {"type": "array", "items": {"enum": [f"m{n}" for n in range(40)]}},
                    "due": {"type": "string"},
                },
                "required": ["text", "ids"],
                "additionalProperties": False,
            },
        }
    },
    "required": ["items"],
    "additionalProperties": False,
}
ASKED = ChatRequest(
    messages=(
        ChatMessage(role="system", content="You summarize."),
        ChatMessage(role="user", content="What did I miss?"),
    ),
    schema=SCHEMA,
    deadline_s=5.0,
)
GOOD = {"items": [{"text": 'Ship on Friday, "really" {soon}', "ids": ["m1"]}]}
JSON = json.dumps(GOOD)
FENCED = f"Sure! Here is the summary:\n\n```json\n{JSON}\n```\nLet me know {{if}} you need more."
THOUGHT = f"<think>The user wants {{JSON}}. Fine.</think>\n{JSON}"


def by_kind(**said: str) -> Say:
    """Return what a server says to each kind of response_format."""
    return lambda body: said[kind_of(body)]


async def ask(habits: Habits, request: ChatRequest = ASKED, *, times: int = 1) -> ChatAnswer:
    async with plain_server(habits) as url:
        model = server_model([url])
        try:
            return [await complete(model, request) for _ in range(times)][-1]
        finally:
            await model.close()


def kinds(habits: Habits) -> list[str]:
    return [kind_of(body) for body in habits.asked]


async def test_a_server_that_keeps_schemas_is_asked_once_and_as_it_is():
    habits = Habits(say=lambda _: JSON)

    answer = await ask(habits)

    assert (json.loads(answer.text), answer.finish, answer.usage.prompt_tokens) == (GOOD, "stop", 11)
    assert kinds(habits) == ["json_schema"]
    assert habits.asked[0]["response_format"]["json_schema"]["schema"] == SCHEMA
    assert habits.asked[0]["messages"][-1]["content"] == "What did I miss?"


async def test_where_json_schema_is_refused_json_object_is_asked_for_and_remembered():
    habits = Habits(say=lambda _: JSON, formats=frozenset({"json_object", "text"}))

    answer = await ask(habits, times=2)

    assert json.loads(answer.text) == GOOD
    assert kinds(habits) == ["json_schema", "json_object", "json_object"]
    assert '"properties"' in habits.asked[1]["messages"][-1]["content"]


@pytest.mark.parametrize(
    "said", [JSON, FENCED, THOUGHT, "\ufeff \n" + JSON], ids=["bare", "fenced", "thought", "bom"]
)
async def test_where_every_format_is_refused_the_prompt_alone_asks_and_json_is_taken_out(said: str):
    habits = Habits(say=lambda _: said, formats=frozenset({"text"}), bare_error=True)

    answer = await ask(habits, times=2)

    assert json.loads(answer.text) == GOOD
    assert answer.text == JSON
    assert kinds(habits) == ["json_schema", "json_object", "text", "text"]


async def test_a_server_that_ignores_the_schema_is_found_out_by_its_first_word():
    habits = Habits(say=by_kind(json_schema="Sure! " * 200, json_object=FENCED, text=FENCED), delay_s=0.01)

    answer = await ask(habits, times=2)

    assert json.loads(answer.text) == GOOD
    assert kinds(habits) == ["json_schema", "json_object", "text", "text"]
    assert habits.closed_early >= 1


async def test_json_of_another_shape_is_found_out_and_asked_for_anew():
    other = json.dumps({"summary": ["Ship on Friday"]})
    habits = Habits(say=by_kind(json_schema=other, json_object=JSON))

    async with plain_server(habits) as url:
        model = server_model([url])
        pieces = [delta async for delta in model.stream(ASKED)]
        await model.close()

    restarts = [at for at, piece in enumerate(pieces) if piece.restart]
    assert len(restarts) == 1
    assert "".join(piece.text for piece in pieces[: restarts[0]]) == other
    assert json.loads("".join(piece.text for piece in pieces[restarts[0] :])) == GOOD


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ({"items": [{"text": "a", "ids": ["m1"], "mood": "good"}]}, {"text": "a", "ids": ["m1"]}),
        ({"items": [{"text": "a", "ids": ["m1"], "due": None}]}, {"text": "a", "ids": ["m1"]}),
        ({"items": [{"text": "a", "ids": "m1"}]}, {"text": "a", "ids": ["m1"]}),
        ({"items": {"text": "a", "ids": ["m1"]}}, {"text": "a", "ids": ["m1"]}),
        ({"items": [{"text": "a", "ids": ["m77"]}]}, {"text": "a", "ids": ["m77"]}),
    ],
    ids=["property too many", "null", "one for a list", "one item", "id of another window"],
)
async def test_small_faults_are_mended_and_a_foreign_id_is_left_to_grounding(said: Json, read: Json):
    habits = Habits(say=lambda _: json.dumps(said), formats=frozenset({"text"}))

    answer = await ask(habits)

    assert json.loads(answer.text) == {"items": [read]}


@pytest.mark.parametrize(
    "said", ['{"items": [{"text": "a", "ids": ["m1",],},],}', '{"items": [{"text": "a\nb", "ids": ["m1"]}]}']
)
async def test_trailing_commas_and_raw_line_ends_are_mended(said: str):
    answer = await ask(Habits(say=lambda _: said, formats=frozenset({"text"})))

    assert json.loads(answer.text)["items"][0]["ids"] == ["m1"]


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ("I would rather not.", "no JSON object"),
        ("{}", r"answer\.items: missing"),
        ('{"items": [{"text": 7, "ids": []}]}', r"answer\.items\.0\.text: not of type string"),
        (json.dumps({"items": GOOD["items"] * 4}), r"answer\.items: above maxItems 3"),
    ],
)
async def test_what_no_way_of_asking_brings_is_an_error_that_names_the_place_and_no_text(
    said: str, fault: str
):
    with pytest.raises(GenerationFailed, match=fault) as raised:
        await ask(Habits(say=lambda _: said))

    assert "rather not" not in str(raised.value)


async def test_a_prompt_too_long_is_the_servers_own_refusal_and_teaches_nothing():
    habits = Habits(say=lambda _: JSON, too_long=100)
    long = replace(ASKED, messages=(ChatMessage(role="user", content="Who was it? " * 100),))

    async with plain_server(habits) as url:
        model = server_model([url])
        with pytest.raises(ModelRefused, match="longer than the context") as refused:
            await complete(model, long)
        answer = await complete(model, ASKED)
        with pytest.raises(ModelRefused):
            await complete(model, long)
        await model.close()

    assert refused.value.status == 400
    assert json.loads(answer.text) == GOOD
    assert kinds(habits)[3:] == ["json_schema", "json_schema"]


async def test_an_answer_cut_at_the_limit_says_length():
    answer = await ask(Habits(say=lambda _: JSON[:20], finish="length"))

    assert (answer.finish, answer.text) == ("length", JSON[:20])


async def test_a_filtered_answer_is_an_error_and_no_answer():
    with pytest.raises(GenerationFailed):
        await ask(Habits(say=lambda _: JSON, finish="content_filter"))


async def test_a_long_enum_is_not_repeated_in_the_prompt():
    habits = Habits(say=lambda _: JSON, formats=frozenset({"text"}))

    await ask(habits)

    told = habits.asked[-1]["messages"][-1]["content"]
    assert '"m0"' in told
    assert '"m39"' not in told


async def test_talk_after_the_json_is_not_waited_for():
    habits = Habits(say=lambda _: JSON + " And so on." * 500, formats=frozenset({"text"}), delay_s=0.01)

    answer = await ask(habits)

    assert json.loads(answer.text) == GOOD
    assert habits.closed_early == 1


async def test_usage_that_a_server_does_not_report_is_estimated():
    plain = await ask(Habits(say=lambda _: "All is well.", usage=False), replace(ASKED, schema=None))
    shaped = await ask(Habits(say=lambda _: JSON, usage=False))

    assert (plain.usage.prompt_tokens, plain.usage.completion_tokens) == (10, 4)
    assert shaped.usage.completion_tokens == -(-len(JSON) // 3)


@pytest.mark.parametrize(
    "habit",
    ["role_first", "null_content", "empty_finish", "no_done", "crlf"],
)
async def test_ways_to_stream_that_differ_say_the_same(habit: str):
    habits = Habits(say=lambda _: JSON)
    setattr(habits, habit, not getattr(habits, habit))

    assert json.loads((await ask(habits)).text) == GOOD


@pytest.mark.parametrize("tokenize", ["", "llama"])
async def test_a_server_without_vllms_tokenizer_gets_an_estimate(tokenize: str):
    async with plain_server(Habits(say=lambda _: "", tokenize=tokenize)) as url:
        model = server_model([url])
        counts = [await model.count_tokens("one two three " * n) for n in (0, 1, 10)]
        await model.close()

    assert counts[0] == 0
    assert 3 <= counts[1] < counts[2]


async def test_the_name_and_the_context_come_from_the_servers_listing():
    habits = Habits(say=lambda _: "ok", models=("qwen",), max_model_len=32768)

    async with plain_server(habits) as url:
        model = server_model([url])
        before = habits.listed
        context = await model.context_tokens()
        await complete(model, replace(ASKED, schema=None))
        await model.close()

    assert (before, model.name, context) == (0, "qwen", 32768)
    assert habits.asked[0]["model"] == "qwen"


@pytest.mark.parametrize("listing", [200, 404])
async def test_a_context_that_nobody_states_is_8192(listing: int):
    async with plain_server(Habits(say=lambda _: "ok", listing=listing)) as url:
        model = server_model([url], name="plain")
        assert await model.context_tokens() == 8192
        await model.close()


async def test_of_several_models_none_is_taken_by_chance():
    async with plain_server(Habits(say=lambda _: "ok", models=("a", "b"))) as url:
        model = server_model([url])
        with pytest.raises(ModelUnavailable, match=r"lists 2 models \(a, b\).*CATCHUP_LLM_MODEL"):
            await complete(model, ASKED)
        await model.close()


async def test_a_deadline_holds_over_all_ways_of_asking():
    habits = Habits(say=by_kind(json_schema="No.", json_object="No.", text=JSON * 3), delay_s=0.2)

    with pytest.raises(ModelTimeout):
        await ask(habits, replace(ASKED, deadline_s=0.6))


async def test_closing_a_stream_early_closes_it_at_the_server():
    habits = Habits(say=lambda _: JSON, delay_s=0.05)

    async with plain_server(habits) as url:
        model = server_model([url])
        async with aclosing(model.stream(ASKED)) as deltas:
            async for _ in deltas:
                break
        await model.close()

    assert habits.closed_early == 1


async def test_the_check_of_a_server_that_refuses_schemas_finds_them_kept():
    def say(body: dict[str, Any]) -> str:
        return (
            'Here: {"id": "m2", "sure": true}'
            if "JSON Schema" in str(body["messages"])
            else "one two three " * 3
        )

    async with plain_server(Habits(say=say, formats=frozenset({"text"}))) as url:
        model = server_model([url])
        report = await check(model, deadline_s=5)
        await model.close()

    found = {item.name: item.ok for item in report.items}
    assert found["keeps a JSON schema"]
    assert model.answers_by == "prompt"


async def test_answers_that_come_together_and_break_the_schema_teach_one_step_only():
    strange = {"items": [{"text": "Ship on Friday", "ids": ["m999"]}]}
    async with plain_server(Habits(say=lambda _: json.dumps(strange), delay_s=0.02)) as url:
        model = server_model([url])
        try:
            answers = await asyncio.gather(*(complete(model, ASKED) for _ in range(4)))
        finally:
            await model.close()

    assert [json.loads(answer.text) for answer in answers] == [strange] * 4
