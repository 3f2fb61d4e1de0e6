"""What does not exist in the window cannot be generated: the schema says so."""

from __future__ import annotations

from typing import Any

import pytest

from core.errors import GenerationFailed
from prompts.parse import read_prompt
from prompts.registry import LIBRARY
from summarize.llm.schema import narrowed

OUTPUT = read_prompt(LIBRARY / "channel-summary.md").output or {}
FIELDS = {"citations": ["m1", "m2"], "superseded": ["m1", "m2"], "participants": ["@ann"], "owner": ["@ann"]}


def item_schema(**changes: list[str]) -> dict[str, Any]:
    schema: Any = narrowed(OUTPUT, fields=FIELDS | changes, most=3)
    assert schema["properties"]["items"]["maxItems"] == 3
    return schema["properties"]["items"]["items"]["properties"]


def test_citations_are_an_enum_of_the_ids_of_the_window():
    assert item_schema()["citations"] == {
        "type": "array",
        "minItems": 1,
        "maxItems": 8,
        "items": {"type": "string", "enum": ["m1", "m2"]},
    }


def test_owner_is_one_of_the_people_or_nobody():
    assert item_schema()["owner"] == {"enum": ["@ann", None]}


def test_where_nobody_is_named_a_list_of_people_stays_empty():
    assert item_schema(participants=[])["participants"]["maxItems"] == 0


def test_the_prompts_own_schema_is_left_as_it_was():
    before = str(OUTPUT)

    item_schema()

    assert str(OUTPUT) == before


def test_a_prompt_whose_answer_has_no_items_is_refused():
    with pytest.raises(GenerationFailed, match="no items"):
        narrowed({"type": "object", "properties": {}}, fields=FIELDS, most=3)
