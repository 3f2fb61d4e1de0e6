"""From what a model wrote to items, and items at rest: the first may be anything, the second is as it was kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, TypeVar, cast

import orjson

from core.chat import Json
from core.ids import MessageId, UserId
from summarize.llm.handles import Handles
from summarize.llm.job import Job
from summarize.llm.reader import Raw
from summarize.models import Item, ItemKind
from summarize.spotlight import leaks

_T = TypeVar("_T")
_KINDS = frozenset(ItemKind)


def item_of(raw: Raw, ids: Mapping[str, MessageId], job: Job) -> Item:
    """Return what a model wrote as an item, without ids and people that do not exist; grounding judges the rest.

    A text that tells of the prompt itself is left out.
    """
    handles = job.handles
    owner = raw.get("owner")
    due = raw.get("due")
    return Item(
        kind=_kind(raw.get("kind")),
        text=_text(raw, job),
        citations=_ids(raw.get("citations"), ids),
        participants=_users(raw.get("participants"), handles),
        owner=handles.user(owner) if isinstance(owner, str) else None,
        due=due.strip() or None if isinstance(due, str) else None,
        superseded=_ids(raw.get("superseded"), ids),
    )


def merged(raw: Raw, sources: Mapping[str, Item], job: Job) -> Item | None:
    """Return an item that a model made of earlier ones, with all that those cite; None if it names none of them."""
    chosen = [sources[name] for name in dict.fromkeys(_texts(raw.get("sources"))) if name in sources]
    if not chosen:
        return None
    first = chosen[0]
    single = len(chosen) == 1
    owner = raw.get("owner")
    named = job.handles.user(owner) if isinstance(owner, str) else None
    return Item(
        kind=first.kind if single else _kind(raw.get("kind")),
        text=_text(raw, job) or first.text,
        citations=_once(id for item in chosen for id in item.citations),
        participants=_once(user for item in chosen for user in item.participants),
        owner=named if named in {item.owner for item in chosen} else first.owner,
        due=next((item.due for item in chosen if item.due), None),
        superseded=_once(id for item in chosen for id in item.superseded),
    )


def to_bytes(items: Sequence[Item]) -> bytes:
    """Return items as they are kept in the cache."""
    return orjson.dumps([asdict(item) for item in items])


def from_bytes(payload: bytes) -> tuple[Item, ...]:
    """Return the items of the cache."""
    return tuple(_kept(cast("dict[str, Any]", entry)) for entry in orjson.loads(payload))


def _kept(entry: Mapping[str, Any]) -> Item:
    return Item(
        kind=ItemKind(entry["kind"]),
        text=entry["text"],
        citations=tuple(MessageId(id) for id in entry["citations"]),
        participants=tuple(UserId(id) for id in entry["participants"]),
        owner=None if entry["owner"] is None else UserId(entry["owner"]),
        due=entry["due"],
        superseded=tuple(MessageId(id) for id in entry["superseded"]),
    )


def _text(raw: Raw, job: Job) -> str:
    text = str(raw.get("text") or "")
    return "" if leaks(text, job.canary) else job.handles.spoken(text).strip()


def _kind(value: Json) -> ItemKind:
    return ItemKind(value) if isinstance(value, str) and value in _KINDS else ItemKind.TOPIC


def _texts(value: Json) -> list[str]:
    return [entry for entry in value if isinstance(entry, str)] if isinstance(value, list) else []


def _ids(value: Json, ids: Mapping[str, MessageId]) -> tuple[MessageId, ...]:
    return _once(ids[short] for short in _texts(value) if short in ids)


def _users(value: Json, handles: Handles) -> tuple[UserId, ...]:
    return _once(user for text in _texts(value) if (user := handles.user(text)) is not None)


def _once(values: Iterable[_T]) -> tuple[_T, ...]:
    return tuple(dict.fromkeys(values))
