"""How many tokens a summary costs after k new messages in a long window, against summarizing afresh.

    python -m benchmarks.incremental                  # 2,000 messages of the sample workspace; k = 1, 10, 100, 1000
    python -m benchmarks.incremental --window 4000

The window is summarized, k messages come, and it is summarized again. "Sent" counts every prompt token of the second
time. "Needed" is what no method that asks a model at all can leave out: the requests that hold a new message, and the
last composition. The model is scripted (it reports what decides, asks or promises something); what is sent does not
depend on how well a model writes, but on how much: the more items, the more to compose.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import chain

from rich.console import Console
from rich.table import Table

from benchmarks.planted import sample
from core.chat import ChatRequest
from core.clock import SystemClock
from core.directory import Channel, Person
from core.ids import ChannelId, MessageId, WorkspaceId
from core.releases import Stage
from prompts.chat import ScriptedChatModel
from prompts.parse import read_prompt
from prompts.registry import LIBRARY
from summarize.cache.memory import MemorySegmentCache
from summarize.conversations.separate import separate
from summarize.engine import Brief, Draft
from summarize.llm.drafter import LlmDrafter
from summarize.llm.serving import Chosen
from summarize.material import Reading, prepare
from summarize.models import Message, Window
from summarize.names import Names
from tests.support.scribe import is_composition, rows_in, scribe

PLACE = Channel(id=ChannelId("C_ALL"), name="everything")


class Shipped:
    """Serves the prompts of the library."""

    async def chosen(self, name: str, workspace: WorkspaceId) -> Chosen:
        """Return the shipped version."""
        return Chosen(prompt=read_prompt(LIBRARY / f"{name}.md"), arm=str(Stage.LIVE))


class Bench:
    """One channel, its messages, and a model that counts what it is sent."""

    def __init__(self, messages: Sequence[Message], people: Sequence[Person], context: int) -> None:
        self._people = people
        self._messages = {message.id: message for message in messages}
        self._context = context
        self.model = ScriptedChatModel(scribe())
        cache = MemorySegmentCache(self._stored, clock=SystemClock())
        self._drafter = LlmDrafter(
            self.model,
            prompts=Shipped(),
            cache=cache,
            separate=separate,
            secret=b"0" * 32,
            context_tokens=self._tokens,
        )

    async def _tokens(self) -> int:
        return self._context

    async def _stored(self, _: WorkspaceId, ids: Sequence[MessageId]) -> dict[MessageId, Message]:
        return {id: self._messages[id] for id in ids if id in self._messages}

    async def summarize(self, messages: Sequence[Message]) -> tuple[Draft, list[ChatRequest]]:
        """Return the draft and what was asked for it."""
        self.model.record.requests.clear()
        window = Window(since=messages[0].at, until=messages[-1].at + timedelta(seconds=1))
        material = prepare(Reading(window=window, found=messages), Names(self._people, [PLACE]))
        people = {person.id: person for person in self._people}
        workspace = messages[0].workspace
        brief = Brief(workspace=workspace, channel=PLACE, material=material, people=people, deadline_s=600)
        draft = Draft()
        async with aclosing(self._drafter.draft(brief)) as steps:
            async for step in steps:
                draft = step if isinstance(step, Draft) else draft
        return draft, list(self.model.record.requests)

    async def tokens(self, requests: Sequence[ChatRequest]) -> int:
        """Return the prompt tokens of requests."""
        return sum(
            [await self.model.count_tokens(m.content) for request in requests for m in request.messages]
        )


def one_channel(count: int) -> tuple[list[Message], Sequence[Person]]:
    """Return so many messages of the sample workspace, all channels in one, the newest at the end."""
    drawn = sample()
    every = sorted(chain.from_iterable(drawn.channels.values()), key=lambda m: (m.at, m.id))
    if len(every) < count:
        raise SystemExit(f"the sample has {len(every)} messages; ask for a shorter window.")
    return [replace(message, channel=PLACE.id) for message in every[-count:]], drawn.people


def holds(request: ChatRequest, texts: frozenset[str]) -> bool:
    """Tell whether a request sends one of these lines, or is a composition."""
    return any(f"{row['at']} {row['text']}" in texts for row in rows_in(request, "messages"))


async def run(size: int, steps: Sequence[int], context: int) -> None:
    messages, people = one_channel(size)
    table = Table(title=f"{size} messages, context {context}; prompt tokens")
    for name in ("k new", "sent", "needed", "sent / needed", "afresh", "afresh / sent", "segments", "reused"):
        table.add_column(name, justify="right")
    for k in steps:
        bench = Bench(messages, people, context)
        await bench.summarize(messages[: size - k])
        draft, requests = await bench.summarize(messages)
        sent = await bench.tokens(requests)
        needed = await bench.tokens(_needed(requests, messages[size - k :], people))
        _, fresh = await Bench(messages, people, context).summarize(messages)
        afresh = await bench.tokens(fresh)
        figures = (k, sent, needed, f"{sent / needed:.2f}", afresh, f"{afresh / sent:.1f}x")
        table.add_row(*map(str, (*figures, draft.segments, draft.reused)))
    Console().print(table)


def _needed(
    requests: Sequence[ChatRequest], new: Sequence[Message], people: Sequence[Person]
) -> list[ChatRequest]:
    """Return the requests that send a new message, and the last composition."""
    window = Window(since=new[0].at, until=datetime.max.replace(tzinfo=UTC))
    entries = prepare(Reading(window=window, found=new), Names(people, [PLACE])).entries
    texts = frozenset(f"{entry.message.at:%Y-%m-%dT%H:%MZ} {entry.text}" for entry in entries)
    segments = [r for r in requests if not is_composition(r) and holds(r, texts)]
    return [*segments, *[r for r in requests if is_composition(r)][-1:]]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--window", type=int, default=2000, help="messages in the window")
    parser.add_argument("--context", type=int, default=8192, help="the model's context in tokens")
    parser.add_argument("-k", type=int, nargs="*", default=[1, 10, 100, 1000], help="new messages")
    chosen = parser.parse_args()
    asyncio.run(run(chosen.window, chosen.k, chosen.context))


if __name__ == "__main__":
    main()
