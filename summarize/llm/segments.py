"""The map stage: each segment of a window into grounded items, once; finished work comes from the cache."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import TypeVar, cast

from core.chat import ChatModel, ChatRequest, Json
from core.errors import GenerationFailed
from core.ids import MessageId
from summarize.cache.models import SegmentCache, segment_key
from summarize.ground import Grounding
from summarize.llm.asking import raw_items
from summarize.llm.budget import Budget
from summarize.llm.chunks import Segment
from summarize.llm.items import from_bytes, item_of, to_bytes
from summarize.llm.job import Job, Room, room
from summarize.llm.layout import Sheet, lay_out
from summarize.llm.requests import for_sheet
from summarize.material import Entry
from summarize.models import Detail, Item, Message

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """Items of a part of the window, with what they were made from. `key` is the hash of what the model was sent."""

    key: str
    items: tuple[Item, ...]
    made_from: tuple[Message, ...]
    finished: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """A segment as it is sent."""

    sheet: Sheet
    key: str
    finished: bool


class Mapper:
    """Turns segments into nodes."""

    def __init__(self, model: ChatModel, cache: SegmentCache, budget: Budget, *, at_once: int) -> None:
        self._model = model
        self._cache = cache
        self._budget = budget
        self._at_once = at_once

    async def nodes(self, job: Job, segments: Sequence[Segment], grounding: Grounding) -> list[Node]:
        """Return a node for each segment that holds something to report, in order; only new ones cost tokens.

        Raises ModelUnavailable and its kinds, GenerationFailed.
        """
        parts = [part for segment in segments if (part := self._part(job, segment)).sheet.own]
        known = await self._cache.find(job.brief.workspace, [part.key for part in parts])
        job.tally.segments += len(parts)
        job.tally.reused += sum(part.key in known for part in parts)
        turn = asyncio.Semaphore(self._at_once)

        async def node(part: _Part) -> Node:
            if part.key in known:
                return _node(part, from_bytes(known[part.key]))
            async with turn:
                items = await self._made(job, part.sheet, grounding)
            await keep(self._cache, job, made := _node(part, items))
            return made

        return await together([node(part) for part in parts])

    async def _made(self, job: Job, sheet: Sheet, grounding: Grounding) -> tuple[Item, ...]:
        """Ask for a segment's items; what is too much for one request or answer is asked for in halves."""
        request = for_sheet(job, sheet, detail=Detail.FULL, room=map_room(job, len(sheet.own)))
        try:
            await self._budget.check(job, request)
            return await self._asked(job, sheet, request, grounding)
        except GenerationFailed:
            if len(sheet.entries) < 2:
                raise
        middle = len(sheet.entries) // 2
        halves = [sheet_of(job, part) for part in (sheet.entries[:middle], sheet.entries[middle:])]
        made = [await self._made(job, half, grounding) for half in halves if half.own]
        return tuple(item for items in made for item in items)

    async def _asked(
        self, job: Job, sheet: Sheet, request: ChatRequest, grounding: Grounding
    ) -> tuple[Item, ...]:
        kept: list[Item] = []
        async with aclosing(raw_items(self._model, request, job.tally)) as raws:
            async for raw in raws:
                settled = grounding.settle(item_of(raw, sheet.ids, job))
                if settled.item is not None and not grounding.repeats(settled.item, kept):
                    kept.append(settled.item)
        return tuple(kept)

    def _part(self, job: Job, segment: Segment) -> _Part:
        every = {entry.message.id: entry for entry in job.brief.material.entries}
        sheet = sheet_of(job, with_roots(segment.entries, every))
        return _Part(sheet=sheet, key=key_of(job, sheet, self._model.name), finished=segment.finished)


def _node(part: _Part, items: tuple[Item, ...]) -> Node:
    made_from = tuple(entry.message for entry in part.sheet.entries)
    return Node(key=part.key, items=items, made_from=made_from, finished=part.finished)


async def keep(cache: SegmentCache, job: Job, node: Node) -> None:
    """Keep what a node came to, unless a message has changed meanwhile."""
    brief = job.brief
    await cache.keep(
        brief.workspace, brief.channel.id, node.key, to_bytes(node.items), made_from=node.made_from
    )


async def together(jobs: Sequence[Coroutine[None, None, _T]]) -> list[_T]:
    """Return the results in order; the first failure ends the others and is raised as it is."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(job) for job in jobs]
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return [task.result() for task in tasks]


def sheet_of(job: Job, entries: Sequence[Entry]) -> Sheet:
    """Return entries as lines."""
    return lay_out(entries, labels=job.labels, handles=job.handles, marker=job.marker)


def map_room(job: Job, count: int) -> Room:
    """Return the room for the items of a segment: about one for five messages, in full, whatever the reader wants."""
    cap = job.summary.prompt.parameters.max_tokens
    limits = room(Detail.FULL, count, cap=cap, context_tokens=job.context_tokens)
    return limits.at_most(min(max(2, -(-count // 5)), 8))


def key_of(job: Job, sheet: Sheet, model: str) -> str:
    """Return the key of what a model makes of a sheet: of its messages, of all it is sent, and of who it is."""
    parameters: dict[str, Json] = {
        "lines": cast("list[Json]", list(sheet.rows)),
        "people": cast("dict[str, Json]", job.handles.legend(sheet.people)),
        "max_tokens": map_room(job, len(sheet.own)).max_tokens,
        "question": job.brief.question,
        "language": job.brief.language,
        "channel": job.channel,
    }
    messages = [entry.message for entry in sheet.entries]
    return segment_key(messages, prompt=job.summary.label, model=model, parameters=parameters)


def with_roots(entries: Iterable[Entry], every: Mapping[MessageId, Entry]) -> list[Entry]:
    """Return entries with the roots that their replies hang on, each as context before its first reply."""
    found: list[Entry] = []
    here: set[MessageId] = set()
    for entry in entries:
        root = entry.message.root
        if root is not None and root not in here and root in every and root != entry.message.id:
            found.append(replace(every[root], context=True))
            here.add(root)
        if entry.message.id not in here:
            found.append(entry)
            here.add(entry.message.id)
    return found
