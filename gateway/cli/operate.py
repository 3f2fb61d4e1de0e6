"""`catchup workspaces`, `migrate`, `version`: what an operator looks at."""

from __future__ import annotations

import asyncio
import platform

import typer

from gateway.settings import load_settings
from gateway.version import version as catchup_version


def workspaces() -> None:
    """List the workspaces with their numbers of people, channels and messages."""
    from rich.console import Console
    from rich.table import Table

    from gateway.app import Services
    from gateway.cli.common import run

    table = Table("id", "name", "people", "channels", "messages")

    async def work(services: Services) -> None:
        for workspace in await services.directory.workspaces():
            people = await services.directory.people(workspace.id)
            channels = await services.directory.channels(workspace.id)
            counts = await services.messages.counts(workspace.id)
            numbers = (len(people), len(channels), sum(counts.values()))
            table.add_row(workspace.id, workspace.name, *(f"{number:,}" for number in numbers))

    run(work)
    Console().print(table)


def migrate() -> None:
    """Bring the database to the newest schema; every other command does so too when it starts."""
    from core.database import Database

    async def work() -> str:
        database = await Database.open(load_settings().database)
        await database.close()
        return database.dialect

    typer.echo(f"The {asyncio.run(work())} database has the newest schema.")


def version() -> None:
    """Print the version."""
    typer.echo(f"catchup {catchup_version()} (Python {platform.python_version()})")
