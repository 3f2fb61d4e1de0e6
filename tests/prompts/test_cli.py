"""`catchup prompts` and `catchup eval`, as they are typed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from core.errors import CatchupError
from gateway.cli.main import build
from tests.support.eval_cases import row, write_rows
from tests.support.prompt_files import HELLO, hello

pytestmark = pytest.mark.slow

Catchup = Callable[..., Result]


@pytest.fixture
def catchup(tmp_path: Path) -> Catchup:
    """Type a command against a home of its own."""
    environment: Mapping[str, str] = {
        "CATCHUP_HOME": str(tmp_path / "home"),
        "CATCHUP_DATABASE_URL": "",
        "CATCHUP_EVENTS_URL": "",
        "CATCHUP_EMBEDDER": "hashing",
        "COLUMNS": "160",
        "NO_COLOR": "1",
    }

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(build(arguments[0]), list(arguments), env=environment)

    return run


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "hello.md"
    path.write_text(HELLO)
    return path


def test_a_prompt_is_pushed_listed_shown_compared_released_and_taken_back(catchup: Catchup, file: Path):
    assert "(new, draft)" in catchup("prompts", "push", str(file), "-m", "first", "--by", "ada").output
    assert "(known already, draft)" in catchup("prompts", "push", str(file)).output
    word = ("--override", "hotfix", "--by", "ada")
    assert "is live." in catchup("prompts", "promote", "hello", *word).output

    file.write_text(hello(Greet="Welcome"))
    pushed = catchup("prompts", "push", str(file), "--by", "ada").output
    version = pushed.split("@")[1].split(" ")[0]
    difference = catchup("prompts", "diff", "hello").output
    assert "[-Greet-]{+Welcome+}" in difference
    assert catchup("prompts", "show", f"hello@{version[:5]}").output == hello(Greet="Welcome")
    assert catchup("prompts", "show", "hello").output == HELLO

    catchup("prompts", "promote", f"hello@{version}", *word)
    gone = catchup("prompts", "rollback", "hello", "--reason", "too warm", "--by", "bob").output
    assert f"hello@{version} is rolled back" in gone
    listed = catchup("prompts", "list").output
    assert "rolled-back since" in listed
    assert "channel-summary" in listed
    log = catchup("prompts", "log", "hello").output.splitlines()
    assert log[0].split("Z  ")[1].startswith("revive")
    assert "by bob: too warm" in log[1]


def test_without_authority_nothing_moves_and_the_remedy_says_what_to_do(catchup: Catchup, file: Path):
    catchup("prompts", "push", str(file))

    error = catchup("prompts", "promote", "hello").exception
    assert isinstance(error, CatchupError)
    assert error.kind == "verdict-required"
    assert "catchup eval run" in error.remedy

    error = catchup("prompts", "promote", "hello", "--override", "because").exception
    assert isinstance(error, CatchupError)
    assert "--by" in error.message


def test_lint_names_every_file_with_a_problem_and_exits_1(catchup: Catchup, file: Path, tmp_path: Path):
    wrong = tmp_path / "wrong.md"
    wrong.write_text(HELLO.replace("{{who}}", "{{whom}}"))

    both = catchup("prompts", "lint", str(file), str(wrong))

    assert both.exit_code == 1
    assert "hello.md: hello@" in both.output
    assert "wrong.md:26 whom: is not declared" in both.output
    assert catchup("prompts", "lint", str(file)).exit_code == 0


def test_render_shows_what_a_model_would_be_sent(catchup: Catchup, file: Path, tmp_path: Path):
    values = tmp_path / "values.json"
    values.write_text(json.dumps({"who": "Ada", "messages": [{"text": "hi"}]}))

    shown = catchup("prompts", "render", str(file), "--vars", str(values), "--var", "count=3")

    assert "Greet Ada 3 times." in shown.output
    assert '{"text":"hi"}' in shown.output
    as_json = catchup("prompts", "render", str(file), "--vars", str(values), "--json")
    assert json.loads(as_json.output)["max_tokens"] == 64


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--var", "who=Ada"), "messages: is missing"),
        (("--var", "who"), "is not NAME=VALUE"),
        (("--var", "whom=Ada"), "whom: is no variable of hello"),
        (("--vars", "nope.json"), "cannot be read"),
    ],
)
def test_render_says_what_is_wrong_with_a_variable(
    catchup: Catchup, file: Path, arguments: tuple[str, ...], told: str
):
    error = catchup("prompts", "render", str(file), *arguments).exception

    assert isinstance(error, CatchupError)
    assert told in error.message


def test_an_evaluation_is_run_listed_and_shown(catchup: Catchup, tmp_path: Path):
    dataset = write_rows(tmp_path / "cases.jsonl", [row(number) for number in range(1, 4)])
    out = tmp_path / "out.json"
    arguments = ("--dataset", str(dataset), "--baseline", "longest-3", "--by", "ada", "--json", str(out))

    ran = catchup("eval", "run", *arguments)

    assert ran.exit_code == 0, ran.output
    assert "3 cases" in ran.output
    assert "INCONCLUSIVE" in ran.output or "FAIL" in ran.output
    written = json.loads(out.read_bytes())
    assert [case["id"] for case in written["cases"]] == ["case-1", "case-2", "case-3"]
    assert written["cases"][0]["candidate"]["scores"]["citation_validity"] == 1.0
    run = written["report"]["id"]
    assert run in catchup("eval", "list").output
    assert "rougeLsum" in catchup("eval", "show", run).output
    assert json.loads(catchup("eval", "show", run, "--json").output) == written["report"]


def test_without_a_baseline_the_gate_does_not_speak(catchup: Catchup, tmp_path: Path):
    dataset = write_rows(tmp_path / "cases.jsonl", [row(1)])

    ran = catchup("eval", "run", "--dataset", str(dataset), "--limit", "1")

    assert "No verdict: there was no baseline." in ran.output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("run", "--dataset", "nope.jsonl"), "cannot be read"),
        (("run", "--dataset", "nope.jsonl", "--json", "no/such/folder/x.json"), "folder that does not exist"),
        (("run", "--dataset", "CASES", "--policy", "nope.yaml"), "nope.yaml"),
        (("show", "eval_nope"), "no evaluation 'eval_nope'"),
    ],
)
def test_what_cannot_be_evaluated_is_told(
    catchup: Catchup, tmp_path: Path, arguments: tuple[str, ...], told: str
):
    cases = str(write_rows(tmp_path / "cases.jsonl", [row(1)]))

    error = catchup("eval", *(cases if word == "CASES" else word for word in arguments)).exception

    assert isinstance(error, CatchupError)
    assert told in f"{error.message}"


@pytest.mark.parametrize("command", [("prompts",), ("eval",)])
def test_every_command_has_help_with_an_example(catchup: Catchup, command: tuple[str, ...]):
    names = {
        "prompts": ("list", "show", "push", "diff", "log", "lint", "render", "promote", "rollback"),
        "eval": ("run", "list", "show"),
    }[command[0]]

    for name in names:
        assert f"Example: catchup {command[0]} {name}" in catchup(*command, name, "--help").output
