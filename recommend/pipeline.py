"""`catchup pipeline run snapshot`: event log -> Parquet lake -> DuckDB -> one feature snapshot per workspace."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from core.clock import Clock
from core.directory import Directory, Workspace
from core.events.lake import export
from core.events.models import EventLog, Offset
from core.ids import WorkspaceId
from recommend.build import Facts, build
from recommend.interactions import read_interactions
from recommend.snapshot import Lineage, Snapshot, save
from recommend.snapshots import read_facts
from recommend.store import FEEDBACK_DAYS, RecommendStore

_SKEW = timedelta(minutes=5)  # how far ahead of ours the clocks of those who write events may be


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """What one workspace's run made."""

    workspace: WorkspaceId
    version: str
    offset: Offset
    people: int
    channels: int
    pairs: int
    """People x channels with any activity."""
    seconds: float


async def build_snapshots(
    *,
    directory: Directory,
    events: EventLog,
    store: RecommendStore,
    lake: Path,
    folder: Path,
    clock: Clock,
    only: WorkspaceId | None = None,
    progress: Callable[[Workspace, int, int], None] | None = None,
) -> Sequence[Built]:
    """Bring the lake up to date and build a snapshot per workspace (or of one); safe to run at any time.

    `progress` is called before each workspace with its place and how many there are. Raises EventLogUnavailable.
    """
    now = clock.now()
    offset = await events.end()
    await export(events, lake)
    await store.forget(before=now - timedelta(days=FEEDBACK_DAYS))
    wanted = [found for found in await directory.workspaces() if only in (None, found.id)]
    made: list[Built] = []
    for place, workspace in enumerate(wanted):
        if progress:
            progress(workspace, place, len(wanted))
        lineage = Lineage(workspace=workspace.id, version=version(now, offset), offset=offset, built_at=now)
        facts = await read_facts(directory, store, workspace.id)
        made.append(await asyncio.to_thread(_build_one, facts, lineage, lake, folder))
    return made


def version(at: datetime, offset: Offset) -> str:
    """Return a name that sorts by time and tells how far in the log the snapshot reaches."""
    return f"{at:%Y%m%dT%H%M%S%f}Z-{offset:012d}"


def read_and_build(facts: Facts, lineage: Lineage, lake: Path, *, before: datetime) -> Snapshot:
    """Return the snapshot of what happened before a moment, as far as the log held it at `lineage.offset`."""
    return build(facts, read_interactions(lake, lineage, before=before, left_out=facts.left_out), lineage)


def _build_one(facts: Facts, lineage: Lineage, lake: Path, folder: Path) -> Built:
    started = time.perf_counter()
    snapshot = read_and_build(facts, lineage, lake, before=lineage.built_at + _SKEW)
    save(snapshot, folder)
    return Built(
        workspace=lineage.workspace,
        version=lineage.version,
        offset=lineage.offset,
        people=len(facts.people),
        channels=len(facts.channels),
        pairs=len(snapshot.activity.columns),
        seconds=time.perf_counter() - started,
    )
