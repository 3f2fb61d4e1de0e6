"""The engine that a language model drives: one request for a short window, map and reduce for a long one."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import replace

from core.chat import ChatModel, ChatRequest
from core.errors import GenerationFailed
from core.ids import MessageId
from summarize.cache.models import SegmentCache
from summarize.engine import Brief, Draft
from summarize.ground import Grounding
from summarize.llm.asking import raw_items
from summarize.llm.budget import Budget
from summarize.llm.chunks import segments
from summarize.llm.clipping import clipped
from summarize.llm.composing import Composer
from summarize.llm.handles import Handles
from summarize.llm.items import item_of
from summarize.llm.job import Job, Policy, room
from summarize.llm.layout import Sheet
from summarize.llm.requests import for_sheet
from summarize.llm.segments import Mapper, sheet_of, with_roots
from summarize.llm.serving import ServedPrompts
from summarize.material import Entry
from summarize.models import Item
from summarize.spotlight import canary, marker

NAME = "llm/1"
_WINDOWS = 512
SUMMARY, COMPOSE = "channel-summary", "channel-compose"

Separate = Callable[[Sequence[Entry]], list[list[int]]]


class LlmDrafter:
    """Words a summary with a language model. Items are as the model wrote them: the caller grounds them."""

    name = NAME

    def __init__(
        self,
        model: ChatModel,
        *,
        prompts: ServedPrompts,
        cache: SegmentCache,
        separate: Separate,
        secret: bytes,
        context_tokens: Callable[[], Awaitable[int]],
        policy: Policy | None = None,
    ) -> None:
        self._chat = model
        self._prompts = prompts
        self._separate = separate
        self._secret = secret
        self._context_tokens = context_tokens
        self._policy = policy or Policy()
        self._separated: OrderedDict[int, list[list[int]]] = OrderedDict()
        self._budget = Budget(model)
        self._mapper = Mapper(model, cache, self._budget, at_once=self._policy.at_once)
        self._composer = Composer(model, cache)

    @property
    def model(self) -> str:
        """The name of the language model."""
        return self._chat.name

    async def draft(self, brief: Brief) -> AsyncGenerator[Item | Draft, None]:
        """Yield each item once the model has written it, then the draft; see the port for the promise."""
        ends_at = asyncio.get_running_loop().time() + brief.deadline_s
        groups = await self._groups(brief.material.entries)
        job = await self._job(brief, groups, ends_at)
        tokens = await self._budget.for_messages(job)
        material, cut = clipped(brief.material, tokens=min(tokens, self._policy.segment))
        job = replace(job, brief=replace(brief, material=material))
        items: list[Item] = []
        async with aclosing(await self._steps(job, tokens)) as steps:
            async for item in steps:
                items.append(item)
                yield item
        yield replace(self._draft(job, items, groups), clipped=cut)

    async def _groups(self, entries: Sequence[Entry]) -> list[list[int]]:
        """Return the conversations, remembered for windows that are asked about again."""
        key = hash(
            tuple((e.message.id, e.message.author, e.message.root, e.message.at, e.text) for e in entries)
        )
        found = self._separated.get(key)
        if found is None:
            found = await asyncio.to_thread(self._separate, entries)
        self._separated[key] = found
        self._separated.move_to_end(key)
        while len(self._separated) > _WINDOWS:
            self._separated.popitem(last=False)
        return found

    async def _steps(self, job: Job, tokens: int) -> AsyncGenerator[Item, None]:
        """Return the way this window is drafted: in one request if it fits, else in stages."""
        every = {entry.message.id: entry for entry in job.brief.material.entries}
        whole = with_roots(job.brief.material.entries, every)
        if self._budget.weight(whole) <= min(tokens, self._policy.direct):
            sheet = sheet_of(job, whole)
            request = self._request(job, sheet)
            with suppress(GenerationFailed):  # it is longer in tokens than it looks: in stages, then
                await self._budget.check(job, request)
                return self._direct(job, sheet, request)
        return self._staged(job, min(tokens, self._policy.segment))

    def _request(self, job: Job, sheet: Sheet) -> ChatRequest:
        cap = job.summary.prompt.parameters.max_tokens
        limits = room(job.brief.detail, len(sheet.own), cap=cap, context_tokens=job.context_tokens)
        return for_sheet(job, sheet, detail=job.brief.detail, room=limits)

    async def _direct(self, job: Job, sheet: Sheet, request: ChatRequest) -> AsyncGenerator[Item, None]:
        """Yield the items of a window that fits one request."""
        job.tally.segments += 1
        async with aclosing(raw_items(self._chat, request, job.tally)) as raws:
            async for raw in raws:
                yield item_of(raw, sheet.ids, job)

    async def _staged(self, job: Job, tokens: int) -> AsyncGenerator[Item, None]:
        """Yield the items of a longer window: every segment's are made or found, then composed."""
        grounding = Grounding(job.brief.material)
        parts = segments(_in_line(job.brief.material.entries), tokens=tokens)
        nodes = await self._mapper.nodes(job, parts, grounding)
        budget = min(tokens, self._policy.condense)
        async with aclosing(self._composer.items(job, nodes, grounding, budget=budget)) as items:
            async for item in items:
                yield item

    async def _job(self, brief: Brief, groups: Sequence[Sequence[int]], ends_at: float) -> Job:
        entries = brief.material.entries
        labels: dict[MessageId, int] = {
            entries[place].message.id: number for number, group in enumerate(groups) for place in group
        }
        return Job(
            brief=brief,
            summary=await self._prompts.chosen(SUMMARY, brief.workspace),
            compose=await self._prompts.chosen(COMPOSE, brief.workspace),
            handles=Handles(brief.people, brief.material.names),
            labels=labels,
            marker=marker(brief.workspace, brief.channel.id, self._secret),
            canary=canary(self._secret),
            context_tokens=await self._context_tokens(),
            ends_at=ends_at,
        )

    def _draft(self, job: Job, items: Sequence[Item], groups: Sequence[Sequence[int]]) -> Draft:
        cited = {id for item in items for id in item.citations}
        shown = {label for id, label in job.labels.items() if id in cited}
        return Draft(
            items=tuple(items),
            conversations=len(groups),
            shown=len(shown),
            segments=job.tally.segments,
            reused=job.tally.reused,
            prompt=job.summary.label,
            arm=job.summary.arm,
            usage=job.tally.usage,
        )


def _in_line(entries: Sequence[Entry]) -> list[Entry]:
    """Return entries without the roots from before the window: those stand beside their replies in each segment."""
    roots = {entry.message.root for entry in entries if entry.message.root is not None}
    return [entry for entry in entries if not (entry.context and entry.message.id in roots)]
