"""A room whose summaries a language model words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest

from core.chat import ChatModel, ChatRequest
from core.database import Database
from prompts.chat import ScriptedChatModel
from prompts.registry import Registry
from prompts.store import PromptStore
from summarize.cache.memory import MemorySegmentCache
from summarize.extract_drafter import ExtractiveDrafter
from summarize.llm.drafter import LlmDrafter
from summarize.llm.job import Policy
from summarize.llm.serving import ServedPrompts
from summarize.material import Entry
from tests.support.scribe import scribe
from tests.support.talk import Room

SECRET = b"0" * 32


def one_talk(entries: Sequence[Entry]) -> list[list[int]]:
    """Take everything for one conversation."""
    return [list(range(len(entries)))] if entries else []


@dataclass(kw_only=True)
class Desk:
    """A room, the model that writes for it, and the cache between them."""

    room: Room
    model: ScriptedChatModel
    cache: MemorySegmentCache
    policy: Policy = field(default_factory=Policy)
    context: int = 8192
    models: list[ChatModel] = field(default_factory=list[ChatModel])

    @property
    def requests(self) -> list[ChatRequest]:
        return self.model.record.requests

    def seat(self, *models: ChatModel) -> None:
        """Let these models write, in order, before the extractive engine."""
        self.models = list(models)
        self.room.engines = (*map(self.drafter, models), ExtractiveDrafter(self.room.embedder))

    def drafter(self, model: ChatModel) -> LlmDrafter:
        registry = Registry(
            store=PromptStore(self.room.database), releases=self.room.releases, clock=self.room.clock
        )

        async def context() -> int:
            return self.context

        return LlmDrafter(
            model,
            prompts=ServedPrompts(registry, self.room.releases),
            cache=self.cache,
            separate=one_talk,
            secret=SECRET,
            context_tokens=context,
            policy=self.policy,
        )


@pytest.fixture
async def desk(sqlite_database: Database) -> Desk:
    """A furnished room with the shipped prompts, and a model that reports what tells something."""
    room = Room(database=sqlite_database)
    await room.furnish()
    registry = Registry(store=PromptStore(sqlite_database), releases=room.releases, clock=room.clock)
    await registry.publish_library()
    desk = Desk(
        room=room,
        model=ScriptedChatModel(scribe()),
        cache=MemorySegmentCache(room.messages.stored, clock=room.clock),
    )
    desk.seat(desk.model)
    return desk


@pytest.fixture
def spoiled(desk: Desk) -> Callable[[Callable[[dict[str, object]], dict[str, object]]], None]:
    """Seat a model whose every item is changed by a function."""

    def seat(change: Callable[[dict[str, object]], dict[str, object]]) -> None:
        desk.model = ScriptedChatModel(scribe(change))
        desk.seat(desk.model)

    return seat
