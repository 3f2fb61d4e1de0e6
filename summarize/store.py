"""Messages and summaries at rest. Opened by summarize and the composition root alone; read through `access`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import (
    Boolean,
    Column,
    Index,
    RowMapping,
    Select,
    String,
    Table,
    Text,
    and_,
    func,
    or_,
    select,
    update,
)

from core.database import Database, UtcMicros, metadata, upsert
from core.ids import ChannelId, MessageId, UserId, WorkspaceId
from summarize.models import FileMarker, Message, MessageKind, Reaction, Window

messages = Table(
    "messages",
    metadata,
    Column("workspace", String(64), primary_key=True),
    Column("id", String(128), primary_key=True),
    Column("channel", String(64), nullable=False),
    Column("author", String(64), nullable=False),
    Column("at", UtcMicros, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("text", Text, nullable=False),
    Column("root", String(128)),
    Column("broadcast", Boolean, nullable=False),
    Column("edited_at", UtcMicros),
    Column("extra", Text, nullable=False),  # reactions, files, subtype as JSON
    Index("ix_messages_channel_at", "workspace", "channel", "at"),
    Index("ix_messages_root", "workspace", "root"),
)
_CHANGING = ["channel", "author", "at", "kind", "text", "root", "broadcast", "edited_at", "extra"]


class MessageStore:
    """The only place where message text lies."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, batch: Sequence[Message]) -> None:
        """Add messages or bring them up to date (edits, new reactions); the same batch again changes nothing."""
        async with self._database.writing() as connection:
            await upsert(
                connection, messages, [_row(m) for m in batch], key=["workspace", "id"], update=_CHANGING
            )

    async def bury(self, workspace: WorkspaceId, id: MessageId, *, at: datetime) -> bool:
        """Replace a message by its tombstone: the text is gone. Tell whether there was such a message."""
        gone = and_(messages.c.workspace == workspace, messages.c.id == id)
        values = {
            "text": "",
            "kind": str(MessageKind.DELETED),
            "extra": _extra((), (), "deleted"),
            "edited_at": at,
        }
        async with self._database.writing() as connection:
            return (await connection.execute(update(messages).where(gone).values(values))).rowcount > 0

    async def in_window(self, workspace: WorkspaceId, channel: ChannelId, window: Window) -> list[Message]:
        """Return the messages of a channel within a window, oldest first, tombstones and system messages too."""
        here = _in_channel(workspace, channel)
        within = and_(here, messages.c.at >= window.since, messages.c.at < window.until)
        return await self._messages(select(messages).where(within))

    async def in_thread(self, workspace: WorkspaceId, channel: ChannelId, root: MessageId) -> list[Message]:
        """Return a thread, its root first."""
        either = or_(messages.c.id == root, messages.c.root == root)
        return await self._messages(select(messages).where(and_(_in_channel(workspace, channel), either)))

    async def by_ids(
        self, workspace: WorkspaceId, channel: ChannelId, ids: Sequence[MessageId]
    ) -> list[Message]:
        """Return the messages of a channel that have these ids, oldest first."""
        wanted = and_(_in_channel(workspace, channel), messages.c.id.in_(ids))
        return await self._messages(select(messages).where(wanted))

    async def find(self, workspace: WorkspaceId, id: MessageId) -> Message | None:
        """Return a message by id, or None."""
        query = select(messages).where(messages.c.workspace == workspace, messages.c.id == id)
        return next(iter(await self._messages(query)), None)

    async def last_at(self, workspace: WorkspaceId, channel: ChannelId) -> datetime | None:
        """Return when the newest message of a channel was sent."""
        query = select(func.max(messages.c.at)).where(_in_channel(workspace, channel))
        async with self._database.reading() as connection:
            return (await connection.execute(query)).scalar()

    async def counts(self, workspace: WorkspaceId) -> dict[ChannelId, int]:
        """Return how many messages each channel holds."""
        query = select(messages.c.channel, func.count().label("n")).where(messages.c.workspace == workspace)
        async with self._database.reading() as connection:
            rows = await connection.execute(query.group_by(messages.c.channel))
            return {ChannelId(row.channel): row.n for row in rows}

    async def _messages(self, query: Select[Any]) -> list[Message]:
        async with self._database.reading() as connection:
            rows = (await connection.execute(query.order_by(messages.c.at, messages.c.id))).mappings().all()
        return [_message(row) for row in rows]


def _in_channel(workspace: WorkspaceId, channel: ChannelId):  # noqa: ANN202  SQLAlchemy's expression type
    return and_(messages.c.workspace == workspace, messages.c.channel == channel)


def _row(message: Message) -> dict[str, Any]:
    return {
        "workspace": message.workspace,
        "id": message.id,
        "channel": message.channel,
        "author": message.author,
        "at": message.at,
        "kind": str(message.kind),
        "text": message.text,
        "root": message.root,
        "broadcast": message.broadcast,
        "edited_at": message.edited_at,
        "extra": _extra(message.reactions, message.files, message.subtype),
    }


def _extra(reactions: Sequence[Reaction], files: Sequence[FileMarker], subtype: str) -> str:
    value = {
        "reactions": [[entry.name, *entry.users] for entry in reactions],
        "files": [[entry.name, entry.mimetype] for entry in files],
        "subtype": subtype,
    }
    return orjson.dumps(value).decode()


def _message(row: RowMapping) -> Message:
    extra = orjson.loads(row["extra"])
    return Message(
        workspace=row["workspace"],
        id=row["id"],
        channel=row["channel"],
        author=row["author"],
        at=row["at"],
        kind=MessageKind(row["kind"]),
        text=row["text"],
        root=row["root"],
        broadcast=row["broadcast"],
        edited_at=row["edited_at"],
        reactions=tuple(
            Reaction(name=name, users=tuple(UserId(user) for user in users))
            for name, *users in extra["reactions"]
        ),
        files=tuple(FileMarker(name=name, mimetype=mimetype) for name, mimetype in extra["files"]),
        subtype=extra["subtype"],
    )
