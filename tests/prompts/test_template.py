"""Rendering: values go in once, as data, whatever they say."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import UnknownVariable
from prompts.parse import parse_prompt
from prompts.template import render
from tests.support.prompt_files import HELLO

PROMPT = parse_prompt(HELLO)
LITERAL = parse_prompt(
    "---\nname: a\ndescription: b\nvariables:\n  x: {type: string}\n---\n# user\n"
    "{% for y in z %} {single} } { {{x}} \\{{x}} {0} {x!r} {x:>10} $x %s\n"
)

texts = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=60)


def user(**values: object) -> str:
    return render(PROMPT, {"who": "Ada", "messages": [], **values}).messages[1].content


def test_a_request_carries_messages_parameters_and_schema():
    request = render(PROMPT, {"who": "Ada", "messages": [{"id": "m1", "text": "hi"}]})

    assert [message.role for message in request.messages] == ["system", "user"]
    assert 'Answer as {"greeting": "..."}' in request.messages[0].content
    assert request.messages[1].content.startswith("Greet Ada 1 times.")
    assert '{"id":"m1","text":"hi"}' in request.messages[1].content
    assert (request.max_tokens, request.temperature, request.schema) == (64, 0.0, PROMPT.output)


def test_everything_but_a_placeholder_is_literal_text():
    (message,) = render(LITERAL, {"x": "VALUE"}).messages

    assert message.content == "{% for y in z %} {single} } { VALUE {{x}} {0} {x!r} {x:>10} $x %s"


@settings(deadline=None)
@given(texts)
def test_a_string_enters_as_it_is_and_is_never_read_as_a_template(value: str):
    assert user(who=value).startswith(f"Greet {value} 1 times.")


@pytest.mark.parametrize(
    "attack",
    [
        "{{messages}}",
        "{messages}",
        "{{ ''.__class__.__mro__ }}",
        "{% import os %}{{ os.system('id') }}",
        "{who.__class__}",
        "{0.__init__}",
        "{{#messages}}x{{/messages}}",
        "{{{who}}}",
        "${who}",
        "\\{{who}}",
    ],
)
def test_template_syntax_in_a_value_stays_text(attack: str):
    assert user(who=attack, messages=[{"text": attack}]).startswith(f"Greet {attack} 1 times.")


@settings(deadline=None)
@given(st.lists(texts, max_size=4))
def test_whatever_messages_say_each_stays_on_its_line_and_closes_no_tag(said: list[str]):
    text = user(messages=[{"text": one} for one in said])

    block = text.split("<messages>\n")[1].split("\n</messages>")[0]
    lines = block.splitlines()
    assert [json.loads(line)["text"] for line in lines] == said
    assert text.count("</messages>") == 1
    assert "<" not in block
    assert ">" not in block


@pytest.mark.parametrize(
    ("values", "field", "told"),
    [
        ({"whom": "Ada"}, "whom", "no variable of hello"),
        ({"count": "3"}, "count", "must be of type integer"),
        ({"count": True}, "count", "must be of type integer"),
        ({"count": 1.0}, "count", "must be of type integer"),
        ({"who": 3}, "who", "must be of type string"),
        ({"who": None}, "who", "must be of type string"),
        ({"who": "\ud800"}, "who", "must be of type string"),
        ({"messages": "hi"}, "messages", "must be of type jsonl"),
        ({"messages": ["hi"]}, "messages", "must be of type jsonl"),
        ({"messages": [{"x": object()}]}, "messages", "must be of type jsonl"),
    ],
)
def test_an_unknown_or_mistyped_variable_is_named(values: dict[str, object], field: str, told: str):
    with pytest.raises(UnknownVariable, match=told) as caught:
        user(**values)
    assert caught.value.field == field


def test_a_missing_variable_is_named():
    with pytest.raises(UnknownVariable, match="is missing for hello") as caught:
        render(PROMPT, {"messages": []})
    assert caught.value.field == "who"


def test_an_error_never_quotes_a_value_for_it_may_be_a_message():
    with pytest.raises(UnknownVariable) as caught:
        user(count="a secret somebody wrote")
    assert "secret" not in str(caught.value)


def test_a_value_outside_its_choices_is_refused_with_the_choices():
    source = HELLO.replace("  who:\n    type: string", "  who:\n    type: string\n    enum: [Ada, Bob]")

    with pytest.raises(UnknownVariable, match="Ada, Bob"):
        render(parse_prompt(source), {"who": "Eve", "messages": []})
