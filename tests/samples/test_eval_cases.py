"""The dataset is complete and plain."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest

from samples.eval import eval_cases, write_eval

pytestmark = pytest.mark.slow


def test_there_are_enough_cases_and_their_ids_are_unique():
    cases = eval_cases()

    assert len(cases) >= 40
    assert len({c["id"] for c in cases}) == len(cases)


def test_each_case_has_messages_in_order_and_a_reference():
    for case in eval_cases():
        times = [datetime.fromisoformat(m["ts"]) for m in case["messages"]]
        ids = {m["id"] for m in case["messages"]}

        assert times == sorted(times)
        assert len(ids) == len(times) >= 4
        assert all(m["thread"] is None or m["thread"] in ids for m in case["messages"])
        assert all(m["text"].strip() and m["author"] for m in case["messages"])
        assert all(r.strip() and "{" not in r for r in case["references"])


def test_slices_name_the_same_things_in_every_case():
    names = {tuple(case["slices"]) for case in eval_cases()}

    assert names == {("channel", "kind", "length", "threaded", "interleaved", "language")}


def test_the_file_is_json_lines_and_the_same_each_time(tmp_path: Path):
    count = write_eval(tmp_path / "a.jsonl")
    write_eval(tmp_path / "b.jsonl")

    lines = (tmp_path / "a.jsonl").read_text(encoding="utf-8").splitlines()
    assert len([json.loads(line) for line in lines]) == count
    assert (tmp_path / "a.jsonl").read_bytes() == (tmp_path / "b.jsonl").read_bytes()
