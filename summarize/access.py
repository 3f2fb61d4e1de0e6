"""The one door to messages: every read asks, at this moment, whether this reader may."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from core.directory import Channel, Directory, Person
from core.errors import NotFound
from core.ids import ChannelId, MessageId, WorkspaceId
from core.lookups import standing
from summarize.models import Message, Window


class MessageSource(Protocol):
    """Where messages lie; knows nothing of who may read them."""

    async def in_window(self, workspace: WorkspaceId, channel: ChannelId, window: Window) -> list[Message]:
        """Return the messages of a channel within a window, oldest first."""
        ...

    async def in_thread(self, workspace: WorkspaceId, channel: ChannelId, root: MessageId) -> list[Message]:
        """Return a thread, its root first."""
        ...

    async def by_ids(
        self, workspace: WorkspaceId, channel: ChannelId, ids: Sequence[MessageId]
    ) -> list[Message]:
        """Return the messages of a channel that have these ids, oldest first."""
        ...

    async def find(self, workspace: WorkspaceId, id: MessageId) -> Message | None:
        """Return a message by id, or None."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A reader's proven right to one channel at one moment. Only `Access.view` makes one."""

    workspace: WorkspaceId
    reader: Person
    channel: Channel
    granted_at: datetime


class Access:
    """Grants views, and reads through them.

    Who may not read a channel is told that there is none, so that private channels do not show by their errors.
    """

    def __init__(self, directory: Directory, source: MessageSource) -> None:
        self._directory = directory
        self._source = source

    async def view(self, workspace: WorkspaceId, reader: str, channel: str, *, now: datetime) -> View:
        """Return a view for a reader (id or @handle) of a channel (id or #name); raises NotFound."""
        person, found, may = await self._directory.read(
            lambda connection: standing(connection, workspace, reader, channel)
        )
        if not may:
            raise NotFound("channel", channel, remedy="Give the channel's id or #name as in the workspace.")
        return View(workspace=workspace, reader=person, channel=found, granted_at=now)

    async def window(self, view: View, window: Window) -> list[Message]:
        """Return what the reader may see of a window, oldest first."""
        return await self._source.in_window(view.workspace, view.channel.id, window)

    async def thread(self, view: View, root: MessageId) -> list[Message]:
        """Return a thread, its root first; raises NotFound if the channel has no such message."""
        found = await self._source.in_thread(view.workspace, view.channel.id, root)
        if not found:
            raise NotFound("message", root, remedy="Give the id of a message in this channel.")
        return found

    async def messages(self, view: View, ids: Sequence[MessageId]) -> list[Message]:
        """Return those of the messages that are in this channel, oldest first."""
        return await self._source.by_ids(view.workspace, view.channel.id, ids)
