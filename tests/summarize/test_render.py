from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.ids import MessageId, SummaryId
from summarize.models import Coverage, Detail, Item, ItemKind, Provenance, Summary, Window
from summarize.render import blocks, covered, escape_markdown, escape_slack, markdown
from summarize.sources import Source, Sources
from tests.support.talk import ACME, ANN, GENERAL, START

PROVENANCE = Provenance(
    engine="extractive/1", model="m", prompt="none", parameters={}, input_hash="0", arm="none"
)


def summary(*items: Item, found: int = 9, **change: object) -> Summary:
    made = {
        "id": SummaryId("sum_1"),
        "workspace": ACME,
        "channel": GENERAL,
        "reader": ANN.id,
        "window": Window(since=START, until=START + timedelta(days=1)),
        "thread": None,
        "detail": Detail.STANDARD,
        "items": items,
        "participants": (),
        "coverage": Coverage(found=found, used=found and 7, skipped={"system": 2} if found else {}),
        "provenance": PROVENANCE,
        "created_at": START,
    }
    return Summary(**{**made, **change})  # pyright: ignore[reportArgumentType]


def item(text: str, *ids: str, kind: ItemKind = ItemKind.TOPIC, superseded: tuple[str, ...] = ()) -> Item:
    return Item(
        kind=kind,
        text=text,
        citations=tuple(map(MessageId, ids)) or (MessageId("m1"),),
        superseded=tuple(map(MessageId, superseded)),
    )


def sources(*ids: str, author: str = "Ann") -> Sources:
    found = {MessageId(id): Source(id=MessageId(id), author=author, at=START) for id in ids or ("m1",)}
    return Sources(channel=GENERAL, zone="Europe/Berlin", messages=found, people={})


def link(id: MessageId) -> str:
    return f"https://catchup.example/messages/{id}"


def test_markdown_shows_items_by_kind_with_marks_sources_and_coverage() -> None:
    made = summary(
        item("Ann: talk", "m2"), item("Ann decided: Friday", "m1", kind=ItemKind.DECISION, superseded=("m0",))
    )

    text = markdown(made, sources("m0", "m1", "m2"), link)

    assert text.index("**Decisions**") < text.index("**Discussed**") < text.index("**Sources**")
    assert "- Ann decided: Friday [1] (replaces [2])" in text
    assert "- [1] Ann, Mon 02 Mar 2026 09:00 – [open](https://catchup.example/messages/m1)" in text
    assert "7 of 9 messages used; skipped: 2 system" in text.replace("\\", "")


def test_what_people_write_cannot_become_markup() -> None:
    hostile = "*b* _i_ [l](https://e.example) ![x](y) <img src=x> # h | t `c*d` ~s~ @here"

    shown = markdown(summary(item(hostile)), sources(), link)
    slack = json.dumps(
        blocks(summary(item("<!channel> <@U1> <https://e.example|x> & *bold*")), sources(), link)
    )

    assert "[l](" not in shown
    assert "![x]" not in shown.replace("\\!", "").replace("\\[", "")
    assert "<img" not in shown.replace("\\<", "")
    assert "`c*d`" in shown
    assert not re.search(r"<[!@]", slack)
    assert "&lt;!channel&gt;" in slack


def test_a_hostile_name_in_the_sources_is_escaped() -> None:
    assert "](evil" not in markdown(summary(item("x")), sources(author="a](evil"), link).replace("\\]\\(", "")


def test_a_link_that_is_none_of_ours_is_left_out() -> None:
    assert "javascript" not in markdown(summary(item("x")), sources(), lambda _: "javascript:alert(1)")
    assert "javascript" not in json.dumps(
        blocks(summary(item("x")), sources(), lambda _: "javascript:alert(1)")
    )


def test_an_empty_window_and_a_stale_summary_say_so() -> None:
    assert "No messages in this window." in markdown(summary(found=0), sources(), link)
    assert "Nothing to summarize" in markdown(summary(), sources(), link)
    assert "edited or deleted" in json.dumps(blocks(summary(stale=True), sources(), link))


def test_what_is_left_out_is_said() -> None:
    coverage = Coverage(found=3, used=3, context=1, dropped=2, conversations=5, shown=4)

    text = covered(summary(coverage=coverage, degraded="no model"), "UTC")

    for part in (
        "1 earlier thread root",
        "4 of 5 conversations shown",
        "2 items dropped",
        "degraded: no model",
    ):
        assert part in text


@given(st.lists(st.text(min_size=1, max_size=5000), max_size=70))
@settings(max_examples=40, deadline=None)
def test_blocks_keep_slacks_limits(texts: list[str]) -> None:
    made = summary(*(item(text, f"m{n}") for n, text in enumerate(texts)))

    found = blocks(made, sources(*(f"m{n}" for n in range(len(texts)))), link)

    assert len(found) <= 50
    for block in found:
        for part in [block["text"]] if "text" in block else block.get("elements", []):
            assert 0 < len(part["text"]) <= 3000
            assert part["verbatim"]


@pytest.mark.parametrize("shift", range(6))
def test_a_block_is_cut_between_escapes_not_within_one(shift: int) -> None:
    found = blocks(summary(item("x" * shift + "&" * 4000)), sources(), link)

    assert not re.search(r"&(?!amp;|lt;|gt;)", json.dumps([b for b in found if b["type"] == "section"]))


@given(st.text(max_size=60))
def test_escaped_text_has_no_bare_angle_brackets_in_slack(text: str) -> None:
    assert "<" not in escape_slack(text)
    assert ">" not in escape_slack(text)


def test_markdown_escapes_keep_code_spans() -> None:
    assert escape_markdown("a_b `c_d` e*f") == r"a\_b `c_d` e\*f"
