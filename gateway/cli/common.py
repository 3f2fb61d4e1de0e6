"""What every command shares: opening the services, naming the workspace, printing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import typer

from core.directory import Workspace
from core.errors import InvalidInput
from core.ids import WorkspaceId
from gateway.app import Services, open_services
from gateway.settings import Settings, load_settings

Result = TypeVar("Result")

WorkspaceOption = Annotated[
    str,
    typer.Option(
        "--workspace",
        "-w",
        help="Workspace id; may be left out where there is only one. See `catchup workspaces`.",
    ),
]


def run(work: Callable[[Services], Awaitable[Result]], settings: Settings | None = None) -> Result:
    """Open the services, do the work, close them; on uvloop, as the server does."""
    import uvloop

    async def opened() -> Result:
        async with open_services(settings or load_settings()) as services:
            return await work(services)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(opened())


async def the_workspace(services: Services, named: str = "") -> Workspace:
    """Return the workspace that is named, or the only one; raises NotFound, InvalidInput."""
    if named:
        return await services.directory.workspace(WorkspaceId(named))
    every = await services.directory.workspaces()
    if len(every) == 1:
        return every[0]
    if not every:
        raise InvalidInput(
            "--workspace", None, "there is no workspace yet", remedy="Run `catchup import slack EXPORT.zip`."
        )
    names = ", ".join(workspace.id for workspace in every)
    raise InvalidInput("--workspace", None, "there are several workspaces", remedy=f"Give one of: {names}.")
