"""`catchup keys`: make, list and revoke API keys."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from gateway.app import Services
from gateway.auth import Scope, parse_scopes
from gateway.cli.common import WorkspaceOption, run, the_workspace
from gateway.keys import ApiKey

app = typer.Typer(name="keys", no_args_is_help=True, help="Make, list and revoke API keys.")


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="What the key is for, e.g. the name of the service.")],
    scope: Annotated[list[str], typer.Option(help=f"What it may do; repeat. {', '.join(Scope)}.")],
    workspace: WorkspaceOption = "",
) -> None:
    """Make a key for one workspace and print its token, once.

    Example: catchup keys create chat-client --scope summaries --scope recommendations
    """
    scopes = parse_scopes(scope)

    async def work(services: Services) -> str:
        here = await the_workspace(services, workspace)
        key, token = await services.keys.create(here.id, name, scopes)
        typer.echo(
            f"Key {key.id} for workspace {here.id}. This is shown once; only a hash is kept:", err=True
        )
        return token

    typer.echo(run(work))


@app.command("list")
def list_keys(workspace: WorkspaceOption = "") -> None:
    """List a workspace's keys, revoked ones too."""

    async def work(services: Services) -> list[ApiKey]:
        here = await the_workspace(services, workspace)
        return await services.keys.list(here.id)

    table = Table("id", "name", "scopes", "created", "last used", "revoked")
    for key in run(work):
        table.add_row(
            key.id,
            key.name,
            " ".join(sorted(key.scopes)),
            _minute(key.created_at),
            _minute(key.last_used_at),
            _minute(key.revoked_at),
        )
    Console().print(table)


@app.command()
def revoke(
    id: Annotated[str, typer.Argument(help="The key's id, the part of the token between `ck_` and `_`.")],
    workspace: WorkspaceOption = "",
) -> None:
    """Make a key useless: at once in this process, within two seconds in running servers."""

    async def work(services: Services) -> ApiKey:
        here = await the_workspace(services, workspace)
        return await services.keys.revoke(here.id, id)

    key = run(work)
    typer.echo(f"Key {key.id} ({key.name}) is revoked.")


def _minute(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment:%Y-%m-%d %H:%M}Z"
