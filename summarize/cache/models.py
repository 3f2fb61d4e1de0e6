"""The SegmentCache port, and the key of a finished segment."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

import orjson

from core.chat import Json
from core.ids import ChannelId, MessageId, WorkspaceId
from summarize.models import Message


class SegmentCache(Protocol):
    """What a model made of segments of conversation. Read only by keys of messages the reader was allowed to read."""

    async def find(self, workspace: WorkspaceId, keys: Sequence[str]) -> dict[str, bytes]:
        """Return the payloads that are kept, by key; what is missing, gone or damaged is left out."""
        ...

    async def keep(
        self,
        workspace: WorkspaceId,
        channel: ChannelId,
        key: str,
        payload: bytes,
        *,
        made_from: Sequence[Message],
    ) -> bool:
        """Keep a payload, in place of what the key had.

        False, and nothing is kept, if a message it was made from changed or vanished meanwhile. `made_from` is every
        message the model saw for it, context too.
        """
        ...

    async def invalidate(self, workspace: WorkspaceId, ids: Sequence[MessageId]) -> int:
        """Delete exactly the entries made from any of these messages; return how many."""
        ...

    async def forget(self, workspace: WorkspaceId, *, before: datetime | None = None) -> int:
        """Delete the entries kept before a moment, without one all of the workspace; return how many."""
        ...


def segment_key(
    messages: Iterable[Message], *, prompt: str, model: str, parameters: Mapping[str, Json]
) -> str:
    """Return the SHA-256, in hex, of all that a segment's outcome follows from.

    Messages count in order, with everything about them but reactions, which invalidate nothing either: who shows
    reactions to the model puts them into `parameters`. Equal keys mean equal content, so a key can only be computed
    by who has read every message of the segment.
    """
    content = [[_content(message) for message in messages], prompt, model, dict(parameters)]
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()


def purpose_of(key: str) -> str:
    """Return what a vault binds an entry's text to."""
    return f"segment/{key}"


def _content(message: Message) -> list[object]:
    return [
        message.workspace,
        message.channel,
        message.id,
        message.author,
        message.at,
        message.kind,
        message.text,
        message.root,
        message.broadcast,
        message.edited_at,
        message.subtype,
        [(file.name, file.mimetype) for file in message.files],
    ]
