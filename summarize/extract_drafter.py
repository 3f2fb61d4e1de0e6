"""The embedded engine behind the port that the language model has."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from core.embedding import Embedder
from summarize.engine import Brief, Draft
from summarize.extractive import NAME, compose_draft
from summarize.models import Item


class ExtractiveDrafter:
    """A Drafter without a model: what it tells is there at once, in the messages' own words."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    @property
    def name(self) -> str:
        """The engine, with its version."""
        return NAME

    @property
    def model(self) -> str:
        """The name of the embedder."""
        return self._embedder.name

    async def draft(self, brief: Brief) -> AsyncGenerator[Item | Draft, None]:
        """Yield the items of the material, then the whole draft; works in a thread and never fails for want of a model.

        `language`, `priority` and `deadline_s` are not heeded: quotations stay as they are, and it takes no queue.
        """
        made = await asyncio.to_thread(
            compose_draft, brief.material, brief.detail, self._embedder, brief.question
        )
        for item in made.items:
            yield item
        yield made
