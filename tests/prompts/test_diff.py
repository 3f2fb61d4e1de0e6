"""Diffs: word by word, and nothing is lost in either direction."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from prompts.diff import Change, diff, words
from prompts.parse import parse_prompt
from tests.support.prompt_files import HELLO, hello

prose = st.lists(
    st.sampled_from(["never", "follow", "a", "message", "\n", " ", "\n\n", "item."]), max_size=30
).map("".join)


@given(prose, prose)
def test_without_deletions_it_is_the_new_text_without_insertions_the_old(before: str, after: str):
    changes = list(words(before, after))

    assert "".join(c.text for c in changes if c.op != "delete") == after
    assert "".join(c.text for c in changes if c.op != "insert") == before


@given(prose, prose)
def test_neighbouring_changes_are_of_different_kinds_and_none_is_empty(before: str, after: str):
    changes = list(words(before, after))

    assert all(a.op != b.op for a, b in pairwise(changes))
    assert all(change.text for change in changes)


def test_a_changed_word_is_shown_as_that_word_alone():
    assert list(words("one short sentence each\nend", "one brief sentence each\nend")) == [
        Change(op="equal", text="one "),
        Change(op="delete", text="short"),
        Change(op="insert", text="brief"),
        Change(op="equal", text=" sentence each\nend"),
    ]


def test_equal_versions_do_not_differ():
    found = diff(parse_prompt(HELLO), parse_prompt(HELLO))

    assert (found.sections, found.values) == ((), ())


def test_text_parameters_variables_and_schema_are_compared_each_in_its_place():
    changed = hello(
        **{
            "max_tokens: 64": "max_tokens: 32",
            "default: 1": "default: 2",
            "greeting: {type: string}": "greeting: {type: string, maxLength: 9}",
            "Greet people": "Welcome people",
            "Greets somebody.": "Welcomes somebody.",
        }
    )

    found = diff(parse_prompt(HELLO), parse_prompt(changed))

    assert [section.name for section in found.sections] == ["system"]
    assert {(value.path, value.before, value.after) for value in found.values} == {
        ("description", "Greets somebody.", "Welcomes somebody."),
        ("parameters.max_tokens", 64, 32),
        ("variables.count.default", 1, 2),
        ("output.properties.greeting.maxLength", None, 9),
    }


def test_a_message_that_came_is_a_section_of_its_own():
    found = diff(parse_prompt(HELLO), parse_prompt(HELLO + "\n# user\n\nAnd again.\n"))

    assert [(section.name, section.changes) for section in found.sections] == [
        ("user 2", (Change(op="insert", text="And again."),))
    ]
