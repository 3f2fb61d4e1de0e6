"""The listings of an export (users.json, channels.json …) read into one catalogue."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.directory import Guest, Person
from core.ids import UserId, WorkspaceId
from gateway.importers import clean
from gateway.importers.report import Place, Report
from gateway.importers.slack.archive import Export, Unreadable
from gateway.importers.slack.conversations import KINDS, Conversation, Conversations, read_conversation
from gateway.importers.slack.people import bots_by_id, home_team, read_person
from gateway.importers.slack.reading import entry_like, read_array

_EXPORTED = re.compile(r"\s+Slack export\b.*", re.IGNORECASE)
_SLUG = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """Whose export this is, who is in it, and which conversations it lists."""

    workspace: WorkspaceId
    name: str
    people: tuple[Person, ...]
    bots: Mapping[str, UserId]
    conversations: Conversations
    corporate: bool
    """Whether private conversations are part of the export."""
    named: bool
    """Whether the name was asked for, so that a workspace that exists is to be renamed."""

    @property
    def newcomers(self) -> Guest:
        """Who is in no listing sees only their own channels, unless there is no listing at all."""
        return Guest.MULTI if self.people else Guest.NO


def read_catalogue(export: Export, report: Report, *, workspace: str = "", name: str = "") -> Catalogue:
    """Read the listings; what is wrong with them is reported, never fatal. Raises InvalidInput for `workspace`."""
    users = _entries(export, "users", report) + _entries(export, "org_users", report)
    team = home_team(users)
    id = _workspace_id(workspace or team, export, report)
    people: dict[UserId, Person] = {}
    for user in users:
        person = read_person(user, team)
        if person is not None:
            people.setdefault(person.id, person)
    listed: list[Conversation] = []
    for listing in KINDS:
        found = [read_conversation(entry, listing) for entry in _entries(export, listing, report)]
        listed += [conversation for conversation in found if conversation is not None]
    return Catalogue(
        workspace=id,
        name=name or _name_of(export.name) or id,
        people=tuple(people.values()),
        bots=bots_by_id(users),
        conversations=Conversations(listed),
        named=bool(name),
        corporate=bool(export.listings.keys() & {"groups", "dms", "mpims"}),
    )


def _entries(export: Export, listing: str, report: Report) -> list[dict[str, Any]]:
    """Return the objects of a listing that have an id; report the rest."""
    entry = export.listings.get(listing)
    if entry is None:
        if listing in {"users", "channels"} and not (listing == "users" and "org_users" in export.listings):
            report.note(f"{listing}.json is missing: what it would tell was taken from the messages.")
        return []
    file = str(entry.path)
    try:
        reading = read_array(entry.content(), like=entry_like)
    except Unreadable as error:
        report.point_out(str(error), Place(file=file))
        return []
    for fault in reading.faults:
        report.point_out(fault.reason, Place(file=file, at=fault.at))
    kept: list[dict[str, Any]] = []
    for index, item in enumerate(reading.items, start=1):
        if clean.identifier(clean.mapping(item).get("id")):
            kept.append(clean.mapping(item))
        else:
            report.point_out("listing entry without an id", Place(file=file, at=f"entry {index}"))
    return kept


def _workspace_id(given: str, export: Export, report: Report) -> WorkspaceId:
    if given:
        return clean.workspace_id(given)
    slug = _SLUG.sub("-", _name_of(export.name).casefold()).strip("-")[:48] or "imported"
    report.note(
        f"The export names no workspace; it became {slug!r}, after its file name. Use --workspace to choose."
    )
    return WorkspaceId(slug)


def _name_of(archive: str) -> str:
    """Return the workspace's name as Slack puts it into the file's: `NAME Slack export Jan 1 2026 - …`."""
    return _EXPORTED.sub("", archive).strip()
