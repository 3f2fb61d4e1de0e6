"""A ChatModel from a setting: one URL or several, asked for what the setting leaves out, at first use."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Final

from core.chat import ChatDelta, ChatModel, ChatRequest
from core.errors import InvalidInput, ModelRefused, ModelUnavailable
from gpu.listing import Listed, listed
from gpu.openai_client import base_url
from gpu.schemaless import AnySchemaChatModel

DEFAULT_CONTEXT: Final = 8192
_NO_LISTING: Final = frozenset({404, 405, 501})

Connect = Callable[[Sequence[str], str], ChatModel]


class ServerChatModel:
    """Contacts nothing before its first use; keeps JSON schemas even where the server does not.

    `connect` makes the model of some URLs and a name. Use it in one event loop. Raises InvalidInput for a bad URL.
    """

    def __init__(
        self,
        urls: Sequence[str],
        connect: Connect,
        *,
        name: str = "",
        api_key: str | None = None,
        context: int | None = None,
    ) -> None:
        if not urls:
            raise InvalidInput("url", "", "is empty", remedy="Give the URL of an OpenAI-compatible server.")
        self._urls = tuple(base_url(url) for url in urls)
        self._connect = connect
        self._name = name
        self._api_key = api_key
        self._context = context
        self._chat: AnySchemaChatModel | None = None
        self._lock = asyncio.Lock()

    @property
    def name(self) -> str:
        """The model's name; the first URL until a server has told the name."""
        return self._name or self._urls[0]

    @property
    def counts_exactly(self) -> bool:
        """Whether the server counts tokens itself, as far as is known."""
        return self._chat is None or self._chat.counts_exactly

    @property
    def answers_by(self) -> str:
        """How the server is brought to keep a schema, empty before the first use."""
        return "" if self._chat is None else str(self._chat.mode)

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ChatDelta, None]:
        """Yield the answer; see the port for the promise."""
        chat = await self._connected()
        async with aclosing(chat.stream(request)) as deltas:
            async for delta in deltas:
                yield delta

    async def count_tokens(self, text: str) -> int:
        """Return how many tokens the served model's tokenizer makes of a text."""
        return await (await self._connected()).count_tokens(text)

    async def context_tokens(self) -> int:
        """Return how many tokens prompt and answer may have together; raises ModelUnavailable."""
        if self._context is None:
            entries = {entry.name: entry for entry in await self._listing()}
            entry = entries.get(self._name) or (next(iter(entries.values())) if len(entries) == 1 else None)
            self._context = (entry.context_tokens if entry else None) or DEFAULT_CONTEXT
        return self._context

    async def close(self) -> None:
        """Close every connection; a second call does nothing."""
        if self._chat is not None:
            await self._chat.close()

    async def _connected(self) -> AnySchemaChatModel:
        """Return the model, its name asked for if need be."""
        async with self._lock:
            if self._chat is None:
                self._name = self._name or await self._only_name()
                self._chat = AnySchemaChatModel(self._connect(self._urls, self._name))
            return self._chat

    async def _only_name(self) -> str:
        """Return the name of the one model that the server lists; raises ModelUnavailable."""
        names = [entry.name for entry in await listed(self._urls, api_key=self._api_key)]
        if len(names) == 1:
            return names[0]
        shown = ", ".join(names[:20]) or "none"
        raise ModelUnavailable(
            f"{self._urls[0]} lists {len(names)} models ({shown}), and no setting says which to use.",
            remedy="Set CATCHUP_LLM_MODEL, or `model` in the file of CATCHUP_MODELS, to one of them.",
        )

    async def _listing(self) -> tuple[Listed, ...]:
        """Return what the server lists, nothing if it has no listing."""
        try:
            return await listed(self._urls, api_key=self._api_key)
        except ModelRefused as error:
            if error.status in _NO_LISTING:
                return ()
            raise
