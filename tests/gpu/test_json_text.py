from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from core.chat import Json
from gpu.json_shape import fit, outline, response_format
from gpu.json_text import JsonScanner, objects_in

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
OBJECTS = st.dictionaries(st.text(), VALUES, max_size=5)
PROSE = st.text(alphabet=st.characters(exclude_characters="{}<"), max_size=40)


def scanned(text: str, cuts: list[int]) -> tuple[str, JsonScanner]:
    scanner, given, at = JsonScanner(), "", 0
    for cut in [*sorted(cut % (len(text) + 1) for cut in cuts), len(text)]:
        given += scanner.push(text[at:cut])
        at = cut
    return given, scanner


@given(OBJECTS, PROSE, st.text(max_size=40), st.lists(st.integers(0, 500), max_size=8))
def test_however_a_text_is_cut_its_first_object_comes_through(
    value: dict[str, Json], before: str, after: str, cuts: list[int]
):
    said = json.dumps(value)

    given, scanner = scanned(before + said + after, cuts)

    assert given == scanner.text == said
    assert scanner.ended


@given(OBJECTS, PROSE, PROSE)
def test_an_object_in_prose_is_found(value: dict[str, Json], before: str, after: str):
    assert next(iter(objects_in(before + json.dumps(value) + after))) == value


@given(st.text(), st.lists(st.integers(0, 500), max_size=8))
def test_any_text_can_be_scanned_and_only_its_own_signs_come_out(text: str, cuts: list[int]):
    given, scanner = scanned(text, cuts)

    assert given in text
    assert scanner.whole == text
    list(objects_in(text))


def test_thoughts_are_no_answer():
    text = '<think>{"a": 1}</think>{"b": 2}'

    assert list(objects_in(text)) == [{"b": 2}]
    assert scanned(text, [3, 9])[0] == '{"b": 2}'


@given(OBJECTS)
def test_what_fits_is_left_as_it_is(value: dict[str, Json]):
    schema: dict[str, Json] = {
        "type": "object",
        "properties": {
            key: {"type": ["string", "integer", "boolean", "null", "array", "object"]} for key in value
        },
        "required": list(value),
        "additionalProperties": False,
    }

    found = fit(value, schema)

    assert (found.value, found.problems, found.strangers, found.mended) == (value, [], [], False)


@given(VALUES)
def test_any_value_can_be_held_against_a_schema(value: Json):
    found = fit(value, {"$ref": "#/$defs/Node", "$defs": {"Node": {"type": "object", "required": ["a"]}}})

    assert bool(found.problems) == (not (isinstance(value, dict) and "a" in value))


def test_the_option_that_fits_is_taken():
    schema: dict[str, Json] = {"anyOf": [{"type": "null"}, {"type": "array", "items": {"enum": ["m1"]}}]}

    assert fit(None, schema).value is None
    assert fit("m1", schema).value == ["m1"]
    assert fit("m2", schema).strangers


def test_true_is_no_number_and_bounds_are_kept():
    number: dict[str, Json] = {"type": "integer", "minimum": 1, "maximum": 3}

    problems = [fit(value, number).problems for value in (True, 0, 1, 3, 4, 2.5, "2")]

    assert [bool(found) for found in problems] == [True, True, False, False, True, True, True]


def test_a_long_enum_is_outlined_and_a_short_one_kept():
    ids: Json = [f"m{n}" for n in range(100)]
    schema: Json = {"properties": {"id": {"enum": ids}, "kind": {"enum": ["a", "b"]}}}

    assert outline(schema) == {
        "properties": {"id": {"type": "string", "examples": ["m0", "m1", "m2"]}, "kind": {"enum": ["a", "b"]}}
    }


def test_any_object_is_asked_for_by_its_own_name():
    assert response_format({"type": "object"}) == {"type": "json_object"}
    assert response_format({"type": "object", "properties": {}})["type"] == "json_schema"
