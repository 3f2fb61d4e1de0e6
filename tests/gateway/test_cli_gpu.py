from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.cli.main import main

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `catchup gpu …` in this process; give the exit code and what was printed on stdout and stderr."""

    def running(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(("gpu", *arguments))
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return running


@pytest.mark.parametrize("command", ["serve", "check", "plan", "bench"])
def test_every_command_explains_itself_with_an_example(run: Run, command: str):
    code, out, _ = run(command, "--help")

    assert code == 0
    assert f"catchup gpu {command} " in out


def test_a_dry_run_prints_the_command_and_starts_nothing(run: Run):
    code, out, _ = run(
        "serve", "org/name", "--unchecked", "--device", "cuda", "--dry-run", "--", "--seed", "7"
    )

    assert code == 0
    assert out.startswith("env ")
    assert "serve org/name" in out
    assert out.rstrip().endswith("--seed 7")


def test_a_plan_shows_every_number_with_its_formula(run: Run):
    code, out, _ = run("plan", "llama-3.1-8b", "--weights", "fp8", "--summaries", "1000000", "--price", "2")

    assert code == 0
    assert "llama-3.1-8b on nodes of 1 x H100 80GB SXM" in out
    assert "cost a day" in out
    assert "spare" in out


def test_a_plan_is_read_by_programs(run: Run):
    code, out, _ = run("plan", "qwen3-8b", "--messages", "5e6", "--reads", "2", "--kv", "fp8", "--json")

    plan = json.loads(out)
    assert code == 0
    assert plan["traffic"]["summaries_a_day"] == 100_000
    assert plan["traffic"]["tokens_in"] == 600 + 25 * 100
    assert plan["nodes"] == plan["gpus"] >= 2
    assert {line["name"]: line["value"] for line in plan["lines"]}["KV a token"] == 72


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("plan",), "--summaries"),
        (("plan", "--summaries", "1", "--messages", "1"), "--summaries"),
        (("plan", "nothing", "--summaries", "1"), "MODEL"),
        (("plan", "--summaries", "1", "--gpu", "abacus"), "--gpu"),
        (("plan", "--summaries", "1", "--kv", "int3"), "--kv"),
        (("plan", "--summaries", "1", "--cached", "30"), "--cached"),
        (("bench",), "URL"),
        (("bench", "http://127.0.0.1:9", "--shape", "qwen3-8b"), "URL"),
        (("bench", "--shape", "qwen3-8b", "--compare", "http://127.0.0.1:9"), "--compare"),
        (("bench", "http://127.0.0.1:9", "--concurrency", "1,two"), "--concurrency"),
        (("bench", "http://127.0.0.1:9", "--json", "/nowhere/at/all.json"), "--json"),
        (("bench", "localhost:8000"), "url"),
        (("check", "localhost:8000"), "url"),
        (("serve", "org/name", "--python", "/nowhere/python"), "--python"),
        (("serve", "org/name", "--context", "0"), "--context"),
    ],
)
def test_what_cannot_be_used_is_named_with_a_remedy(run: Run, arguments: tuple[str, ...], named: str):
    code, _, err = run(*arguments)

    assert code == 2
    assert f"catchup: {named}: " in err
    assert len(err.strip().splitlines()) >= 2


def test_a_node_that_is_not_there_fails_the_check(run: Run):
    code, out, _ = run("check", "http://127.0.0.1:9", "--json")

    report = json.loads(out)
    assert code == 1
    assert report["ok"] is False
    assert [item["name"] for item in report["items"]] == ["lists its model"]
    assert report["items"][0]["remedy"]


def test_a_failed_check_says_what_to_do(run: Run):
    code, out, _ = run("check", "http://127.0.0.1:9")

    assert code == 1
    assert "NOT KEPT" in out
    assert "does not keep a required part" in out


def test_a_node_that_is_not_there_cannot_be_measured(run: Run, tmp_path: Path):
    code, _, err = run("bench", "http://127.0.0.1:9", "--json", str(tmp_path / "figures.json"))

    assert code == 6
    assert "cannot be reached" in err
    assert not (tmp_path / "figures.json").exists()
