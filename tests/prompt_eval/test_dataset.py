"""Datasets: loaded, pinned, and each mistake told with line and field."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from core.errors import InvalidFile, InvalidInput
from prompt_eval.dataset import load
from tests.support.eval_cases import row, write_rows


def without(field: str) -> dict[str, Any]:
    return {name: value for name, value in row(2).items() if name != field}


def with_message(**changes: Any) -> dict[str, Any]:
    messages = row(2)["messages"]
    return row(2, messages=[messages[0], {**messages[1], **changes}, messages[2]])


def test_cases_are_read_in_order_with_all_their_parts(tmp_path: Path):
    cases = load(write_rows(tmp_path / "cases.jsonl", [row(1), row(2)]))

    first, second = cases
    assert (len(cases), first.id, second.id) == (2, "case-1", "case-2")
    assert first.messages[1].author == "bob"
    assert first.messages[1].at == datetime(2026, 3, 2, 9, 1, tzinfo=UTC)
    assert first.references == ("bob: We decided to move the outage number 1 to Thursday",)
    assert first.slices == {"size": "small"}


def test_the_digest_pins_bytes_format_and_limit(tmp_path: Path):
    path = write_rows(tmp_path / "a.jsonl", [row(1), row(2)])
    same = write_rows(tmp_path / "b.jsonl", [row(1), row(2)])
    other = write_rows(tmp_path / "c.jsonl", [row(1), row(3)])

    assert load(path).digest == load(same).digest
    assert len({load(path).digest, load(other).digest, load(path, limit=1).digest}) == 3
    assert len(load(path, limit=1)) == 1


@pytest.mark.parametrize(
    ("ts", "expected"),
    [
        ("1355517523.000005", datetime(2012, 12, 14, 20, 38, 43, 5, tzinfo=UTC)),
        (1355517523, datetime(2012, 12, 14, 20, 38, 43, tzinfo=UTC)),
        ("2026-03-02T10:00:00+01:00", datetime(2026, 3, 2, 9, 0, tzinfo=UTC)),
        ("2026-03-02T09:00:00", datetime(2026, 3, 2, 9, 0, tzinfo=UTC)),
        ("2026-03-02 09:00:00", datetime(2026, 3, 2, 9, 0, tzinfo=UTC)),
    ],
)
def test_times_may_be_written_as_slack_as_seconds_or_as_iso_8601(
    tmp_path: Path, ts: object, expected: datetime
):
    message = {"id": "1", "author": "ana", "ts": ts, "text": "hi"}

    (case,) = load(write_rows(tmp_path / "a.jsonl", [{"id": "a", "messages": [message]}]))

    assert case.messages[0].at == expected


def test_messages_without_times_follow_one_another(tmp_path: Path):
    messages = [{"id": "1", "text": "hi"}, {"id": "2", "text": "ho"}]

    (case,) = load(write_rows(tmp_path / "a.jsonl", [{"id": "a", "messages": messages}]))

    assert case.messages[0].at < case.messages[1].at
    assert (case.references, dict(case.slices)) == ((), {})


def test_slices_that_differ_from_case_to_case_do_not_gain_each_others_names(tmp_path: Path):
    rows = [row(1, slices={"size": "small"}), row(2, slices={"language": "de"})]

    first, second = load(write_rows(tmp_path / "a.jsonl", rows))

    assert (dict(first.slices), dict(second.slices)) == ({"size": "small"}, {"language": "de"})


def test_csv_and_parquet_hold_the_same_cases(tmp_path: Path):
    import pandas as pd

    rows = [row(1), row(2)]
    as_text = [{k: v if isinstance(v, str) else orjson.dumps(v).decode() for k, v in r.items()} for r in rows]
    pd.DataFrame(as_text).to_csv(tmp_path / "a.csv", index=False)
    pd.DataFrame(rows).to_parquet(tmp_path / "a.parquet")

    expected = list(load(write_rows(tmp_path / "a.jsonl", rows)))
    assert list(load(tmp_path / "a.csv")) == expected
    assert list(load(tmp_path / "a.parquet")) == expected


def test_a_dialogsum_row_becomes_turns_with_their_speakers(tmp_path: Path):
    dialogue = "#Person1#: Hello: you?\n#Person2#: Fine.\nAnd you?"
    rows = [{"fname": "t0", "dialogue": dialogue, "summary1": "A.", "summary2": "B.", "topic1": "x"}]

    (case,) = load(write_rows(tmp_path / "a.jsonl", rows), format="dialogsum")

    assert [(m.author, m.text) for m in case.messages] == [
        ("#Person1#", "Hello: you?"),
        ("#Person2#", "Fine."),
        ("", "And you?"),
    ]
    assert [m.line for m in case.messages] == dialogue.split("\n")
    assert case.references == ("A.", "B.")


MISTAKES: dict[str, tuple[dict[str, Any], str]] = {
    "no id": (without("id"), r"a\.jsonl:3 id: "),
    "no messages": (without("messages"), r"a\.jsonl:3 messages: "),
    "empty messages": (row(2, messages=[]), r"a\.jsonl:3 messages: "),
    "no text": (with_message(text=None), r"a\.jsonl:3 messages\[1\]\.text: "),
    "a time that is none": (with_message(ts="yesterday"), r"a\.jsonl:3 messages\[1\]\.ts: "),
    "an unknown field": (row(2, refs=["x"]), r"a\.jsonl:1 refs|a\.jsonl:3 refs"),
    "an id used before": (row(1), r"a\.jsonl:3 id: was used before, at a\.jsonl:1"),
    "two messages of one id": (with_message(id="m2-1"), r"a\.jsonl:3 messages: is the id of two"),
    "another type than before": (row(2, id=7), r"a\.jsonl:3 id: is a number here and a string in line 1"),
    "slices of two types": (row(2, slices={"size": 3}), r"a\.jsonl:3 slices\.size: is a number here"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_each_mistake_is_told_with_its_line_and_field(tmp_path: Path, mistake: str):
    wrong, told = MISTAKES[mistake]
    path = tmp_path / "a.jsonl"
    path.write_bytes(orjson.dumps(row(1)) + b"\n\n" + orjson.dumps(wrong) + b"\n")

    with pytest.raises(InvalidFile, match=told) as caught:
        load(path)
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (b'{"id": "a", ', r"a\.jsonl:2: is not JSON"),
        (b"[1, 2]", r"a\.jsonl:2: is not an object"),
        (b'{"id": "\xff"}', r"a\.jsonl:2: is not UTF-8"),
    ],
)
def test_a_line_that_is_no_json_object_is_told_by_its_number(tmp_path: Path, line: bytes, told: str):
    path = tmp_path / "a.jsonl"
    path.write_bytes(orjson.dumps(row(1)) + b"\n" + line + b"\n")

    with pytest.raises(InvalidFile, match=told):
        load(path)


@pytest.mark.parametrize("data", [b"", b"\n \n"])
def test_an_empty_file_has_no_cases(tmp_path: Path, data: bytes):
    (tmp_path / "a.jsonl").write_bytes(data)

    with pytest.raises(InvalidFile, match="has no cases"):
        load(tmp_path / "a.jsonl")


def test_a_file_that_is_not_there_or_of_no_known_kind_or_format_is_told(tmp_path: Path):
    with pytest.raises(InvalidFile, match="cannot be read: No such file"):
        load(tmp_path / "nope.jsonl")
    with pytest.raises(InvalidFile, match=r"of no known kind.*\.jsonl"):
        load(tmp_path / "a.txt")
    with pytest.raises(InvalidInput, match="format: is not known"):
        load(tmp_path / "a.jsonl", format="samsum")
