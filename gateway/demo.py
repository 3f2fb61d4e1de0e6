"""The sample workspace, set up once: imported, learned from, and given a key."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from core.directory import Channel, Guest, Person
from core.errors import NotAuthenticated
from core.ids import WorkspaceId
from gateway.app import Services
from gateway.auth import Scope, parse_bearer
from gateway.importers.report import Progress

_SCOPES = frozenset(Scope) - {Scope.ADMIN}
_CHANNEL = "incidents"
_WEEK = 7

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """What somebody needs to try it: a key, and an example that has an answer."""

    workspace: WorkspaceId
    key: str
    user: str
    channel: str
    last: str
    """A span that reaches back to the channel's newest message: 7d, or more when the sample has aged."""


async def prepare(services: Services, say: Say, progress: Progress) -> Demo:
    """Return the demo, made first if it is not there; the key is written last and tells that all is there."""
    file = services.settings.home / "demo-key"
    found = await _known(services, file)
    if found is None:
        workspace = await _set_up(services, say, progress)
        _, token = await services.keys.create(workspace, "demo", _SCOPES)
        await asyncio.to_thread(_keep, file, token)
        found = workspace, token
    return await _demo(services, *found)


async def _known(services: Services, file: Path) -> tuple[WorkspaceId, str] | None:
    """Return workspace and token of an earlier start, if the key still opens it."""
    with suppress(FileNotFoundError, NotAuthenticated):
        token = (await asyncio.to_thread(file.read_text)).strip()
        return (await services.keys.verify(parse_bearer(f"Bearer {token}"))).workspace, token
    return None


async def _set_up(services: Services, say: Say, progress: Progress) -> WorkspaceId:
    """Import the sample and build what recommendation serves from; again after an interruption is harmless."""
    from gateway.importers.slack.pipeline import SlackImport
    from gateway.pipelines import build_snapshots

    export = services.settings.home / "sample" / "export.zip"
    if not export.exists():
        say("Writing a sample workspace: six weeks of a software company that ends today.")
        await asyncio.to_thread(_generate, export, services)
    importing = SlackImport(
        directory=services.directory,
        intake=services.intake,
        events=services.events,
        clock=services.clock,
        progress=progress,
    )
    report = await importing.run(export)
    say(f"Imported {report.imported:,} messages in {report.seconds:.1f} s.")
    say(await build_snapshots(services))
    return WorkspaceId(report.workspace)


def _generate(export: Path, services: Services) -> None:
    """Write the export under another name first, so that a half-written one is never taken for whole."""
    from samples.generate import generate

    unfinished = export.with_name("unfinished.zip")
    generate(unfinished, end=services.clock.now())
    unfinished.rename(export)


def _keep(file: Path, token: str) -> None:
    """Write the token so that only its owner can read it, from the first byte on."""
    file.unlink(missing_ok=True)
    file.touch(mode=0o600)
    file.write_text(f"{token}\n")


async def _demo(services: Services, workspace: WorkspaceId, token: str) -> Demo:
    """Choose a reader, and a channel they may read in which something happened."""
    people = await services.directory.people(workspace)
    reader = next(person for person in people if _ordinary(person))
    readable = await services.directory.readable_channels(workspace, reader)
    channel = next((channel for channel in readable if channel.name == _CHANNEL), readable[0])
    return Demo(
        workspace=workspace,
        key=token,
        user=f"@{reader.handle}",
        channel=f"#{channel.name}",
        last=f"{await _days(services, workspace, channel)}d",
    )


def _ordinary(person: Person) -> bool:
    return not person.is_bot and not person.deactivated and person.guest is Guest.NO


async def _days(services: Services, workspace: WorkspaceId, channel: Channel) -> int:
    """Return how many days back a summary has to look for a week of talk."""
    last = await services.messages.last_at(workspace, channel.id)
    age = timedelta() if last is None else services.clock.now() - last
    return _WEEK if age < timedelta(days=_WEEK - 1) else age.days + _WEEK
