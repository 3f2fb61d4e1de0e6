"""The first half of an import: the workspace, its people, conversations and members go to the directory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.clock import Clock
from core.directory import Channel, ChannelKind, Directory, Workspace
from core.ids import ChannelId, UserId
from gateway.importers.report import Report
from gateway.importers.roster import Roster
from gateway.importers.slack.archive import Entry, Export
from gateway.importers.slack.conversations import Conversation, stray
from gateway.importers.slack.files import holds_messages
from gateway.importers.slack.listings import Catalogue
from gateway.importers.slack.membership import bring_up_to_date


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What the second half needs: everyone by id, and each conversation that has files, with them."""

    roster: Roster
    folders: tuple[tuple[Conversation, list[Entry]], ...]
    members: Mapping[ChannelId, frozenset[UserId]]
    pairs: Mapping[ChannelId, frozenset[UserId]]
    """The members of direct conversations."""


async def settle(
    directory: Directory, clock: Clock, export: Export, catalogue: Catalogue, report: Report
) -> Settled:
    """Write workspace, people, conversations and members; repeated, it changes nothing."""
    workspace = catalogue.workspace
    await _put_workspace(directory, clock, catalogue)
    await directory.put_people(workspace, catalogue.people)
    folders = _folders(export, catalogue, await directory.channels(workspace), report)
    listed = list(catalogue.conversations.by_id.values())
    strays = [conversation for conversation, _ in folders if not conversation.listed]
    await directory.put_channels(workspace, [conversation.channel for conversation in listed + strays])
    members = await bring_up_to_date(directory, workspace, listed)
    roster = Roster(directory, workspace, newcomers=catalogue.newcomers)
    await roster.load()
    for id in sorted({id for conversation in listed for id in conversation.members or ()}):
        roster.meet(id)
    await roster.settle()
    report.counts["channels"] = len(listed) + len(strays)
    report.counts["channels without messages"] = len(listed) + len(strays) - len(folders)
    report.counts["memberships"] = sum(len(conversation.members or ()) for conversation in listed)
    direct = {entry.channel.id for entry in listed if entry.channel.kind is ChannelKind.DIRECT}
    pairs = {id: people for id, people in members.items() if id in direct}
    return Settled(roster=roster, folders=folders, members=members, pairs=pairs)


async def _put_workspace(directory: Directory, clock: Clock, catalogue: Catalogue) -> None:
    known = {workspace.id for workspace in await directory.workspaces()}
    if catalogue.named or catalogue.workspace not in known:
        await directory.put_workspace(
            Workspace(id=catalogue.workspace, name=catalogue.name, created_at=clock.now())
        )


def _folders(
    export: Export, catalogue: Catalogue, known: list[Channel], report: Report
) -> tuple[tuple[Conversation, list[Entry]], ...]:
    found: dict[ChannelId, tuple[Conversation, list[Entry]]] = {}
    for folder in export.folders:
        conversation = catalogue.conversations.of_folder(folder.path)
        if conversation is None and not holds_messages(folder):
            report.note(f"Not read: {folder.path}/ (no files of messages)")
            continue
        if conversation is None:
            conversation = stray(folder.path, known, corporate=catalogue.corporate)
            report.note(f"In no listing: {folder.path}/, imported as a {conversation.channel.kind} channel")
        found.setdefault(conversation.channel.id, (conversation, []))[1].extend(folder.files)
    return tuple(found.values())
