"""The reduce stage: the items of all parts into one summary. What a group of finished parts comes to is kept, too."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime

import orjson

from core.chat import ChatModel, ChatRequest, Json
from core.ids import MessageId
from summarize.cache.models import SegmentCache
from summarize.ground import Grounding
from summarize.llm.asking import raw_items
from summarize.llm.chunks import is_group_end
from summarize.llm.items import from_bytes, merged
from summarize.llm.job import Job, room
from summarize.llm.layout import Row
from summarize.llm.requests import for_items
from summarize.llm.segments import Node, keep, together
from summarize.models import Detail, Item

_GROUP = 4  # nodes, where all must be condensed
_CONDENSED = 8  # items of a group, at most
_FEW = 2  # items that are told as they are


class Composer:
    """Turns nodes into one summary's items."""

    def __init__(self, model: ChatModel, cache: SegmentCache) -> None:
        self._model = model
        self._cache = cache

    async def items(
        self, job: Job, nodes: Sequence[Node], grounding: Grounding, *, budget: int
    ) -> AsyncGenerator[Item, None]:
        """Yield the summary's items; raises ModelUnavailable and its kinds, GenerationFailed."""
        nodes = await self._condensed(job, nodes, grounding, budget)
        items = [item for node in nodes for item in node.items]
        if len(items) <= _FEW:
            for item in items:
                yield item
            return
        sources = {f"i{number}": item for number, item in enumerate(items, start=1)}
        request = self._request(job, sources, job.brief.detail)
        async with aclosing(self._composed(job, request, sources, grounding)) as composed:
            async for item in composed:
                yield item

    async def _composed(
        self, job: Job, request: ChatRequest, sources: Mapping[str, Item], grounding: Grounding
    ) -> AsyncGenerator[Item, None]:
        told = False
        async with aclosing(raw_items(self._model, request, job.tally)) as raws:
            async for raw in raws:
                item = merged(raw, sources, job)
                if item is not None:
                    told = True
                    yield _borne_out(item, raw.get("sources"), sources, grounding)
        if not told and not job.brief.question:  # what was found is told as it is rather than lost
            for item in list(sources.values())[:_CONDENSED]:
                yield item

    async def _condensed(
        self, job: Job, nodes: Sequence[Node], grounding: Grounding, budget: int
    ) -> Sequence[Node]:
        """Return nodes whose items fit the budget: what is finished is condensed by groups, and those by groups again.

        Only if that is not enough is everything condensed, finished or not.
        """
        while _weight(nodes) > budget:
            groups = _finished_groups(nodes, budget // 2)
            if len(groups) == len(nodes):
                break
            nodes = await self._by_groups(job, groups, grounding)
        while _weight(nodes) > budget and len(nodes) > 1:
            groups = [nodes[start : start + _GROUP] for start in range(0, len(nodes), _GROUP)]
            nodes = await self._by_groups(job, groups, grounding)
        return nodes

    async def _by_groups(
        self, job: Job, groups: Sequence[Sequence[Node]], grounding: Grounding
    ) -> list[Node]:
        return await together([self._one(job, group, grounding) for group in groups])

    async def _one(self, job: Job, group: Sequence[Node], grounding: Grounding) -> Node:
        """Return one node for a group, from the cache if it was made before."""
        if len(group) == 1:
            return group[0]
        key = self._key(job, group)
        made_from = tuple({m.id: m for node in group for m in node.made_from}.values())
        known = (await self._cache.find(job.brief.workspace, [key])).get(key)
        items = from_bytes(known) if known is not None else await self._made(job, group, grounding)
        finished = all(node.finished for node in group)
        node = Node(key=key, items=items, made_from=made_from, finished=finished)
        if known is None:
            await keep(self._cache, job, node)
        return node

    async def _made(self, job: Job, group: Sequence[Node], grounding: Grounding) -> tuple[Item, ...]:
        every = [item for node in group for item in node.items]
        sources = {f"i{number}": item for number, item in enumerate(every, start=1)}
        if len(sources) <= _FEW:
            return tuple(every)
        kept: list[Item] = []
        request = self._request(job, sources, Detail.FULL, most=_CONDENSED)
        async with aclosing(self._composed(job, request, sources, grounding)) as composed:
            async for item in composed:
                settled = grounding.settle(item).item
                if settled is not None and not grounding.repeats(settled, kept):
                    kept.append(settled)
        return tuple(kept)

    def _request(
        self, job: Job, sources: Mapping[str, Item], detail: Detail, *, most: int | None = None
    ) -> ChatRequest:
        cap = job.compose.prompt.parameters.max_tokens
        limits = room(detail, 5 * len(sources), cap=cap, context_tokens=job.context_tokens)
        limits = limits if most is None else limits.at_most(most)
        times = {entry.message.id: entry.message.at for entry in job.brief.material.entries}
        rows = [_row(name, item, job, times) for name, item in sources.items()]
        return for_items(job, sources, rows, detail=detail, room=limits)

    def _key(self, job: Job, group: Sequence[Node]) -> str:
        parts = [[node.key for node in group], job.compose.label, self._model.name, job.brief.question]
        return hashlib.sha256(orjson.dumps([*parts, job.brief.language, job.context_tokens])).hexdigest()


def _borne_out(item: Item, names: Json, sources: Mapping[str, Item], grounding: Grounding) -> Item:
    """Return a composed item, or its first source in that one's own words if the composed ones do not hold."""
    if grounding.settle(item).item is not None or not isinstance(names, list):
        return item
    return next((sources[name] for name in names if isinstance(name, str) and name in sources), item)


def _row(name: str, item: Item, job: Job, times: Mapping[MessageId, datetime]) -> Row:
    """Return an item as a line of the prompt."""
    at = sorted(times[id] for id in item.citations if id in times)
    row: Row = {"id": name, "kind": str(item.kind), "text": item.text}
    if at:
        row["at"] = f"{at[0]:%Y-%m-%dT%H:%MZ}"
    if len(at) > 1 and at[-1] != at[0]:
        row["until"] = f"{at[-1]:%Y-%m-%dT%H:%MZ}"
    row["from"] = [job.handles.of(user) for user in item.participants[:4]]
    if item.owner is not None:
        row["owner"] = job.handles.of(item.owner)
    if item.due is not None:
        row["due"] = item.due
    return row


def _weight(nodes: Sequence[Node]) -> int:
    """Return about how many tokens the lines of all items take."""
    return sum(45 + len(item.text.encode()) // 3 for node in nodes for item in node.items)


def _finished_groups(nodes: Sequence[Node], tokens: int) -> list[Sequence[Node]]:
    """Return groups of finished nodes of about so many tokens, the rest one by one.

    A group's end follows from what is before it and from the last key, so that neither growing nor, mostly, sliding
    makes other groups.
    """
    groups: list[Sequence[Node]] = []
    some: list[Node] = []
    for node in nodes:
        some.append(node)
        size = _weight(some)
        full = size >= tokens or (size >= tokens // 2 and is_group_end(node.key))
        if full and len(some) > 1 and node.finished:
            groups.append(some)
            some = []
    return [*groups, *([one] for one in some)]
