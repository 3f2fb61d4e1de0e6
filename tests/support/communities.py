"""A workspace whose right answers are known by construction: teams that keep to channels of their own.

Team `t` (0, 1, …) has `size` people and `channels` channels; everybody posts in every channel of the own team, except
that the last person of each team (the newcomer, `lacking`) has not found the team's last channel yet. Everybody is in
#general. People write to the next person of their team.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from core.clock import ManualClock
from core.database import Database
from core.directory import Channel, Directory, Guest, Membership, Person, Workspace
from core.events.memory import MemoryEventLog
from core.events.models import Corpus, Event, EventKind, EventLog
from core.ids import ChannelId, EventId, Ids, PersonNumber, SequentialIds, UserId, WorkspaceId
from core.telemetry import Metrics
from recommend.feedback import FeedbackIntake
from recommend.models import Ask, Recommendations
from recommend.pipeline import build_snapshots
from recommend.service import Recommender
from recommend.snapshots import Snapshots
from recommend.store import RecommendStore
from recommend.usecase import UseCases, load_use_cases
from tests.conftest import START

ACME = WorkspaceId("acme")


@dataclass(kw_only=True)
class World:
    """Everything a recommender needs, over one database and one log."""

    directory: Directory
    events: EventLog
    store: RecommendStore
    recommender: Recommender
    feedback: FeedbackIntake
    clock: ManualClock
    metrics: Metrics
    lake: Path
    folder: Path
    last_event: int = field(default=0)

    async def ask(
        self, user: str, use_case: str = "channel_browser", *, workspace: WorkspaceId = ACME, **more: Any
    ) -> Recommendations:
        """Return an answer to which every source contributed."""
        answer = await self.ask_anyhow(user, use_case, workspace=workspace, **more)
        assert not [report for report in answer.sources if report.left_out]
        assert not answer.degraded
        return answer

    async def ask_anyhow(
        self, user: str, use_case: str = "channel_browser", *, workspace: WorkspaceId = ACME, **more: Any
    ) -> Recommendations:
        """Return an answer, whatever is missing from it."""
        return await self.recommender.recommend(
            Ask(workspace=workspace, user=user, use_case=use_case, **more)
        )

    async def channels_for(self, user: str, use_case: str = "channel_browser", **more: Any) -> list[str]:
        """Return the ids of what is recommended, in order."""
        return [shown.entry.id for shown in (await self.ask(user, use_case, **more)).items]

    async def build(self) -> None:
        await build_snapshots(
            directory=self.directory,
            events=self.events,
            store=self.store,
            lake=self.lake,
            folder=self.folder,
            clock=self.clock,
        )

    async def happens(
        self,
        actor: Person | int,
        corpus: Corpus,
        item: int,
        kind: str,
        *,
        days_ago: float = 0.0,
        workspace: WorkspaceId = ACME,
    ) -> None:
        await self.events.append(
            [self.event(actor, corpus, item, kind, days_ago=days_ago, workspace=workspace)]
        )

    def event(
        self,
        actor: Person | int,
        corpus: Corpus,
        item: int,
        kind: str,
        *,
        days_ago: float = 0.0,
        workspace: WorkspaceId = ACME,
    ) -> Event:
        self.last_event += 1
        return Event(
            id=EventId(f"i{self.last_event}"),
            workspace=workspace,
            kind=EventKind.INTERACTION,
            at=self.clock.now() - timedelta(days=days_ago),
            actor=PersonNumber(actor if isinstance(actor, int) else actor.number),
            corpus=corpus,
            item=item,
            data={"type": kind},
        )


@asynccontextmanager
async def world(
    database: Database,
    folder: Path,
    *,
    clock: ManualClock | None = None,
    ids: Ids | None = None,
    events: EventLog | None = None,
    use_cases: UseCases | None = None,
) -> AsyncIterator[World]:
    """Open an empty world."""
    clock, metrics, log = clock or ManualClock(START), Metrics(), events or MemoryEventLog()
    directory, store = Directory(database), RecommendStore(database)
    snapshots = Snapshots(
        folder=folder / "snapshots", directory=directory, store=store, clock=clock, metrics=metrics
    )
    recommender = Recommender(
        database=database,
        events=log,
        store=store,
        snapshots=snapshots,
        use_cases=use_cases or load_use_cases(),
        clock=clock,
        ids=ids or SequentialIds(),
        metrics=metrics,
    )
    feedback = FeedbackIntake(events=log, store=store, clock=clock, metrics=metrics)
    yield World(
        directory=directory,
        events=log,
        store=store,
        recommender=recommender,
        feedback=feedback,
        clock=clock,
        metrics=metrics,
        lake=folder / "lake",
        folder=folder / "snapshots",
    )
    await recommender.close()


async def settle(
    world: World,
    *,
    teams: int = 3,
    size: int = 5,
    channels: int = 4,
    workspace: WorkspaceId = ACME,
    active: bool = True,
) -> None:
    """Put the teams into the directory, with their memberships, and (if `active`) their interactions into the log."""
    await world.directory.put_workspace(Workspace(id=workspace, name="Acme", created_at=START))
    people = [Person(id=person(t, p), handle=f"p{t}{p}") for t in range(teams) for p in range(size)]
    rooms = [Channel(id=channel(t, c), name=f"team{t}-{c}") for t in range(teams) for c in range(channels)]
    general = Channel(id=ChannelId("C-general"), name="general")
    await world.directory.put_people(workspace, people)
    await world.directory.put_channels(workspace, [*rooms, general])
    pairs = [
        (t, p, c)
        for t in range(teams)
        for p in range(size)
        for c in range(channels)
        if not (p == size - 1 and c == channels - 1)
    ]
    members = [Membership(channel=channel(t, c), person=person(t, p)) for t, p, c in pairs]
    everyone = [Membership(channel=general.id, person=someone.id) for someone in people]
    await world.directory.add_members(workspace, [*members, *everyone])
    if not active:
        return
    numbers = {found.id: int(found.number) for found in await world.directory.people(workspace)}
    places = {found.id: int(found.number) for found in await world.directory.channels(workspace)}
    deeds = [
        world.event(
            numbers[person(t, p)],
            Corpus.CHANNEL,
            places[channel(t, c)],
            "post",
            days_ago=2,
            workspace=workspace,
        )
        for t, p, c in pairs
    ]
    contacts = [
        world.event(
            numbers[person(t, p)],
            Corpus.USER,
            numbers[person(t, (p + 1) % size)],
            "mention",
            days_ago=1 + p,
            workspace=workspace,
        )
        for t in range(teams)
        for p in range(size)
    ]
    await world.events.append([*deeds, *contacts])


def person(team: int, place: int) -> UserId:
    return UserId(f"U{team}{place}")


def channel(team: int, place: int) -> ChannelId:
    return ChannelId(f"C{team}{place}")


def guest(id: str, kind: Guest = Guest.MULTI) -> Person:
    return Person(id=UserId(id), handle=id.lower(), guest=kind)
