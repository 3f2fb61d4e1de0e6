from __future__ import annotations

import json
from dataclasses import replace

import pytest

from core.chat import ChatMessage, ChatRequest, TokenLogprob, complete
from core.errors import GenerationFailed, ModelRefused, ModelTimeout, ModelUnavailable
from prompts.chat import ScriptedChatModel, smallest_json

ASKED = ChatRequest(messages=(ChatMessage(role="user", content="What did I miss?"),))


async def test_a_function_answers_from_the_request():
    model = ScriptedChatModel(lambda request: request.messages[0].content.upper())

    assert (await complete(model, ASKED)).text == "WHAT DID I MISS?"


async def test_a_list_answers_in_turn_and_then_says_that_it_ran_out():
    model = ScriptedChatModel(["one", "two"])

    answers = [(await complete(model, ASKED)).text for _ in range(2)]

    assert answers == ["one", "two"]
    with pytest.raises(ModelUnavailable, match="run out"):
        await complete(model, ASKED)


async def test_it_remembers_what_it_was_asked():
    model = ScriptedChatModel()

    await complete(model, ASKED)

    assert model.record.requests == [ASKED]
    assert (model.record.running, model.record.closed_early) == (0, 0)


async def test_an_error_of_the_script_is_raised():
    model = ScriptedChatModel([ModelRefused("overloaded", status=503), "well again"])

    with pytest.raises(ModelRefused, match="overloaded"):
        await complete(model, ASKED)

    assert (await complete(model, ASKED)).text == "well again"
    assert model.record.closed_early == 0


async def test_a_stream_closed_early_is_remembered():
    model = ScriptedChatModel(["a long answer, longer than one piece"])
    stream = model.stream(ASKED)

    await anext(stream)
    running = model.record.running
    await stream.aclose()

    assert running == 1
    assert (model.record.running, model.record.closed_early) == (0, 1)


async def test_a_slow_model_misses_its_deadline():
    model = ScriptedChatModel(["word " * 100], seconds_per_token=0.01)

    with pytest.raises(ModelTimeout):
        await complete(model, replace(ASKED, deadline_s=0.05))


async def test_tokens_of_the_script_keep_their_logprobs():
    verdict = TokenLogprob(token="A", logprob=-0.2, top={"A": -0.2, "B": -1.8})
    model = ScriptedChatModel([(verdict,)])

    answer = await complete(model, replace(ASKED, top_logprobs=5))

    assert answer.text == "A"
    assert answer.logprobs == (verdict,)


async def test_prose_for_a_schema_has_failed():
    with pytest.raises(GenerationFailed, match="not JSON"):
        await complete(ScriptedChatModel(["Sure!"]), replace(ASKED, schema={"type": "object"}))


@pytest.mark.parametrize(
    ("schema", "smallest"),
    [
        ({"type": "object"}, {}),
        ({"properties": {"a": {"type": "string"}, "b": {}}, "required": ["a"]}, {"a": ""}),
        ({"type": "array", "items": {"type": "integer"}}, []),
        ({"type": "array", "minItems": 2, "items": {"type": "integer", "minimum": 3}}, [3, 3]),
        ({"type": ["string", "null"], "minLength": 2}, "xx"),
        ({"enum": ["b", "a"]}, "b"),
        ({"const": None}, None),
        ({"anyOf": [{"type": "boolean"}, {"type": "null"}]}, False),
        ({"$ref": "#/$defs/Item", "$defs": {"Item": {"type": "number"}}}, 0),
    ],
)
def test_the_smallest_json_of_a_schema_satisfies_it(schema: dict, smallest: object):
    assert json.loads(smallest_json(schema)) == smallest


@pytest.mark.parametrize("schema", [{}, {"type": "nonsense"}, {"$ref": "#/$defs/None"}, {"type": []}])
def test_a_schema_that_says_nothing_usable_is_refused(schema: dict):
    with pytest.raises(ModelRefused, match="schema cannot be used"):
        smallest_json(schema)
