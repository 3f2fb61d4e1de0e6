"""The hash of what a summary was made from: the same permitted messages, the same hash."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import orjson

from summarize.models import Message


def input_hash(messages: Iterable[Message]) -> str:
    """Return the first 16 hex digits of the SHA-256 of messages in order, all their content included."""
    return hashlib.sha256(orjson.dumps([_content(message) for message in messages])).hexdigest()[:16]


def _content(m: Message) -> list[object]:
    reactions = [(r.name, r.users) for r in m.reactions]
    files = [(file.name, file.mimetype) for file in m.files]
    said = [m.workspace, m.id, m.channel, m.author, m.at, m.text, m.kind, m.root, m.broadcast, m.edited_at]
    return [*said, reactions, files, m.subtype]
