"""Prompt files: what can be written, and what each mistake is told."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import CatchupError, InvalidFile, TooLarge
from prompts.models import VariableType, version_of
from prompts.parse import parse_bytes, parse_prompt, read_prompt
from tests.support.prompt_files import HELLO


def test_a_file_is_read_into_its_parts():
    prompt = parse_prompt(HELLO)

    assert (prompt.name, prompt.description) == ("hello", "Greets somebody.")
    assert [turn.role for turn in prompt.turns] == ["system", "user"]
    assert prompt.turns[1].text.startswith("Greet {{who}} {{ count }} times.")
    assert {name: v.type for name, v in prompt.variables.items()} == {
        "who": VariableType.STRING,
        "count": VariableType.INTEGER,
        "messages": VariableType.JSONL,
    }
    assert not prompt.variables["count"].required
    assert prompt.parameters.max_tokens == 64
    assert prompt.output
    assert prompt.output["required"] == ["greeting"]


def test_the_same_bytes_are_the_same_version_and_line_ends_do_not_count():
    assert (
        version_of(HELLO) == version_of(HELLO.replace("\n", "\r\n")) == version_of(HELLO.replace("\n", "\r"))
    )
    assert parse_prompt(HELLO.replace("\n", "\r\n")) == parse_prompt(HELLO)


@given(st.text(min_size=1, max_size=5), st.integers(0, len(HELLO)))
def test_any_other_difference_is_another_version(inserted: str, at: int):
    changed = HELLO[:at] + inserted + HELLO[at:]

    same = changed.replace("\r\n", "\n").replace("\r", "\n") == HELLO
    assert same or "\ud800" <= max(inserted) <= "\udfff" or version_of(changed) != version_of(HELLO)


@given(st.text(max_size=400))
def test_no_text_makes_the_parser_fail_otherwise_than_by_saying_what_is_wrong(text: str):
    for source in (text, f"---\n{text}\n---\n# user\nx", f"---\nname: a\ndescription: b\n---\n{text}"):
        assert _remedy(source) != ""


def _remedy(source: str) -> str | None:
    try:
        parse_prompt(source)
    except CatchupError as error:
        return error.remedy
    return None


def test_headings_that_are_no_roles_stay_text_and_a_role_heading_can_be_escaped():
    source = "---\nname: a\ndescription: b\n---\n# user\n# Rules\n## user\n\\# system\nend\n"

    (turn,) = parse_prompt(source).turns

    assert turn.text == "# Rules\n## user\n# system\nend"


MISTAKES = {
    "no front matter": ("# user\nhi", r"file\.md:1.*no front matter"),
    "byte-order mark": ("\ufeff" + HELLO, r"file\.md:1.*no front matter.*byte-order mark"),
    "never closed": ("---\nname: a\n", r"file\.md:1.*never ends"),
    "not YAML": (HELLO.replace("name: hello", "name: [hello"), r"file\.md:\d+.*not YAML"),
    "unknown field": (HELLO.replace("parameters:", "params:"), r"file\.md:12 params: Extra inputs"),
    "no name": (HELLO.replace("name: hello\n", ""), r"name: Field required"),
    "bad name": (HELLO.replace("name: hello", "name: Hello World"), r"file\.md:2 name: must be lower-case"),
    "given twice": (HELLO.replace("name: hello", "name: hello\nname: b"), r"file\.md:3 name: is given twice"),
    "an alias": (HELLO.replace("Greets somebody.", "&a x\nvariables2: *a"), r"file\.md:4.*YAML alias"),
    "bad type": (
        HELLO.replace("type: integer", "type: int"),
        r"file\.md:\d+ variables\.count\.type: Input should be 'string'",
    ),
    "bad default": (
        HELLO.replace("default: 1", "default: one"),
        r"variables\.count: does not fit.*type integer",
    ),
    "bad variable name": (HELLO.replace("  who:", "  Who:"), r"file\.md:\d+ variables: 'Who' is not"),
    "reserved variable": (HELLO.replace("who", "self"), r"'self' is not a variable name"),
    "bad parameter": (
        HELLO.replace("max_tokens: 64", "max_tokens: 0"),
        r"file\.md:13 parameters\.max_tokens: Input should be greater than or equal to 1",
    ),
    "a number as text": (HELLO.replace("max_tokens: 64", "max_tokens: '64'"), r"file\.md:13 parameters\.max"),
    "undeclared": (HELLO.replace("{{who}}", "{{whom}}"), r"file\.md:26 whom: is not declared"),
    "unused": (HELLO.replace("{{who}}", "you"), r"variables\.who: is declared but never used"),
    "an expression": (HELLO.replace("{{who}}", "{{who.name}}"), r"file\.md:26: is not a variable's name"),
    "an index": (HELLO.replace("{{who}}", "{{who[0]}}"), r"file\.md:26: is not a variable's name"),
    "a filter": (HELLO.replace("{{who}}", "{{ who|upper }}"), r"file\.md:26: is not a variable's name"),
    "braces left open": (HELLO.replace("{{who}}", "{{who"), r"file\.md:26: is not a variable's name"),
    "empty braces": (HELLO.replace("{{who}}", "{{}} {{who}}"), r"file\.md:26: is not a variable's name"),
    "no messages": (HELLO.split("# system")[0], r"has no messages"),
    "empty message": (
        HELLO.replace("# user\n", "# user\n\n# assistant\n"),
        r"file\.md:24: is an empty message",
    ),
    "text before a role": (
        HELLO.replace("# system\n", "Hi.\n# system\n"),
        r"file\.md:20: is text before any role heading",
    ),
    "schema of no object": (
        HELLO.replace("output:\n  type: object", "output:\n  type: list"),
        r"output\.type: must be object",
    ),
    "schema of unknown type": (
        HELLO.replace("{type: string}\n---", "{type: str}\n---"),
        r"output\.properties\.greeting\.type: is no JSON type",
    ),
    "requires what is not there": (
        HELLO.replace("required: [greeting]", "required: [salute]"),
        r"output\.required: is not among the properties",
    ),
    "half a surrogate": (HELLO.replace("Greet ", "\ud800 "), r"is not Unicode"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_each_mistake_is_told_with_its_place_and_a_remedy(mistake: str):
    source, told = MISTAKES[mistake]

    with pytest.raises(InvalidFile, match=f"(?s){told}") as caught:
        parse_prompt(source, file="file.md")
    assert caught.value.remedy


def test_two_literal_braces_can_be_written():
    prompt = parse_prompt(HELLO.replace("{{ count }} times", "{{ count }} times as \\{{x}}"))

    assert "\\{{x}}" in prompt.turns[1].text


def test_bytes_that_are_not_utf_8_are_told_with_their_line():
    with pytest.raises(InvalidFile, match=r"a\.md:3: is not UTF-8"):
        parse_bytes(b"---\nname: a\ndescription: \xff", file="a.md")


def test_a_file_that_cannot_be_read_is_told_by_its_name(tmp_path: Path):
    with pytest.raises(InvalidFile, match=r"nope\.md.*|cannot be read"):
        read_prompt(tmp_path / "nope.md")


def test_a_file_that_is_too_large_is_refused():
    with pytest.raises(TooLarge, match="262144"):
        parse_prompt(HELLO + "x" * 300_000)


def test_the_example_in_the_docs_is_a_prompt():
    page = (Path(__file__).parents[2] / "docs" / "flows" / "prompt-change.md").read_text()

    example = page.split("```markdown\n")[1].split("```")[0]

    assert parse_prompt(example).name == "standup-notes"
