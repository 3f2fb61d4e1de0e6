"""The ChatModel behind a URL: vLLM, or any server that speaks the OpenAI chat-completions protocol."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Final, cast

import aiohttp
import orjson

from core.chat import ChatDelta, ChatRequest, Json
from core.errors import InvalidInput, ModelRefused, ModelUnavailable
from gpu.answers import readable
from gpu.openai_wire import AnswerReader, payload, refusal
from gpu.sse import SseParser
from gpu.watch import ENDLESS, Patience, Watch

CONNECT_SECONDS: Final = 5.0
KEEPALIVE_SECONDS: Final = 4.0  # below uvicorn's 5 s, so that a connection is never reused as it is closed
DRAIN_SECONDS: Final = 0.1
BYTES_A_TOKEN: Final = 3  # a cautious guess: English has about 4
_NO_TOKENIZER: Final = frozenset({404, 405, 501})


class OpenAIChatModel:
    """Speaks to one server; `url` with or without /v1, `name` as the server lists it.

    Use it in one event loop. Closing a stream closes its connection, on which vLLM frees the sequence.
    """

    def __init__(self, url: str, name: str, *, api_key: str | None = None, connections: int = 512) -> None:
        self._url = base_url(url)
        self._name = name
        self._headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None
        self._has_tokenizer = True

    @property
    def name(self) -> str:
        """The served model's name."""
        return self._name

    @property
    def counts_exactly(self) -> bool:
        """False once the server has said that it has no /tokenize."""
        return self._has_tokenizer

    def stream(self, request: ChatRequest) -> AsyncGenerator[ChatDelta, None]:
        """Yield the answer as the server streams it; see the port for the promise."""
        return self.attempt(request, ENDLESS)

    async def attempt(
        self, request: ChatRequest, patience: Patience, *, continuing: bool = False
    ) -> AsyncGenerator[ChatDelta, None]:
        """Yield the answer as `stream` does, with less patience: a server silent for too long is ModelTimeout, stalled.

        `continuing` (vLLM) goes on with the last message, the assistant's own.
        """
        watch = Watch(self._server, request, patience)
        parser, reader = SseParser(), AnswerReader(request, self._server)
        response = await self._begin(watch, payload(request, self._name, continuing=continuing), request)
        try:
            content = response.content
            while not reader.ended and (chunk := await self._read(watch, content)):
                for event in parser.feed(chunk):
                    if delta := reader.read(event):
                        watch.started = True
                        yield delta
            if delta := reader.end():
                yield delta
            if not content.at_eof():
                await _drain(response)
        finally:
            watch.stop()
            response.close()

    async def count_tokens(self, text: str) -> int:
        """Return what the server's /tokenize (vLLM) counts, without special tokens.

        A server that has none gets a third of the UTF-8 bytes, rounded up: more than most texts have.
        """
        if self._has_tokenizer:
            body = orjson.dumps({"model": self._name, "prompt": readable(text), "add_special_tokens": False})
            try:
                counted = (await self._json("/tokenize", body)).get("count")
                if isinstance(counted, int):
                    return counted
                self._has_tokenizer = False  # llama.cpp has a /tokenize of its own
            except ModelRefused as error:
                if error.status not in _NO_TOKENIZER:
                    raise
                self._has_tokenizer = False
        return -(-len(text.encode("utf-8", "replace")) // BYTES_A_TOKEN)

    async def get(self, path: str, timeout_s: float) -> tuple[int, str]:
        """Return the status and the text of a page of the server's; raise ModelUnavailable if there is no answer."""
        try:
            async with asyncio.timeout(timeout_s), self._opened().get(self._url + path) as response:
                return response.status, await response.text(errors="replace")
        except (aiohttp.ClientError, OSError) as error:
            raise self._unreachable(error) from error

    async def served(self) -> tuple[str, ...]:
        """Return the names of the models that the server lists."""
        listed = cast("list[dict[str, Json]]", (await self._json("/v1/models", None))["data"])
        return tuple(str(entry["id"]) for entry in listed)

    async def close(self) -> None:
        """Close every connection; a second call does nothing."""
        if self._session is not None:
            session, self._session = self._session, None
            await session.close()

    @property
    def _server(self) -> str:
        return f"{self._name} at {self._url}"

    async def _post(
        self, path: str, body: bytes | None, request: ChatRequest | None = None
    ) -> aiohttp.ClientResponse:
        """Return the response, its body unread; GET where there is no body to send."""
        method = "GET" if body is None else "POST"
        try:
            response = await self._opened().request(method, self._url + path, data=body)
        except (aiohttp.ClientError, OSError) as error:
            raise self._unreachable(error) from error
        if response.status != 200:
            raise await self._refusal(response, request)
        return response

    async def _json(self, path: str, body: bytes | None) -> dict[str, Json]:
        """Return a small JSON answer."""
        try:
            async with asyncio.timeout(CONNECT_SECONDS), await self._post(path, body) as response:
                return cast("dict[str, Json]", orjson.loads(await response.read()))
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise self._unreachable(error) from error

    async def _begin(self, watch: Watch, body: bytes, request: ChatRequest) -> aiohttp.ClientResponse:
        """Return the response to a request for a stream; raise ModelTimeout when none comes in time."""
        try:
            async with asyncio.timeout_at(watch.first_due if watch.first_due < math.inf else None):
                return await self._post("/v1/chat/completions", body, request)
        except TimeoutError as error:
            raise watch.expired() from error

    async def _read(self, watch: Watch, content: aiohttp.StreamReader) -> bytes:
        """Return the next bytes of a stream, none at its end."""
        try:
            return await watch.read(content)
        except (aiohttp.ClientError, OSError) as error:
            raise self._unreachable(error) from error

    async def _refusal(self, response: aiohttp.ClientResponse, request: ChatRequest | None) -> ModelRefused:
        """Return the error that an answer with an error status stands for."""
        try:
            answer: object = orjson.loads(await response.content.read(65_536))
        except (aiohttp.ClientError, OSError, ValueError):
            answer = None
        finally:
            response.close()
        answer = cast("dict[str, Json]", answer) if isinstance(answer, dict) else {}
        said, later = answer.get("error", answer.get("message")), response.headers.get("Retry-After")
        return refusal(self._server, response.status, said, request, later)

    def _unreachable(self, error: Exception) -> ModelUnavailable:
        """Return the error for a connection that failed or broke."""
        return ModelUnavailable(
            f"{self._server} cannot be reached, or broke off: {type(error).__name__}.",
            remedy="Check the URL, and that the server runs (GET /health).",
        )

    def _opened(self) -> aiohttp.ClientSession:
        """Return the session, opened in the running loop on first use."""
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=self._connections, keepalive_timeout=KEEPALIVE_SECONDS)
            timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS)
            headers = self._headers | {"Content-Type": "application/json"}
            self._session = aiohttp.ClientSession(
                connector=connector, timeout=timeout, headers=headers, cookie_jar=aiohttp.DummyCookieJar()
            )
        return self._session


async def _drain(response: aiohttp.ClientResponse) -> None:
    """Wait a moment for the end of the body after the end of the answer, so that the connection is reused."""
    with suppress(TimeoutError, aiohttp.ClientError, OSError):
        async with asyncio.timeout(DRAIN_SECONDS):
            await response.content.readany()


def base_url(url: str) -> str:
    """Return a server's URL without a trailing / or /v1; raise InvalidInput for what is no http URL."""
    if not url.startswith(("http://", "https://")) or not url.partition("://")[2].strip("/"):
        raise InvalidInput(
            "url", url, "must be an http or https URL", remedy="For example http://127.0.0.1:8000."
        )
    return url.rstrip("/").removesuffix("/v1").rstrip("/")
