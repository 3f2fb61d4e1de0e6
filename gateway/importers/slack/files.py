"""The message files of one conversation, drawn message by message; what cannot be drawn is reported with its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.ids import UserId
from gateway.importers import clean
from gateway.importers.report import Place, Report
from gateway.importers.slack.archive import DAY, Entry, Folder, Unreadable
from gateway.importers.slack.messages import Setting, parse
from gateway.importers.slack.reading import Reading, message_like, read_array
from gateway.importers.slack.seen import Seen
from summarize.models import Message

_UNEXPECTED = (TypeError, ValueError, KeyError, AttributeError, IndexError, RecursionError, OverflowError)


@dataclass(frozen=True, slots=True)
class Drawn:
    """A message, where it was, the object that tells of it, and who began its thread, if that says."""

    message: Message
    place: Place
    told_by: Mapping[str, Any]
    root_author: UserId | None


def holds_messages(folder: Folder) -> bool:
    """Tell whether a folder is a conversation: it has files named by day, or files of messages."""
    if any(DAY.fullmatch(entry.path.name) for entry in folder.files):
        return True
    return any(_has_messages(_try(entry)) for entry in folder.files)


def draw(files: Sequence[Entry], setting: Setting, report: Report) -> Iterator[tuple[Entry, list[Drawn]]]:
    """Yield each file with its messages, days in order; every object is either yielded or reported as skipped."""
    seen = Seen()
    for entry in sorted(files, key=lambda entry: (entry.path.name, entry.path)):
        reading = _read(entry, report)
        report.counts["files"] += 1
        yield entry, list(_of_file(reading, str(entry.path), setting, report, seen))


def _of_file(reading: Reading, file: str, setting: Setting, report: Report, seen: Seen) -> Iterator[Drawn]:
    for index, raw in enumerate(reading.items, start=1):
        place = Place(file=file, at=f"message {index}")
        found = _parsed(raw, place, setting)
        if isinstance(found, str):
            report.skip(found, place)
            continue
        message = seen.admit(found.message)
        if message is None:
            report.skip("the same message again", place)
            continue
        if message is not found.message and message.id != found.message.id:
            report.point_out("another message has the same ts: kept under an id of its own", place)
        yield Drawn(message, place, found.told_by, found.root_author)


def _parsed(raw: object, place: Place, setting: Setting) -> Drawn | str:
    if not isinstance(raw, dict):
        return "not an object"
    try:
        found = parse(clean.mapping(raw), setting)
    except _UNEXPECTED as error:  # an object of a shape that nobody foresaw must not stop the rest
        return f"unexpected shape ({type(error).__name__})"
    if isinstance(found, str):
        return found
    return Drawn(found.message, place, found.told_by, found.root_author)


def _read(entry: Entry, report: Report) -> Reading:
    file = str(entry.path)
    try:
        reading = read_array(entry.content())
    except Unreadable as error:
        report.point_out(str(error), Place(file=file))
        return Reading(items=[])
    if not DAY.fullmatch(entry.path.name) and not _has_messages(reading):
        report.point_out("not a file of messages", Place(file=file))
        return Reading(items=[])
    for fault in reading.faults:
        place = Place(file=file, at=fault.at)
        if fault.lost:
            report.skip(fault.reason, place)
        else:
            report.point_out(fault.reason, place)
    return reading


def _try(entry: Entry) -> Reading:
    try:
        return read_array(entry.content())
    except Unreadable:
        return Reading(items=[])


def _has_messages(reading: Reading) -> bool:
    return any(
        isinstance(item, dict) and "ts" in item and message_like(clean.mapping(item))
        for item in reading.items
    )
