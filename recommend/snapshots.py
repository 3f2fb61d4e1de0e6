"""The snapshots in use: opened when they change, and made up from memberships where there is none."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from core.clock import Clock
from core.directory import Directory
from core.errors import DataDamaged
from core.events.models import Offset
from core.ids import WorkspaceId
from core.telemetry import Metrics
from recommend.build import Facts, build
from recommend.interactions import nothing
from recommend.snapshot import Lineage, Snapshot, current, load
from recommend.store import RecommendStore

_STAND_IN = timedelta(minutes=1)  # how long a snapshot made up from memberships serves


@dataclass(frozen=True, slots=True, kw_only=True)
class InUse:
    """A snapshot and what is wrong with it: nothing, or `damaged` (an older one, or memberships, stand in)."""

    snapshot: Snapshot
    degraded: str = ""


class Snapshots:
    """Opens each version once per process; the pipeline swaps versions while we serve."""

    def __init__(
        self, *, folder: Path, directory: Directory, store: RecommendStore, clock: Clock, metrics: Metrics
    ) -> None:
        self._folder = folder
        self._directory = directory
        self._store = store
        self._clock = clock
        self._metrics = metrics
        self._opened: dict[WorkspaceId, Snapshot] = {}
        self._made_up: dict[WorkspaceId, Snapshot] = {}
        self._making = asyncio.Lock()

    async def get(self, workspace: WorkspaceId) -> InUse:
        """Return the current snapshot of a workspace; there is always one."""
        version = current(self._folder, workspace)
        opened = self._opened.get(workspace)
        if opened is not None and opened.lineage.version == version:
            return InUse(snapshot=opened)
        try:
            found = await asyncio.to_thread(load, self._folder, workspace) if version else None
        except DataDamaged:
            return InUse(snapshot=opened or await self._stand_in(workspace), degraded="snapshot_damaged")
        if found is None:
            return InUse(snapshot=await self._stand_in(workspace))
        self._opened[workspace] = found
        self._made_up.pop(workspace, None)
        self._metrics.snapshot_age_seconds.labels(workspace).set_function(lambda: self._age(found))
        return InUse(snapshot=found)

    async def _stand_in(self, workspace: WorkspaceId) -> Snapshot:
        """Return a snapshot of memberships alone, without embeddings; made at most once a minute."""
        async with self._making:  # many may ask at once while there is none
            made = self._made_up.get(workspace)
            now = self._clock.now()
            if made is None or now - made.lineage.built_at >= _STAND_IN:
                facts = await read_facts(self._directory, self._store, workspace)
                lineage = _unversioned(workspace, now)
                made = await asyncio.to_thread(build, facts, nothing(), lineage, embed=False)
                self._made_up[workspace] = made
            return made

    def _age(self, snapshot: Snapshot) -> float:
        return (self._clock.now() - snapshot.lineage.built_at).total_seconds()


async def read_facts(directory: Directory, store: RecommendStore, workspace: WorkspaceId) -> Facts:
    """Return what the directory and the opt-outs say of a workspace at this moment."""
    return Facts(
        people=await directory.people(workspace),
        channels=await directory.channels(workspace),
        memberships=await directory.memberships(workspace),
        opted_out=await store.opted_out(workspace),
    )


def _unversioned(workspace: WorkspaceId, now: datetime) -> Lineage:
    return Lineage(workspace=workspace, version="", offset=Offset(0), built_at=now)
