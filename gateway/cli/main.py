"""The command `catchup`."""

from __future__ import annotations

import importlib
import importlib.util
import sys

import typer

from core.errors import CatchupError

_COMMANDS = ("serve", "imports", "summarize", "recommend", "prompts", "evals", "keys", "workspaces")

app = typer.Typer(name="catchup", no_args_is_help=True, pretty_exceptions_enable=False)


def _register() -> None:
    for name in _COMMANDS:
        if importlib.util.find_spec(f"gateway.cli.{name}"):
            app.add_typer(importlib.import_module(f"gateway.cli.{name}").app)


def main() -> None:
    """Run a command; an error of ours becomes one clear line and an exit code, never a traceback."""
    _register()
    try:
        app()
    except CatchupError as error:
        print(f"catchup: {error.message}\n{error.remedy}".rstrip(), file=sys.stderr)  # noqa: T201
        sys.exit(2)
