"""What two segments must share to share an outcome."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.ids import ChannelId, MessageId
from summarize.cache.models import segment_key
from summarize.models import FileMarker, MessageKind
from tests.support.talk import ANN, BEN, OTHER, START, said

MADE_BY = {"prompt": "channel-summary@1", "model": "m", "parameters": {"temperature": 0.0, "detail": "full"}}
ONE, TWO = said(1, ANN, "we ship"), said(2, BEN, "on Friday")
KEY = segment_key([ONE, TWO], **MADE_BY)


def test_the_same_messages_made_the_same_way_have_one_key_of_64_hex_digits() -> None:
    again = segment_key(
        iter([said(1, ANN, "we ship"), said(2, BEN, "on Friday")]),
        prompt="channel-summary@1",
        model="m",
        parameters={"detail": "full", "temperature": 0.0},
    )

    assert again == KEY
    assert len(bytes.fromhex(KEY)) == 32


@pytest.mark.parametrize(
    "change",
    [
        {"text": "on Monday"},
        {"id": MessageId("m3")},
        {"workspace": OTHER},
        {"channel": ChannelId("C_OTHER")},
        {"author": ANN.id},
        {"at": START},
        {"kind": MessageKind.BOT},
        {"root": MessageId("m1")},
        {"broadcast": True},
        {"edited_at": START + timedelta(hours=1)},
        {"files": (FileMarker(name="plan.pdf"),)},
        {"subtype": "me_message"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_any_other_content_is_another_key(change: dict[str, object]) -> None:
    assert segment_key([ONE, replace(TWO, **change)], **MADE_BY) != KEY


@pytest.mark.parametrize(
    "change", [{"prompt": "channel-summary@2"}, {"model": "n"}, {"parameters": {"temperature": 0.1}}]
)
def test_another_prompt_model_or_parameter_is_another_key(change: dict[str, object]) -> None:
    assert segment_key([ONE, TWO], **{**MADE_BY, **change}) != KEY


def test_order_and_number_of_messages_count() -> None:
    keys = {segment_key(some, **MADE_BY) for some in ([ONE, TWO], [TWO, ONE], [ONE], [ONE, TWO, TWO], [])}

    assert len(keys) == 5


def test_a_reaction_leaves_the_key_as_it_is() -> None:
    assert segment_key([ONE, said(2, BEN, "on Friday", thumbs=4)], **MADE_BY) == KEY


@given(st.lists(st.text(max_size=4), max_size=4), st.lists(st.text(max_size=4), max_size=4))
def test_no_two_different_talks_have_one_key(some: list[str], others: list[str]) -> None:
    keys = [segment_key([said(1, ANN, text) for text in texts], **MADE_BY) for texts in (some, others)]

    assert (keys[0] == keys[1]) == (some == others)
