"""The ChatModel on this machine: any Hugging Face chat model, on the CPU or one GPU, through transformers."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING

from core.chat import ChatDelta, ChatRequest
from core.errors import CatchupError, ModelUnavailable
from gpu.answers import timed_out
from gpu.job import Job, ModelSource

if TYPE_CHECKING:
    from gpu.hub import LoadedModel

Deliver = Callable[["ChatDelta | CatchupError"], None]


class LocalChatModel:
    """Answers one request at a time, in a thread of its own; the others wait, within their deadlines.

    Loads on first use (which a deadline does not spare) or by `load`. Closing a stream ends its generation at
    the next token.
    """

    def __init__(self, source: ModelSource, *, name: str | None = None) -> None:
        self._source = source
        self._name = name or source.path_or_hub_id
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="local-chat-model")
        self._lock = threading.Lock()
        self._loaded: LoadedModel | None = None
        self._closed = False
        self._running = 0

    @property
    def name(self) -> str:
        """The name given, or the path or hub id."""
        return self._name

    @property
    def running(self) -> int:
        """How many generations run or wait."""
        return self._running

    def load(self) -> LoadedModel:
        """Load the model now; a second call does nothing. Raises ModelUnavailable."""
        with self._lock:
            if self._closed:
                raise self._closed_error()
            if self._loaded is None:
                from gpu.hub import load

                self._loaded = load(self._source)
            return self._loaded

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ChatDelta, None]:
        """Yield the answer token by token; see the port for the promise."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + request.deadline_s
        pieces: asyncio.Queue[ChatDelta | CatchupError] = asyncio.Queue()
        unwanted = threading.Event()

        def deliver(piece: ChatDelta | CatchupError) -> None:
            with suppress(RuntimeError):  # the loop is closed: nobody listens
                loop.call_soon_threadsafe(pieces.put_nowait, piece)

        self._submit(request, deliver, unwanted)
        try:
            finished = False
            while not finished:
                piece = await self._next(pieces, deadline, request)
                finished = piece.finish is not None
                yield piece
        finally:
            unwanted.set()

    async def count_tokens(self, text: str) -> int:
        """Return how many tokens the model's tokenizer makes of a text, without special ones."""
        return await asyncio.to_thread(lambda: self.load().count(text))

    async def close(self) -> None:
        """End what runs and release the model; a second call does nothing."""
        self._closed = True
        await asyncio.to_thread(self._worker.shutdown)
        self._loaded = None

    def _submit(self, request: ChatRequest, deliver: Deliver, unwanted: threading.Event) -> None:
        """Queue a generation for the worker thread."""
        if self._closed:
            raise self._closed_error()
        with self._lock:
            self._running += 1
        job = self._worker.submit(self._generate, request, deliver, unwanted)
        job.add_done_callback(lambda _: self._one_less())

    def _closed_error(self) -> ModelUnavailable:
        return ModelUnavailable(f"{self._name} was closed.", remedy="Make a new LocalChatModel.")

    def _one_less(self) -> None:
        with self._lock:
            self._running -= 1

    def _generate(self, request: ChatRequest, deliver: Deliver, unwanted: threading.Event) -> None:
        """Do one generation in the worker thread; whatever goes wrong is delivered."""

        def cancelled() -> bool:
            return unwanted.is_set() or self._closed

        try:
            if not cancelled():
                self._answer(Job(request=request, emit=deliver, cancelled=cancelled))
        except CatchupError as error:
            deliver(error)
        except Exception as error:  # a model's code may raise anything; the caller must hear of it
            failure = ModelUnavailable(
                f"{self._name} failed: {type(error).__name__}.",
                remedy="See the log; the model may need more memory, or not suit this version of transformers.",
            )
            failure.__cause__ = error
            deliver(failure)
        if self._closed:
            deliver(self._closed_error())

    def _answer(self, job: Job) -> None:
        """Load the model if this is its first request, and generate."""
        loaded = self.load()
        from gpu.decoding import generate

        generate(loaded, job)

    async def _next(
        self, pieces: asyncio.Queue[ChatDelta | CatchupError], deadline: float, request: ChatRequest
    ) -> ChatDelta:
        """Return the next piece, or raise what ended the generation."""
        try:
            async with asyncio.timeout_at(deadline):
                piece = await pieces.get()
        except TimeoutError as error:
            raise timed_out(self._name, request) from error
        if isinstance(piece, CatchupError):
            raise piece
        return piece
