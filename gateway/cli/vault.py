"""`catchup vault`: the keys that texts are sealed with, and how long texts are kept."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from core.directory import Workspace
from core.master_key import MasterFile
from core.vault_renewal import Renewal, renew, replace_master
from core.vault_store import DataKey
from gateway.app import Services
from gateway.cli.common import WorkspaceOption, run, the_workspace
from summarize.retention import Forgotten, forget

app = typer.Typer(
    name="vault", no_args_is_help=True, help="Rotate, shred and list the keys that texts are sealed with."
)

EveryOption = Annotated[bool, typer.Option("--all", help="Every workspace, one after the other.")]
WaitOption = Annotated[
    bool, typer.Option(help="Wait the minute until the old keys can be destroyed; else `renew` later.")
]


@app.command()
def status(workspace: WorkspaceOption = "", every: EveryOption = False) -> None:
    """List the data keys: which seals, which still opens old texts, which are gone."""

    async def work(services: Services) -> list[tuple[Workspace, DataKey]]:
        chosen = await _chosen(services, workspace, every)
        return [(one, key) for one in chosen for key in await services.vault.keys(one.id)]

    table = Table("workspace", "key", "state", "made", "replaced", "destroyed", "master key")
    for one, key in run(work):
        moments = (_minute(key.made_at), _minute(key.replaced_at), _minute(key.ended_at))
        table.add_row(one.id, str(key.generation), _state(key), *moments, key.master)
    Console().print(table)


@app.command()
def rotate(workspace: WorkspaceOption = "", every: EveryOption = False, wait: WaitOption = True) -> None:
    """Give a workspace a new key, seal its texts anew and destroy the old keys; safe to cut off and run again.

    Example: catchup vault rotate --workspace T024BE7LD
    """

    async def work(services: Services) -> None:
        for one in await _chosen(services, workspace, every):
            await services.vault.rotate(one.id)
            await _renew(services, one, wait=wait)

    run(work)


@app.command("renew")
def renew_texts(workspace: WorkspaceOption = "", every: EveryOption = False, wait: WaitOption = True) -> None:
    """Finish a rotation: seal with the newest key what is not, then destroy the keys that were replaced."""

    async def work(services: Services) -> None:
        for one in await _chosen(services, workspace, every):
            await _renew(services, one, wait=wait)

    run(work)


@app.command("rotate-master")
def rotate_master() -> None:
    """Wrap all data keys, of every workspace, with a new master key.

    From the file HOME/master.key: makes the new key too; servers that share the file follow by themselves. With
    CATCHUP_MASTER_KEY: give NEW,OLD to every server first, run this, then give NEW alone.
    """

    async def work(services: Services) -> int:
        settings = services.settings
        if settings.master_key:
            return await services.vault.rotate_master(services.vault.masters()[0])
        return await replace_master(services.vault, MasterFile(settings.master_key_file))

    typer.echo(
        f"{run(work):,} data keys are wrapped with the new master key; backups still need the old one."
    )


@app.command()
def shred(
    workspace: WorkspaceOption = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Destroy a workspace's keys: its saved summaries and cached segments can never be read again.

    Its messages stay. Running servers follow within two seconds.
    """

    async def work(services: Services) -> tuple[Workspace, int, int]:
        one = await the_workspace(services, workspace)
        if not yes:
            typer.confirm(
                f"Destroy all summaries and cached text of {one.name} ({one.id}) for good?", abort=True
            )
        keys = await services.vault.shred(one.id)
        return one, keys, await services.segments.forget(one.id)

    one, keys, segments = run(work)
    typer.echo(
        f"{one.id}: {keys:,} keys destroyed, {segments:,} cached segments deleted; its summaries are stale."
    )


@app.command("forget")
def forget_old(
    workspace: WorkspaceOption = "",
    every: EveryOption = False,
    segments_days: Annotated[
        float, typer.Option(min=0, help="Delete cached segments made longer ago than this.")
    ] = 30,
    summaries_days: Annotated[
        float | None, typer.Option(min=0, help="Delete saved summaries made longer ago; left out: keep them.")
    ] = None,
) -> None:
    """Delete by age; meant for a nightly schedule.

    Example: catchup vault forget --all --segments-days 30 --summaries-days 365
    """

    async def work(services: Services) -> list[tuple[Workspace, Forgotten]]:
        now = services.clock.now()
        return [
            (
                one,
                await forget(
                    one.id,
                    segments=services.segments,
                    summaries=services.summaries,
                    segments_before=now - timedelta(days=segments_days),
                    summaries_before=None if summaries_days is None else now - timedelta(days=summaries_days),
                ),
            )
            for one in await _chosen(services, workspace, every)
        ]

    for one, gone in run(work):
        typer.echo(f"{one.id}: {gone.segments:,} cached segments and {gone.summaries:,} summaries deleted.")


async def _chosen(services: Services, named: str, every: bool) -> Sequence[Workspace]:
    return await services.directory.workspaces() if every else [await the_workspace(services, named)]


async def _renew(services: Services, one: Workspace, *, wait: bool) -> None:
    """Run the pass, and once more when the old keys may be destroyed."""
    done = await _pass(services, one)
    if done.again_at is not None and wait:
        typer.echo(f"{one.id}: waiting until {done.again_at:%H:%M:%S}Z for writes under way.", err=True)
        await asyncio.sleep((done.again_at - services.clock.now()).total_seconds() + 0.1)
        done = await _pass(services, one)
    if done.again_at is not None:
        typer.echo(
            f"{one.id}: run `catchup vault renew` after {done.again_at:%H:%M:%S}Z to destroy old keys."
        )


async def _pass(services: Services, one: Workspace) -> Renewal:
    done = await renew(services.vault, one.id, [services.summaries, services.segments], clock=services.clock)
    typer.echo(
        f"{one.id}: key {done.newest} seals; {done.resealed:,} texts sealed anew, "
        f"{done.retired:,} old keys destroyed."
    )
    return done


def _state(key: DataKey) -> str:
    if key.ended_at is not None:
        return "destroyed"
    return "seals" if key.replaced_at is None else "opens"


def _minute(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment:%Y-%m-%d %H:%M}Z"
