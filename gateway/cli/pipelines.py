"""`catchup pipeline`: the scheduled jobs, run by hand; Airflow runs the same functions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated

import typer

from core.errors import InvalidInput
from gateway.app import Services
from gateway.cli.common import run

app = typer.Typer(name="pipeline", no_args_is_help=True, help="Run scheduled jobs by hand.")


async def export_lake(services: Services) -> str:
    """Write what is new in the event log as Parquet by day."""
    from core.events.lake import export

    count = await export(services.events, services.settings.lake)
    return f"{count:,} new events in {services.settings.lake}."


async def build_snapshots(services: Services) -> str:
    """Bring the lake up to date, then compute what recommendation serves from, per workspace."""
    from recommend.pipeline import build_snapshots

    built = await build_snapshots(
        directory=services.directory,
        events=services.events,
        store=services.recommend_store,
        lake=services.settings.lake,
        folder=services.settings.snapshots,
        clock=services.clock,
    )
    told = [
        f"{one.workspace}: {one.people:,} people, {one.channels:,} channels, "
        f"{one.pairs:,} active pairs in {one.seconds:.1f} s."
        for one in built
    ]
    return "\n".join(told) or "There is no workspace yet; run `catchup import`."


PIPELINES: dict[str, Callable[[Services], Awaitable[str]]] = {
    "lake": export_lake,
    "snapshot": build_snapshots,
}
"""Every pipeline by name; each is safe to run at any time, and again."""


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
