"""An importer over fresh files, and questions to ask afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from core.clock import ManualClock
from core.database import Database
from core.directory import Directory
from core.events.memory import MemoryEventLog
from core.events.models import Event, Offset
from core.ids import ChannelId, MessageId, WorkspaceId
from gateway.importers.report import Report
from gateway.importers.slack.pipeline import SlackImport
from summarize.intake import Intake, NothingDerived
from summarize.models import Message, Window
from summarize.store import MessageStore
from tests.support.slack_export import NOON, TEAM, SlackExport

WORKSPACE = WorkspaceId(TEAM)
EVER = Window(since=datetime(1971, 1, 1, tzinfo=UTC), until=datetime(2100, 1, 1, tzinfo=UTC))


@dataclass(slots=True)
class Desk:
    """Imports exports into one database and one event log in memory."""

    database: Database
    folder: Path
    events: MemoryEventLog
    derived: NothingDerived
    clock: ManualClock
    count: int = 0

    @property
    def directory(self) -> Directory:
        return Directory(self.database)

    @property
    def store(self) -> MessageStore:
        return MessageStore(self.database)

    @property
    def intake(self) -> Intake:
        return Intake(store=self.store, invalidator=self.derived, clock=self.clock)

    async def take(self, export: SlackExport, *, zipped: bool = False, workspace: str = "") -> Report:
        """Import an export written anew."""
        self.count += 1
        path = self.folder / f"export-{self.count}"
        path = export.to_zip(path.with_suffix(".zip")) if zipped else export.to_folder(path)
        return await self.take_path(path, workspace=workspace)

    async def take_path(self, path: Path, *, workspace: str = "") -> Report:
        """Import what lies at a path."""
        importer = SlackImport(
            directory=self.directory, intake=self.intake, events=self.events, clock=self.clock
        )
        return await importer.run(path, workspace=workspace)

    async def messages(self, channel: str) -> list[Message]:
        """Every message of a channel, oldest first."""
        return await self.store.in_window(WORKSPACE, ChannelId(channel), EVER)

    async def only(self, channel: str) -> Message:
        """The one message of a channel."""
        (message,) = await self.messages(channel)
        return message

    async def find(self, id: str) -> Message:
        """A message by id."""
        found = await self.store.find(WORKSPACE, MessageId(id))
        assert found is not None
        return found

    async def logged(self) -> list[Event]:
        """Every event so far."""
        return [record.event for record in await self.events.read(after=Offset(0), limit=1_000_000)]

    async def everything(self) -> tuple[object, ...]:
        """All that an import can change, to be compared."""
        directory = self.directory
        channels = await directory.channels(WORKSPACE)
        return (
            await directory.workspaces(),
            await directory.people(WORKSPACE),
            channels,
            await directory.memberships(WORKSPACE),
            [await self.messages(channel.id) for channel in channels],
            await self.logged(),
        )


def desk_over(database: Database, folder: Path) -> Desk:
    """A desk with an empty event log, on the day of the exports."""
    clock = ManualClock(datetime.fromtimestamp(NOON, UTC))
    return Desk(database, folder, MemoryEventLog(), NothingDerived(), clock)
