"""Interactions from a table: who, with what, when. People and channels are created by their external ids."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from core.clock import Clock, to_micros
from core.directory import Channel, ChannelKind, Directory, Guest, Workspace
from core.errors import InvalidInput
from core.events.models import Corpus, Event, EventKind, EventLog
from core.ids import ChannelId, EventId, UserId, WorkspaceId
from core.privacy import Metadata
from gateway.importers import clean
from gateway.importers.report import Place, Progress, Report, Silent
from gateway.importers.roster import Roster
from gateway.importers.tables import Row, Table, count_rows, open_table, rejected, rows
from gateway.importers.times import Times, detect
from gateway.importers.where import find_column, parse_where

DEFAULT_TYPES = {Corpus.CHANNEL: "post", Corpus.USER: "dm"}
_TYPE = re.compile(r"[\w.:-]{1,64}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Which columns hold what, by name or by number from 1; `type` may be `=CONSTANT`, or empty for the default."""

    user: str
    item: str
    ts: str
    type: str = ""

    @property
    def by_number(self) -> bool:
        """Whether all are given by number: then the file has no header."""
        return all(name.isdigit() for name in (self.user, self.item, self.ts))


@dataclass(frozen=True, slots=True, kw_only=True)
class TableAsk:
    """What to import from a table, and into which corpus."""

    path: Path
    workspace: WorkspaceId
    columns: Columns
    corpus: Corpus = Corpus.CHANNEL
    where: Sequence[str] = field(default_factory=tuple[str, ...])
    delimiter: str = ""


@dataclass(frozen=True, slots=True)
class _Found:
    """A row understood."""

    user: UserId
    item: str
    at: datetime
    type: str
    before: int
    place: Place


class InteractionImport:
    """Imports tables of interactions. The same rows again, also in a grown file, are stored once."""

    def __init__(
        self, *, directory: Directory, events: EventLog, clock: Clock, progress: Progress | None = None
    ) -> None:
        self._directory = directory
        self._events = events
        self._clock = clock
        self._progress = progress or Silent()

    async def run(self, ask: TableAsk) -> Report:
        """Import a table; raises InvalidFile, and InvalidInput for options that do not fit it."""
        started = time.monotonic()
        report = Report(source=ask.path.name, workspace=ask.workspace, unit="rows")
        header = not ask.columns.by_number or ask.path.suffix.casefold() == ".parquet"
        table = open_table(ask.path, delimiter=ask.delimiter, header=header)
        try:
            report.note(f"Read as {table.how}.")
            await self._import(ask, table, report)
            for line, why in rejected(table):
                report.skip(f"not a row ({why})", Place(file=ask.path.name, at=f"line {line}"))
        finally:
            table.close()
        report.seconds = time.monotonic() - started
        return report

    async def _import(self, ask: TableAsk, table: Table, report: Report) -> None:
        names = list(table.columns)
        wanted = [
            find_column("--user", ask.columns.user, names),
            find_column("--item", ask.columns.item, names),
            find_column("--ts", ask.columns.ts, names),
        ]
        constant = _constant(ask)
        if constant is None:
            wanted.append(find_column("--type", ask.columns.type, names))
        conditions = [parse_where(written, names) for written in ask.where]
        await self._ensure_workspace(ask.workspace)
        roster = Roster(self._directory, ask.workspace, newcomers=Guest.NO)
        await roster.load()
        channels = len(list(roster.channels()))
        self._progress.begin(count_rows(table), unit="rows")
        times: Times | None = None
        for batch in rows(table, wanted, conditions):
            if times is None:
                times = detect(wanted[2], table.columns[wanted[2]], [row.values[2] for row in batch])
                report.note(f"{times.how}.")
            found = _understand(batch, ask, times, constant, report)
            await self._append(found, ask, roster, report)
            self._progress.advance(len(batch), done=report.read)
        report.counts["people"] = roster.met
        report.counts["channels"] = len(list(roster.channels())) - channels

    async def _append(self, found: list[_Found], ask: TableAsk, roster: Roster, report: Report) -> None:
        if not found:
            return
        for row in found:
            roster.meet(row.user)
            if ask.corpus is Corpus.USER:
                roster.meet(UserId(row.item))
            else:
                roster.meet_channel(Channel(id=ChannelId(row.item), name=row.item))
        await roster.settle()
        answers = await self._events.append([_event(row, ask, roster) for row in found])
        new = sum(not answer.duplicate for answer in answers)
        report.read += len(found)
        report.imported += new
        report.unchanged += len(found) - new
        report.counts["events"] += new

    async def _ensure_workspace(self, workspace: WorkspaceId) -> None:
        if workspace not in {known.id for known in await self._directory.workspaces()}:
            await self._directory.put_workspace(
                Workspace(id=workspace, name=workspace, created_at=self._clock.now())
            )


def _constant(ask: TableAsk) -> str | None:
    """Return the type of every row, or None if a column holds it; raises InvalidInput for one that cannot be."""
    given = ask.columns.type
    if given and not given.startswith("="):
        return None
    constant = given[1:] if given else DEFAULT_TYPES[ask.corpus]
    if not _TYPE.fullmatch(constant):
        raise InvalidInput(
            "--type", given, "is not a type", remedy="Use letters, digits and _ . : -, as in =post."
        )
    return constant


def _understand(
    batch: Sequence[Row], ask: TableAsk, times: Times, constant: str | None, report: Report
) -> list[_Found]:
    found: list[_Found] = []
    for row in batch:
        place = Place(file=ask.path.name, at=f"row {row.number}")
        user, item = _external(row.values[0]), _external(row.values[1])
        at = times.read(row.values[2])
        kind = constant if constant is not None else clean.text(row.values[3])
        problem = _problem(user, item, at, kind, ask.corpus)
        if problem or at is None:
            report.skip(problem, place)
        else:
            found.append(_Found(UserId(user), item, at, kind, row.before, place))
    return found


def _problem(user: str, item: str, at: datetime | None, kind: str, corpus: Corpus) -> str:
    if not user or not item:
        return "no user" if not user else "no item"
    if at is None:
        return "ts is not a time"
    if not _TYPE.fullmatch(kind):
        return "type is not an identifier"
    return "with oneself" if corpus is Corpus.USER and user == item else ""


def _external(value: Any) -> str:  # noqa: ANN401  whatever a cell holds
    """Return an external id as a string; whole numbers read as floats (a column with gaps) lose their `.0`."""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else ""
    return clean.identifier(value)


def _event(row: _Found, ask: TableAsk, roster: Roster) -> Event:
    person = roster.person(row.user)
    channel = roster.channel(ChannelId(row.item)) if ask.corpus is Corpus.CHANNEL else None
    item = channel or roster.person(UserId(row.item))
    if person is None or item is None:
        raise AssertionError("the roster was settled with everyone in the batch")
    data: dict[str, Metadata] = {"type": row.type}
    if channel is not None:
        data |= {"channel": int(channel.number), "public": channel.kind is ChannelKind.PUBLIC}
    key = clean.digest(
        f"{ask.corpus}\0{row.type}\0{row.user}\0{row.item}\0{to_micros(row.at)}\0{row.before}", 32
    )
    return Event(
        id=EventId(f"row:{key}"),
        workspace=ask.workspace,
        kind=EventKind.INTERACTION,
        at=row.at,
        actor=person.number,
        corpus=ask.corpus,
        item=int(item.number),
        data=data,
    )
