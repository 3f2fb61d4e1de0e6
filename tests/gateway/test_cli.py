from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from core import errors
from core.errors import CatchupError
from gateway.cli.main import COMMANDS, EXIT_CODES, main, report
from gateway.pipelines import PIPELINES

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `catchup …` over a home of its own; return exit code, stdout and stderr."""
    monkeypatch.setenv("CATCHUP_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CATCHUP_EMBEDDER", "hashing")
    monkeypatch.setenv("COLUMNS", "200")

    def running(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return running


def test_help_lists_every_command_and_shows_where_to_start(run: Run):
    code, out, _ = run("--help")

    assert code == 0
    assert all(name in out for name in COMMANDS)
    assert "catchup demo" in out
    assert "catchup summarize '#incidents' --last 7d" in out


@pytest.mark.parametrize("command", list(COMMANDS))
def test_every_command_explains_itself(run: Run, command: str):
    code, out, _ = run(command, "--help")

    assert code == 0
    assert f"catchup {command}" in out


def test_without_arguments_the_help_is_shown(run: Run):
    _, out, err = run()

    assert "catchup demo" in out + err


def test_a_command_that_is_not_there_is_named(run: Run):
    code, _, err = run("sumarize")

    assert code == 2
    assert "sumarize" in err


def test_an_error_of_ours_is_two_lines_and_no_traceback(run: Run):
    code, out, err = run("keys", "create", "x", "--scope", "everything")

    assert (code, out) == (2, "")
    assert err.splitlines() == [
        "catchup: scope: is not a scope (got 'everything').",
        "Use one of: summaries, recommendations, events, messages, prompts:read, prompts:write, evals, admin.",
    ]


def test_a_wrong_setting_is_named(run: Run, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CATCHUP_RATE_BURST", "many")

    code, _, err = run("workspaces")

    assert code == 2
    assert "CATCHUP_RATE_BURST" in err


def test_a_database_that_does_not_open_is_unavailable(run: Run, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CATCHUP_DATABASE_URL", "postgresql+asyncpg://nobody@127.0.0.1:1/none")

    code, _, err = run("workspaces")

    assert code == 6
    assert "CATCHUP_DATABASE_URL" in err


def test_without_a_workspace_one_is_told_how_to_get_one(run: Run):
    code, _, err = run("keys", "list")

    assert code == 2
    assert "catchup import slack" in err


def test_an_unknown_workspace_is_not_found(run: Run):
    code, _, err = run("keys", "list", "--workspace", "T_NONE")

    assert code == 3
    assert "T_NONE" in err


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (errors.UnknownVariable, 2),
        (errors.NotFound, 3),
        (errors.VerdictRequired, 5),
        (errors.ModelTimeout, 6),
        (errors.GenerationFailed, 1),
    ],
)
def test_an_exit_code_tells_what_kind_of_thing_went_wrong(kind: type[CatchupError], code: int):
    found = next((EXIT_CODES[parent] for parent in kind.__mro__ if parent in EXIT_CODES), 1)

    assert found == code


def test_what_is_wrong_and_what_to_do_go_to_stderr(capsys: pytest.CaptureFixture[str]):
    code = report(errors.NotFound("channel", "#x", remedy="Look again."))

    assert code == 3
    assert capsys.readouterr() == ("", "catchup: no channel '#x'.\nLook again.\n")


def test_migrating_makes_the_database(run: Run, tmp_path: Path):
    code, out, _ = run("migrate")

    assert code == 0
    assert "sqlite" in out
    assert (tmp_path / "home" / "catchup.db").exists()


def test_the_version_is_told(run: Run):
    code, out, _ = run("version")

    assert code == 0
    assert out.startswith("catchup ")


@pytest.mark.parametrize("name", list(PIPELINES))
def test_a_pipeline_runs_over_nothing(run: Run, name: str):
    code, out, _ = run("pipeline", "run", name)

    assert code == 0
    assert out.strip()


def test_an_unknown_pipeline_is_refused_with_the_known_ones(run: Run):
    code, _, err = run("pipeline", "run", "everything")

    assert code == 2
    assert all(name in err for name in PIPELINES)


def test_the_help_of_pipelines_lists_them(run: Run):
    _, out, _ = run("pipeline", "run", "--help")

    assert all(name in out for name in PIPELINES)
