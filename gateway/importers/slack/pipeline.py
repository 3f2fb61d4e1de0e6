"""A Slack export into a workspace: people, conversations, then messages in batches; nothing is lost unsaid."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import NamedTuple

from core.clock import Clock
from core.directory import ChannelKind, Directory, Membership
from core.errors import InvalidFile
from core.events.models import EventLog
from core.ids import MessageId, UserId
from gateway.importers.delivery import Delivery
from gateway.importers.interactions import mentioned
from gateway.importers.report import Place, Progress, Report, Silent
from gateway.importers.slack.archive import Entry, Export, open_export
from gateway.importers.slack.conversations import Conversation
from gateway.importers.slack.files import Drawn, draw
from gateway.importers.slack.listings import Catalogue, read_catalogue
from gateway.importers.slack.membership import Inferred
from gateway.importers.slack.messages import Setting
from gateway.importers.slack.people import author_of
from gateway.importers.slack.settling import Settled, settle
from summarize.intake import Intake
from summarize.models import Message

BATCH = 2_000  # messages in one transaction
_USER = re.compile(r"[UW][A-Z0-9]{2,}")


class SlackImport:
    """Imports exports. Again the same changes nothing; a newer one of the same workspace brings it up to date."""

    def __init__(
        self,
        *,
        directory: Directory,
        intake: Intake,
        events: EventLog,
        clock: Clock,
        progress: Progress | None = None,
    ) -> None:
        self._directory = directory
        self._intake = intake
        self._events = events
        self._clock = clock
        self._progress = progress or Silent()

    async def run(self, path: Path, *, workspace: str = "", name: str = "") -> Report:
        """Import a zip or a folder; raises InvalidFile if it is no export at all, InvalidInput for `workspace`."""
        started, report = time.monotonic(), Report(source=path.name)
        with open_export(path) as export:
            _require_something(export, path)
            catalogue = read_catalogue(export, report, workspace=workspace, name=name)
            report.workspace = catalogue.workspace
            for file in export.ignored:
                report.note(f"Not read: {file}")
            settled = await settle(self._directory, self._clock, export, catalogue, report)
            delivery = Delivery(
                roster=settled.roster, intake=self._intake, events=self._events, pairs=settled.pairs
            )
            self._progress.begin(export.size, unit="bytes")
            await _Messages(catalogue, settled, delivery, report, self._progress).import_all(self._directory)
        report.counts["events"] = delivery.logged
        report.counts["people"] = len(catalogue.people) + settled.roster.met
        report.seconds = time.monotonic() - started
        return report


class _Waiting(NamedTuple):
    """A message of the next batch; the object it was read from is free to go."""

    message: Message
    place: Place
    root_author: UserId | None


class _Messages:
    """The second half of an import: conversation by conversation, day by day, batch by batch."""

    def __init__(
        self, catalogue: Catalogue, settled: Settled, delivery: Delivery, report: Report, progress: Progress
    ) -> None:
        self._catalogue = catalogue
        self._settled = settled
        self._roster = settled.roster
        self._delivery = delivery
        self._report = report
        self._progress = progress
        self._pending: list[_Waiting] = []

    async def import_all(self, directory: Directory) -> None:
        """Import every conversation; members the export does not name are those who wrote and did not leave."""
        names = {str(channel.id): channel.name for channel in self._roster.channels()}
        people = frozenset(person.id for person in self._catalogue.people if not person.is_bot)
        for conversation, files in self._settled.folders:
            setting = Setting(
                workspace=self._catalogue.workspace,
                channel=conversation.channel.id,
                names=names,
                bots=self._catalogue.bots,
                people=people,
            )
            inferred = await self._import(conversation, files, setting)
            known = self._settled.members.get(conversation.channel.id)
            if conversation.members is None and not known:
                await self._infer(directory, conversation, inferred)
        await self._flush()

    async def _import(self, conversation: Conversation, files: list[Entry], setting: Setting) -> Inferred:
        inferred = Inferred()
        for entry, drawn in draw(files, setting, self._report):
            for found in drawn:
                self._meet(found)
                if conversation.members is None:
                    inferred.see(found.message)
                self._pending.append(_Waiting(found.message, found.place, found.root_author))
                if len(self._pending) >= BATCH:
                    await self._flush()
            self._progress.advance(entry.size, done=self._report.read + len(self._pending))
        return inferred

    async def _infer(self, directory: Directory, conversation: Conversation, inferred: Inferred) -> None:
        people = sorted(inferred.members())
        channel = conversation.channel
        entries = [Membership(channel=channel.id, person=person) for person in people]
        await directory.add_members(self._catalogue.workspace, entries)
        self._report.counts["memberships"] += len(entries)
        if channel.kind is not ChannelKind.PUBLIC:
            self._report.note(
                f"The export does not say who belongs to {channel.name}: its members are the {len(entries)} who wrote"
                " in it and did not leave."
            )

    def _meet(self, found: Drawn) -> None:
        """Make sure that everybody a message shows has an entry in the directory."""
        roster, message = self._roster, found.message
        if roster.wants(message.author):
            guest = self._catalogue.newcomers
            roster.meet(message.author, author_of(found.told_by, message.author, guest=guest))
        for id in mentioned(message.text):
            if roster.person(id) is None and _USER.fullmatch(id):
                roster.meet(id)
        for reaction in message.reactions:
            for id in reaction.users:
                if roster.person(id) is None:
                    roster.meet(id)

    async def _flush(self) -> None:
        batch, self._pending = self._pending, []
        if not batch:
            return
        roots: dict[MessageId, UserId] = {
            waiting.message.root: waiting.root_author
            for waiting in batch
            if waiting.root_author is not None and waiting.message.root is not None
        }
        messages = [waiting.message for waiting in batch]
        review = await self._delivery.deliver(messages, roots=roots)
        self._report.settle(review, [waiting.place for waiting in batch])
        for message in messages:
            self._report.counts[f"kind {message.kind}"] += 1


def _require_something(export: Export, path: Path) -> None:
    if not export.listings and not export.folders:
        raise InvalidFile(
            "EXPORT",
            str(path),
            "holds no users.json, no channels.json and no folder of days",
            remedy="Give the zip as Slack made it, or the folder it unpacks to.",
        )
