"""`catchup pipeline`: the scheduled jobs, run by hand."""

from __future__ import annotations

from typing import Annotated

import typer

from core.errors import InvalidInput
from gateway.cli.common import run
from gateway.pipelines import PIPELINES

app = typer.Typer(name="pipeline", no_args_is_help=True, help="Run scheduled jobs by hand.")


@app.command("list")
def list_pipelines() -> None:
    """List the pipelines and what each does."""
    for name, pipeline in PIPELINES.items():
        typer.echo(f"{name:10} {pipeline.__doc__}")


@app.command("run", epilog="Pipelines: " + "; ".join(f"{n}: {p.__doc__}" for n, p in PIPELINES.items()))
def run_pipeline(name: Annotated[str, typer.Argument(help=f"One of: {', '.join(PIPELINES)}.")]) -> None:
    """Run a pipeline now; safe at any time, also while a server runs.

    Example: catchup pipeline run snapshot
    """
    if name not in PIPELINES:
        raise InvalidInput("NAME", name, "is no pipeline", remedy=f"Use one of: {', '.join(PIPELINES)}.")
    typer.echo(run(PIPELINES[name]))
