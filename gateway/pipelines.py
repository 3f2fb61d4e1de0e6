"""The scheduled jobs, as functions over open services: the command line and Airflow run the same ones."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from core.events.lake import export
from gateway.app import Services
from recommend import pipeline


async def export_lake(services: Services) -> str:
    """Write what is new in the event log as Parquet by day."""
    count = await export(services.events, services.settings.lake)
    return f"{count:,} new events in {services.settings.lake}."


async def build_snapshots(services: Services) -> str:
    """Bring the lake up to date, then compute what recommendation serves from, per workspace."""
    built = await pipeline.build_snapshots(
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
