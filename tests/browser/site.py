"""A server over an imported workspace, and the link that signs in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from core.clock import Clock
from core.ids import WorkspaceId
from gateway.app import Services, open_services
from gateway.auth import Scope
from gateway.importers.slack.pipeline import SlackImport
from gateway.serving import application
from gateway.settings import EmbedderName, Settings
from recommend.pipeline import build_snapshots
from tests.support.server import running


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where the console is."""

    base: str
    token: str
    workspace: WorkspaceId
    services: Services

    @property
    def link(self) -> str:
        """The link that `make run` prints."""
        return f"{self.base}/login?key={self.token}"


@asynccontextmanager
async def served(
    export: Path, home: Path, *, embedder: EmbedderName = EmbedderName.HASHING, clock: Clock | None = None
) -> AsyncIterator[Site]:
    """Import an export into a home, build its features, publish the prompts, and serve it."""
    settings = Settings(home=home, database_url="", events_url="", embedder=embedder, rate_burst=10_000)
    async with open_services(settings, clock=clock) as services:
        workspace = await _prepare(services, export)
        _, token = await services.keys.create(workspace, "browser", [Scope.ADMIN])
        async with (
            running(services, app=application(services)) as session,
            session.get("/login") as answer,
        ):
            base = str(answer.url.origin())
            yield Site(base=base, token=token, workspace=workspace, services=services)


async def _prepare(services: Services, export: Path) -> WorkspaceId:
    importer = SlackImport(
        directory=services.directory, intake=services.intake, events=services.events, clock=services.clock
    )
    report = await importer.run(export, name="Voltmoor")
    await services.prompts.publish_library()
    await build_snapshots(
        directory=services.directory,
        events=services.events,
        store=services.recommend_store,
        lake=services.settings.lake,
        folder=services.settings.snapshots,
        clock=services.clock,
    )
    return report.workspace
