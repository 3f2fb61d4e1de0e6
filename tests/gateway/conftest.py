"""Services over a fresh home, and keys to them."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from core.clock import ManualClock
from core.directory import Workspace
from core.ids import SequentialIds, WorkspaceId
from gateway.app import Services, open_services
from gateway.auth import Scope
from gateway.settings import EmbedderName, Settings

ACME = WorkspaceId("T_ACME")

MakeKey = Callable[..., Awaitable[str]]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Everything embedded, in a folder of its own, on free ports."""
    return Settings(
        home=tmp_path / "home",
        database_url="",
        events_url="",
        embedder=EmbedderName.HASHING,
        listen="127.0.0.1:0",
        grpc_listen="127.0.0.1:0",
        max_body_bytes=64 * 1024,
        rate_burst=20,
    )


@pytest.fixture
def log_stream() -> io.StringIO:
    """Where the log goes."""
    return io.StringIO()


@pytest.fixture
async def services(
    settings: Settings, clock: ManualClock, ids: SequentialIds, log_stream: io.StringIO
) -> AsyncIterator[Services]:
    """Open services with the workspace T_ACME in them."""
    async with open_services(settings, clock=clock, ids=ids, log_stream=log_stream) as opened:
        await opened.directory.put_workspace(Workspace(id=ACME, name="Acme", created_at=clock.now()))
        yield opened


@pytest.fixture
def make_key(services: Services) -> MakeKey:
    """Make a key for a workspace; return its token."""

    async def make(*scopes: Scope, workspace: WorkspaceId = ACME) -> str:
        _, token = await services.keys.create(workspace, "test", scopes or [Scope.ADMIN])
        return token

    return make
