"""Messages from a JSONL file, for systems that are not Slack."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import orjson

from core.clock import Clock
from core.directory import Channel, Directory, Guest, Workspace
from core.errors import InvalidFile, InvalidInput
from core.events.models import EventLog
from core.ids import WorkspaceId
from gateway.importers.delivery import Delivery
from gateway.importers.plain import read_message
from gateway.importers.report import Place, Progress, Report, Silent
from gateway.importers.roster import Roster
from summarize.intake import Intake
from summarize.models import Message

BATCH = 2_000  # messages in one transaction
_LONGEST_LINE = 4 * 1024 * 1024


class JsonlImport:
    """Imports one message per line; channels and people that are not there yet are created, channels as public."""

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

    async def run(self, path: Path, *, workspace: WorkspaceId) -> Report:
        """Import a file; a line that cannot be used is reported with its number. Raises InvalidFile."""
        started = time.monotonic()
        report = Report(source=path.name, workspace=workspace)
        file = _open(path)
        with file:
            await _ensure_workspace(self._directory, self._clock, workspace)
            roster = Roster(self._directory, workspace, newcomers=Guest.NO)
            await roster.load()
            channels = len(list(roster.channels()))
            delivery = Delivery(roster=roster, intake=self._intake, events=self._events, pairs={})
            self._progress.begin(file.seek(0, 2), unit="bytes")
            file.seek(0)
            for batch in _batches(file, path.name, workspace, report, self._progress):
                for message, _ in batch:
                    roster.meet(message.author)
                    roster.meet_channel(Channel(id=message.channel, name=message.channel))
                review = await delivery.deliver([message for message, _ in batch])
                report.settle(review, [place for _, place in batch])
        report.counts["events"] = delivery.logged
        report.counts["people"] = roster.met
        report.counts["channels"] = len(list(roster.channels())) - channels
        report.seconds = time.monotonic() - started
        return report


def _open(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise InvalidFile(
            "FILE", str(path), f"cannot be opened ({error.strerror})", remedy="Give the path of a JSONL file."
        ) from error


async def _ensure_workspace(directory: Directory, clock: Clock, workspace: WorkspaceId) -> None:
    if workspace not in {known.id for known in await directory.workspaces()}:
        await directory.put_workspace(Workspace(id=workspace, name=workspace, created_at=clock.now()))


def _batches(
    file: BinaryIO, name: str, workspace: WorkspaceId, report: Report, progress: Progress
) -> Iterator[list[tuple[Message, Place]]]:
    batch, read = list[tuple[Message, Place]](), 0
    number = 0
    while line := file.readline(_LONGEST_LINE):
        number, read = number + 1, read + len(line)
        place = Place(file=name, at=f"line {number}")
        found = _message(line, file, workspace)
        if isinstance(found, str):
            report.skip(found, place)
        elif found is not None:
            batch.append((found, place))
        if len(batch) >= BATCH:
            yield batch
            progress.advance(read, done=report.read)
            batch, read = [], 0
    if batch:
        yield batch
    progress.advance(read, done=report.read)


def _message(line: bytes, file: BinaryIO, workspace: WorkspaceId) -> Message | str | None:
    """Return the message of a line, why it is none, or None for an empty line."""
    if len(line) >= _LONGEST_LINE and not line.endswith(b"\n"):
        while (rest := file.readline(_LONGEST_LINE)) and not rest.endswith(b"\n"):
            pass
        return f"line longer than {_LONGEST_LINE} bytes"
    stripped = line.removeprefix(b"\xef\xbb\xbf").strip()
    if not stripped:
        return None
    try:
        return read_message(orjson.loads(stripped), workspace)
    except orjson.JSONDecodeError:
        return "not JSON"
    except InvalidInput as error:
        return f"{error.field}: {error.message.removeprefix(f'{error.field}: ').partition(' (got ')[0]}"
