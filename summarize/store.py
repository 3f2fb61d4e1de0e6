"""Messages and summaries at rest. Opened by summarize and the composition root alone; read through `access`."""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeVar

import orjson
from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Executable,
    Index,
    Integer,
    RowMapping,
    Select,
    String,
    Table,
    Text,
    and_,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from core.database import Database, UtcMicros, metadata, upsert, upsert_into
from core.ids import ChannelId, MessageId, SummaryId, UserId, WorkspaceId
from core.vault import Vault, generation_of
from summarize.codec import from_row, text_of, to_row
from summarize.models import FileMarker, Message, MessageKind, Reaction, Summary, Window

_T = TypeVar("_T")

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
summaries = Table(
    "summaries",
    metadata,
    Column("workspace", String(64), primary_key=True),
    Column("id", String(64), primary_key=True),
    Column("channel", String(64), nullable=False),
    Column("reader", String(64), nullable=False),
    Column("since", UtcMicros, nullable=False),
    Column("until", UtcMicros, nullable=False),
    Column("thread", String(128)),
    Column("detail", String(16), nullable=False),
    Column("created_at", UtcMicros, nullable=False),
    Column("stale", Boolean, nullable=False),
    Column(
        "text", Text, nullable=False
    ),  # items and participants as JSON, sealed, in base64; empty once stale
    Column(
        "generation", Integer, nullable=False
    ),  # of the key that sealed the text; 0: from before it was sealed
    Column("facts", Text, nullable=False),  # coverage, provenance, degraded as JSON
    Index("ix_summaries_channel", "workspace", "channel", "created_at"),
    Index("ix_summaries_generation", "workspace", "generation"),
)
summary_messages = Table(
    "summary_messages",
    metadata,
    Column("workspace", String(64), primary_key=True),
    Column("message", String(128), primary_key=True),
    Column("summary", String(64), primary_key=True),
)
# Made once, for a statement costs more to put together than to run.
_IN_WINDOW = (
    select(messages)
    .where(
        messages.c.workspace == bindparam("workspace"),
        messages.c.channel == bindparam("channel"),
        messages.c.at >= bindparam("since"),
        messages.c.at < bindparam("until"),
    )
    .order_by(messages.c.at, messages.c.id)
)
_CONTENT = ("channel", "author", "at", "kind", "text", "root")  # in the order of `content_of`
_STANDING = (
    select(messages.c.id, *(messages.c[name] for name in _CONTENT))
    .where(
        messages.c.workspace == bindparam("workspace"), messages.c.id.in_(bindparam("ids", expanding=True))
    )
    .order_by(messages.c.id)
    .with_for_update(read=True)
)
_SAVED = select(summaries.c.id).where(
    summaries.c.workspace == bindparam("workspace"), summaries.c.id == bindparam("id")
)
_SAVE = insert(summaries)
_AT_ONCE = 500  # ids in one query: SQLite takes a bounded number of variables
_CHANGING = ["channel", "author", "at", "kind", "text", "root", "broadcast", "edited_at", "extra"]


class MessageStore:
    """The only place where message text lies."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, batch: Sequence[Message]) -> None:
        """Add messages or bring them up to date (edits, new reactions); the same batch again changes nothing."""
        rows = [_row(m) for m in sorted(batch, key=lambda m: m.id)]  # as `unchanged` locks them
        async with self._database.writing() as connection:
            await upsert(connection, messages, rows, key=["workspace", "id"], update=_CHANGING)

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
        within = {"workspace": workspace, "channel": channel, "since": window.since, "until": window.until}
        rows = await self._database.read(lambda connection: connection.execute(_IN_WINDOW, within).all())
        return [_message(row) for row in rows]

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

    async def stored(self, workspace: WorkspaceId, ids: Sequence[MessageId]) -> dict[MessageId, Message]:
        """Return those of the messages that are stored, by id, whatever their channel: for `Intake` alone."""
        wanted = and_(messages.c.workspace == workspace, messages.c.id.in_(ids))
        return {message.id: message for message in await self._messages(select(messages).where(wanted))}

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
        query = query.order_by(messages.c.at, messages.c.id)
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        return [_message(row) for row in rows]


class SummaryStore:
    """Summaries, their text sealed with the workspace's key, and the messages each was made from."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    async def save(self, summary: Summary, *, made_from: Sequence[Message]) -> bool:
        """Keep a summary; False, and nothing is kept, if a message it was made from has changed meanwhile.

        The same summary again changes nothing.
        """
        workspace, id = summary.workspace, summary.id
        row = {**to_row(summary), **await self._sealed(workspace, id, text_of(summary))}
        links = [{"workspace": workspace, "message": m.id, "summary": id} for m in made_from]

        def keep(connection: Connection) -> bool:
            if not stands(connection, workspace, made_from):
                return False
            if connection.execute(_SAVED, {"workspace": workspace, "id": id}).first() is None:
                connection.execute(_SAVE, row)
                if links:
                    connection.execute(_linking(connection.dialect.name), links)
            return True

        return await self._database.write(keep)

    async def find(self, workspace: WorkspaceId, id: SummaryId) -> Summary | None:
        """Return a summary by id, or None; a stale one, or one whose key was shredded, has no items.

        Raises DataDamaged if it was tampered with, Unavailable if our master key is another.
        """
        async with self._database.reading() as connection:
            row = await _found(connection, workspace, id)
        if row is None:
            return None
        return from_row({str(name): value for name, value in row.items()}, await self._opened(row))

    async def invalidate(self, workspace: WorkspaceId, ids: Sequence[MessageId]) -> int:
        """Mark stale, and erase the text of, exactly the summaries made from any of these; return how many."""
        count = 0
        async with self._database.writing() as connection:
            for some in chunks(ids):
                of_them = select(summary_messages.c.summary).where(
                    summary_messages.c.workspace == workspace, summary_messages.c.message.in_(some)
                )
                fresh = and_(
                    summaries.c.workspace == workspace,
                    summaries.c.id.in_(of_them),
                    summaries.c.stale.is_(False),
                )
                done = await connection.execute(update(summaries).where(fresh).values(stale=True, text=""))
                count += done.rowcount
        return count

    async def forget(self, workspace: WorkspaceId, *, before: datetime | None = None) -> int:
        """Delete the summaries made before a moment, without one all of the workspace; return how many."""
        old = summaries.c.workspace == workspace
        if before is not None:
            old = and_(old, summaries.c.created_at < before)
        linked = summary_messages.c.summary.in_(select(summaries.c.id).where(old))
        links = and_(summary_messages.c.workspace == workspace, linked)
        async with self._database.writing() as connection:
            await connection.execute(delete(summary_messages).where(links))
            return (await connection.execute(delete(summaries).where(old))).rowcount

    async def reseal(self, workspace: WorkspaceId, *, below: int, limit: int = 200) -> int:
        """Seal anew some summaries sealed with a key before `below`, or never; return how many were seen (`renew`)."""
        old = and_(
            summaries.c.workspace == workspace, summaries.c.generation < below, summaries.c.stale.is_(False)
        )
        async with self._database.reading() as connection:
            rows = (await connection.execute(select(summaries).where(old).limit(limit))).mappings().all()
        for row in rows:
            text = await self._opened(row)
            gone = {"stale": True, "text": ""}
            anew = gone if text is None else await self._sealed(workspace, row["id"], text)
            as_read = and_(old, summaries.c.id == row["id"], summaries.c.text == row["text"])
            async with self._database.writing() as connection:
                await connection.execute(update(summaries).where(as_read).values(anew))
        return len(rows)

    async def _sealed(self, workspace: WorkspaceId, id: SummaryId, text: bytes) -> dict[str, str | int]:
        sealed = await self._vault.seal(workspace, text, purpose=f"summary/{id}")
        return {"text": b64encode(sealed).decode(), "generation": generation_of(sealed)}

    async def _opened(self, row: RowMapping) -> bytes | None:
        """Return the text of a summary, None if it is gone."""
        if row["stale"] or not row["generation"]:
            return None if row["stale"] else row["text"].encode()  # from before texts were sealed
        try:
            sealed = b64decode(row["text"], validate=True)
        except binascii.Error:
            sealed = b""  # not the sealed form: said so by `open`
        return await self._vault.open(row["workspace"], sealed, purpose=f"summary/{row['id']}")


async def _found(connection: AsyncConnection, workspace: WorkspaceId, id: SummaryId) -> RowMapping | None:
    query = select(summaries).where(summaries.c.workspace == workspace, summaries.c.id == id)
    return (await connection.execute(query)).mappings().first()


async def unchanged(
    connection: AsyncConnection, workspace: WorkspaceId, made_from: Sequence[Message]
) -> bool:
    """Tell whether every message still stands as it was read; see `stands`."""
    return await connection.run_sync(stands, workspace, made_from)


def stands(connection: Connection, workspace: WorkspaceId, made_from: Sequence[Message]) -> bool:
    """Tell whether every message still stands as it was read; on PostgreSQL none changes until the transaction ends."""
    ordered = sorted(made_from, key=lambda m: m.id)  # locked in one order, so that none waits in a ring
    for batch in chunks(ordered):
        of_them = {"workspace": workspace, "ids": [m.id for m in batch]}
        rows = connection.execute(_STANDING, of_them)
        now = {row.id: tuple(row)[1:] for row in rows}
        if any(now.get(m.id) != content_of(m) for m in batch):
            return False
    return True


@lru_cache
def _linking(dialect: str) -> Executable:
    return upsert_into(dialect, summary_messages, key=["workspace", "message", "summary"])


def content_of(message: Message) -> tuple[object, ...]:
    """Return what a summary follows from, so that a change of it, and of nothing else, makes the summary stale."""
    return (message.channel, message.author, message.at, str(message.kind), message.text, message.root)


def alike(now: Message | None, read: Message) -> bool:
    """Tell whether a message still stands as it was read."""
    return now is not None and content_of(now) == content_of(read)


def chunks(entries: Sequence[_T]) -> Iterator[Sequence[_T]]:
    """Deal out entries so that each lot fits one query."""
    for start in range(0, len(entries), _AT_ONCE):
        yield entries[start : start + _AT_ONCE]


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


def _message(row: Sequence[Any]) -> Message:
    """Return a whole row, its columns in the table's order."""
    workspace, id, channel, author, at, kind, text, root, broadcast, edited_at, extra = row
    reactions, files, subtype = _extras(extra)
    return Message(
        workspace=workspace,
        id=id,
        channel=channel,
        author=author,
        at=at,
        kind=MessageKind(kind),
        text=text,
        root=root,
        broadcast=broadcast,
        edited_at=edited_at,
        reactions=reactions,
        files=files,
        subtype=subtype,
    )


@lru_cache(4096)
def _extras(extra: str) -> tuple[tuple[Reaction, ...], tuple[FileMarker, ...], str]:
    """Return what `_extra` wrote; most messages have the same, none of it."""
    value = orjson.loads(extra)
    reactions = (
        Reaction(name=name, users=tuple(UserId(user) for user in users))
        for name, *users in value["reactions"]
    )
    files = (FileMarker(name=name, mimetype=mimetype) for name, mimetype in value["files"])
    return tuple(reactions), tuple(files), value["subtype"]
