"""The command `catchup`: which commands there are, and how an error of ours looks in a terminal."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import typer

from core import errors
from core.errors import CatchupError

_EXAMPLES = """
[bold]Start here[/bold]

  catchup demo                                       a sample workspace, served, with a key and curl lines
  catchup import slack EXPORT.zip                    your own workspace
  catchup summarize '#incidents' --last 7d --user @ana
  catchup recap show --user @ana                     all of somebody's channels, what matters first
  catchup recommend channels --user @ana --use-case channel_browser -k 10
  catchup keys create chat-client --scope summaries
  catchup serve                                      REST and console on 127.0.0.1:8080, gRPC on :8081

Everything is kept in the folder CATCHUP_HOME (.catchup here). Settings: docs/reference/settings.md.
"""

EXIT_CODES = {
    errors.InvalidInput: 2,
    errors.NotFound: 3,
    errors.NotPermitted: 4,
    errors.NotAuthenticated: 4,
    errors.Conflict: 5,
    errors.Unavailable: 6,
}
"""What the process ends with, by the nearest ancestor; any other error of ours is 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command and where it is defined: a function, or a Typer with commands of its own."""

    panel: str
    module: str
    attribute: str = "app"


COMMANDS = {
    "demo": Command(panel="Serve", module="demo", attribute="demo"),
    "serve": Command(panel="Serve", module="serve", attribute="serve"),
    "import": Command(panel="Use", module="imports"),
    "summarize": Command(panel="Use", module="summarize", attribute="summarize"),
    "recap": Command(panel="Use", module="recap"),
    "recommend": Command(panel="Use", module="recommend"),
    "prompts": Command(panel="Improve", module="prompts"),
    "eval": Command(panel="Improve", module="evals"),
    "train": Command(panel="Improve", module="train"),
    "pipeline": Command(panel="Operate", module="pipelines"),
    "gpu": Command(panel="Operate", module="gpu"),
    "models": Command(panel="Operate", module="models"),
    "keys": Command(panel="Operate", module="keys"),
    "vault": Command(panel="Operate", module="vault"),
    "workspaces": Command(panel="Operate", module="operate", attribute="workspaces"),
    "migrate": Command(panel="Operate", module="operate", attribute="migrate"),
    "version": Command(panel="Operate", module="operate", attribute="version"),
}


def build(only: str | None = None) -> typer.Typer:
    """Return the command line; with `only`, no module but that command's is imported, so that it starts fast."""
    app = typer.Typer(
        name="catchup",
        help="Cited channel summaries, prompts under control, recommendations: the ML behind a team chat.",
        epilog=_EXAMPLES,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        add_completion=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_start)
    for name, command in COMMANDS.items():
        if only in (None, name):
            _add(app, name, command)
    return app


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command; an error of ours becomes two clear lines and an exit code, never a traceback."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    only = given[0] if given and given[0] in COMMANDS else None
    try:
        build(only)(given, prog_name="catchup")
    except CatchupError as error:
        sys.exit(report(error))


def report(error: CatchupError) -> int:
    """Say on stderr what was wrong and what to do; return the exit code."""
    typer.secho(f"catchup: {error.message}", err=True, fg=typer.colors.RED)
    if error.remedy:
        typer.secho(error.remedy, err=True)
    return next((EXIT_CODES[kind] for kind in type(error).__mro__ if kind in EXIT_CODES), 1)


def _start() -> None:
    """Let Typer keep the commands as subcommands even if there is only one."""


def _add(app: typer.Typer, name: str, command: Command) -> None:
    found = getattr(importlib.import_module(f"gateway.cli.{command.module}"), command.attribute)
    if isinstance(found, typer.Typer):
        app.add_typer(found, name=name, rich_help_panel=command.panel)
    else:
        app.command(name, rich_help_panel=command.panel)(found)


if __name__ == "__main__":
    main()
