"""How long a recommendation takes in process, and where the time goes.

    python -m benchmarks.recommend_latency [--people 5000] [--channels 2000] [--requests 300] [--concurrency 1]

Makes a synthetic workspace (communities, heavy-tailed channel sizes) on the embedded defaults: SQLite database, SQLite
event log with fsync, memory-mapped snapshot. Prints p50 and p99 per use case, the split by stage, and the ratio to a
bare ALS lookup without candidates, filters, reasons or log (implicit's `recommend`, the peer, same run).
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
from implicit.cpu.als import AlternatingLeastSquares
from rich.console import Console
from rich.table import Table
from scipy.sparse import csr_matrix

from core.clock import SystemClock
from core.database import Database
from core.directory import Channel, Directory, Membership, Person, Workspace
from core.events.models import Corpus, Event, EventKind
from core.events.sqlite import SqliteEventLog
from core.ids import ChannelId, EventId, PersonNumber, RandomIds, UserId, WorkspaceId
from core.telemetry import Metrics
from recommend.models import Ask, Recommendations
from recommend.pipeline import build_snapshots
from recommend.service import Recommender
from recommend.snapshot import load
from recommend.snapshots import Snapshots
from recommend.store import RecommendStore
from recommend.usecase import load_use_cases

HERE = WorkspaceId("bench")
PER_PERSON, EVENTS_PER_PERSON, CONTACTS_PER_PERSON, COMMUNITY = 15, 20, 10, 50


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name, default in (("people", 5_000), ("channels", 2_000), ("requests", 300), ("concurrency", 1)):
        parser.add_argument(f"--{name}", type=int, default=default)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(Path(folder), given))


async def run(folder: Path, given: argparse.Namespace) -> None:
    clock, metrics, console = SystemClock(), Metrics(), Console()
    database = await Database.open(f"sqlite+aiosqlite:///{folder / 'catchup.db'}")
    events = SqliteEventLog(folder / "events.db")
    directory, store = Directory(database), RecommendStore(database)
    started = time.perf_counter()
    rng = np.random.default_rng(7)
    await fill(directory, events, given, rng)
    console.print(f"filled in {time.perf_counter() - started:.1f} s")
    [built] = await build_snapshots(
        directory=directory,
        events=events,
        store=store,
        lake=folder / "lake",
        folder=folder / "s",
        clock=clock,
    )
    console.print(
        f"snapshot: {built.people:,} people, {built.channels:,} channels, {built.pairs:,} pairs, {built.seconds:.1f} s"
    )
    recommender = Recommender(
        database=database,
        events=events,
        store=store,
        snapshots=Snapshots(
            folder=folder / "s", directory=directory, store=store, clock=clock, metrics=metrics
        ),
        use_cases=load_use_cases(),
        clock=clock,
        ids=RandomIds(),
        metrics=metrics,
    )
    users = [f"U{n}" for n in rng.integers(given.people, size=given.requests)]
    peer = bare_als(folder / "s", [int(user[1:]) + 1 for user in users])
    for use_case in ("channel_browser", "composer_dm"):
        await ask_all(recommender, users[:20], use_case, given.concurrency)
        show(console, use_case, await ask_all(recommender, users, use_case, given.concurrency), peer)
    await recommender.close()
    await events.close()
    await database.close()


async def ask_all(
    recommender: Recommender, users: Sequence[str], use_case: str, concurrency: int
) -> list[tuple[float, float, Recommendations]]:
    """Return wall and CPU milliseconds with each answer."""
    turn = asyncio.Semaphore(concurrency)

    async def one(user: str) -> tuple[float, float, Recommendations]:
        async with turn:
            wall, cpu = time.perf_counter(), time.process_time()
            answer = await recommender.recommend(Ask(workspace=HERE, user=user, use_case=use_case))
            return (time.perf_counter() - wall) * 1e3, (time.process_time() - cpu) * 1e3, answer

    return await asyncio.gather(*map(one, users))


def show(
    console: Console, use_case: str, answers: list[tuple[float, float, Recommendations]], peer: float
) -> None:
    walls = [wall for wall, _, _ in answers]
    stages = list(answers[0][2].timings)
    found = np.mean([sum(report.found for report in answer.sources) for _, _, answer in answers])
    table = Table(
        "ms",
        "p50",
        "p99",
        title=f"{use_case}: {len(answers)} requests, {found:.0f} candidates",
        title_justify="left",
    )
    for stage in stages:
        values = [answer.timings[stage] for _, _, answer in answers]
        table.add_row(stage, *(f"{np.percentile(values, q):.2f}" for q in (50, 99)), style="dim")
    table.add_row("all", *(f"{np.percentile(walls, q):.2f}" for q in (50, 99)), style="bold")
    table.add_row("CPU", *(f"{np.percentile([cpu for _, cpu, _ in answers], q):.2f}" for q in (50, 99)))
    table.add_row("bare ALS", f"{peer:.2f}", "", style="dim")
    console.print(table)
    console.print(f"{np.median(walls) / peer:.1f} x the bare ALS lookup\n")


def bare_als(folder: Path, people: list[int]) -> float:
    """Return the median milliseconds of implicit's own top 10 on the same factors."""
    snapshot = load(folder, HERE)
    assert snapshot is not None
    model: Any = AlternatingLeastSquares(factors=snapshot.channel_factors.shape[1], num_threads=1)
    model.user_factors = np.array(snapshot.person_directions)
    model.item_factors = np.array(snapshot.channel_factors)
    known = snapshot.activity
    liked: Any = csr_matrix(
        (known.values, known.columns, known.starts), shape=(snapshot.people, snapshot.channels)
    )
    spent: list[float] = []
    for person in people:
        started = time.perf_counter()
        model.recommend(person, liked[person], N=10)
        spent.append((time.perf_counter() - started) * 1e3)
    return float(np.median(spent))


async def fill(
    directory: Directory, events: SqliteEventLog, given: argparse.Namespace, rng: np.random.Generator
) -> None:
    """Put communities of 50 people around channels of their own, and some channels for everybody."""
    await directory.put_workspace(Workspace(id=HERE, name="Bench", created_at=SystemClock().now()))
    await directory.put_people(
        HERE, [Person(id=UserId(f"U{n}"), handle=f"u{n}") for n in range(given.people)]
    )
    await directory.put_channels(
        HERE, [Channel(id=ChannelId(f"C{n}"), name=f"c{n}") for n in range(given.channels)]
    )
    communities = max(given.people // COMMUNITY, 1)
    homes = rng.integers(communities, size=given.people)
    rooms = (homes[:, None] * 7919 + rng.geometric(0.15, size=(given.people, PER_PERSON))) % given.channels
    rooms[:, 0] = rng.integers(5, size=given.people)
    pairs = [(n, int(room)) for n in range(given.people) for room in set(rooms[n].tolist())]
    await directory.add_members(
        HERE, [Membership(channel=ChannelId(f"C{room}"), person=UserId(f"U{n}")) for n, room in pairs]
    )
    batch: list[Event] = []
    for n in range(given.people):
        where = rng.choice(rooms[n], size=EVENTS_PER_PERSON)
        whom = np.flatnonzero(homes == homes[n])
        batch += [event(n, Corpus.CHANNEL, int(room) + 1, "post", rng) for room in where]
        batch += [
            event(n, Corpus.USER, int(other) + 1, "mention", rng)
            for other in rng.choice(whom, size=CONTACTS_PER_PERSON)
        ]
        if len(batch) > 5_000 or n == given.people - 1:
            await events.append(batch)
            batch = []


def event(n: int, corpus: Corpus, item: int, kind: str, rng: np.random.Generator) -> Event:
    return Event(
        id=EventId(rng.bytes(12).hex()),
        workspace=HERE,
        kind=EventKind.INTERACTION,
        at=SystemClock().now() - timedelta(days=float(rng.exponential(20))),
        actor=PersonNumber(n + 1),
        corpus=corpus,
        item=item,
        data={"type": kind},
    )


if __name__ == "__main__":
    main()
