"""The extractive engine behind the port of engines."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from core.embedding import Embedder
from summarize.engine import Brief, Draft
from summarize.extractive import NAME, Extractive
from summarize.models import Item


class ExtractiveDrafter:
    """Words a summary in the messages' own words, in a thread; needs no model node."""

    name = NAME

    def __init__(self, embedder: Embedder) -> None:
        self._engine = Extractive(embedder)

    @property
    def model(self) -> str:
        """The name of the embedder."""
        return self._engine.model

    async def draft(self, brief: Brief) -> AsyncGenerator[Item | Draft, None]:
        """Yield the items, then the draft; see the port for the promise."""
        draft = await asyncio.to_thread(self._engine.draft, brief.material, brief.detail)
        for item in draft.items:
            yield item
        yield draft
