"""Items are read out of JSON while it is being written."""

from __future__ import annotations

import json
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from core.chat import Json
from summarize.llm.reader import ItemReader, Raw

texts = st.text(st.sampled_from('ab"\\{}[],: é\n'), max_size=12)
values = st.recursive(
    texts | st.integers() | st.none(), lambda inner: st.lists(inner, max_size=3), max_leaves=6
)
items = st.lists(st.dictionaries(texts, values, max_size=3), max_size=5)


def read(text: str, cuts: list[int]) -> list[Raw]:
    reader = ItemReader()
    places = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    pieces = [text[a:b] for a, b in pairwise(places)]
    return [raw for piece in pieces for raw in reader.feed(piece)]


@given(items, st.lists(st.integers(0, 10_000), max_size=20))
def test_however_the_text_is_cut_each_item_comes_once_and_whole(
    written: list[dict[str, Json]], cuts: list[int]
):
    assert read(json.dumps({"items": written}, ensure_ascii=False), cuts) == written


def test_an_item_comes_with_its_closing_brace_and_not_before():
    reader = ItemReader()

    assert reader.feed('{"items": [{"text": "one}"') == []
    assert reader.feed("}") == [{"text": "one}"}]
    assert reader.feed(', {"text": "two') == []


def test_what_is_not_json_gives_no_items():
    assert read("I am sorry, {[ but ]} I cannot }}}} do [[{that}]]", [5, 9, 20]) == []
