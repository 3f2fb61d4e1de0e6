"""Asking a model for items: streamed, each as soon as it is whole."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from core.chat import ChatModel, ChatRequest
from core.errors import GenerationFailed
from summarize.llm.job import Tally
from summarize.llm.reader import ItemReader, Raw


async def raw_items(model: ChatModel, request: ChatRequest, tally: Tally) -> AsyncGenerator[Raw, None]:
    """Yield what the model writes, item by item; an answer that begins anew may repeat items.

    Raises ModelUnavailable and its kinds; GenerationFailed for an answer that was cut off or filtered.
    """
    reader = ItemReader()
    finish = None
    async with aclosing(model.stream(request)) as deltas:
        async for delta in deltas:
            if delta.restart:
                reader = ItemReader()
            for raw in reader.feed(delta.text):
                yield raw
            finish = delta.finish or finish
            if delta.usage is not None:
                tally.add(delta.usage)
    if finish != "stop":
        raise GenerationFailed(
            f"{model.name} was cut off after {request.max_tokens} tokens.",
            remedy="Ask for less detail, or give the prompt a larger max_tokens.",
        )
