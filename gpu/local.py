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
from gpu.job import Job, JobQueue, ModelSource

if TYPE_CHECKING:
    from gpu.decoding import Decoder
    from gpu.hub import LoadedModel

Deliver = Callable[["ChatDelta | CatchupError"], None]


class LocalChatModel:
    """Answers up to `max_batch` requests at once, in a thread of its own; the others wait, most urgent first.

    Loads on first use (which a deadline does not spare) or by `load`. Closing a stream ends its generation at
    the next token. `context` lowers the model's own limit.
    """

    def __init__(
        self, source: ModelSource, *, name: str | None = None, max_batch: int = 8, context: int | None = None
    ) -> None:
        self._source = source
        self._name = name or source.path_or_hub_id
        self._max_batch = max_batch
        self._context = context
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="local-chat-model")
        self._loading = threading.Lock()
        self._books = threading.Lock()
        self._waiting = JobQueue()
        self._serving = False
        self._loaded: LoadedModel | None = None
        self._decoder: Decoder | None = None
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
        with self._loading:
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

    async def context_tokens(self) -> int:
        """Return how many tokens prompt and answer may have together; loads the model. Raises ModelUnavailable."""
        loaded = await asyncio.to_thread(self.load)
        return min(loaded.context, self._context or loaded.context)

    async def close(self) -> None:
        """End what runs and release the model; a second call does nothing."""
        self._closed = True
        await asyncio.to_thread(self._worker.shutdown)
        self._loaded = self._decoder = None

    def _submit(self, request: ChatRequest, deliver: Deliver, unwanted: threading.Event) -> None:
        """Queue a generation, and set the worker thread going if it rests."""

        def done() -> None:
            with self._books:
                self._running -= 1
            if self._closed:
                deliver(self._closed_error())

        def cancelled() -> bool:
            return unwanted.is_set() or self._closed

        with self._books:
            if self._closed:
                raise self._closed_error()
            self._running += 1
            self._waiting.put(Job(request=request, emit=deliver, cancelled=cancelled, done=done))
            if not self._serving:
                self._serving = True
                self._worker.submit(self._serve)

    def _serve(self) -> None:
        """Work in the worker thread until nothing runs and nothing waits; whatever breaks it is told to all."""
        try:
            self._work()
        except (
            Exception
        ) as error:  # nobody would hear of it here, and the others would wait for their deadlines
            self._give_up(error)

    def _give_up(self, error: Exception) -> None:
        """Tell every request that runs or waits, and begin anew with the next."""
        with self._books:
            self._serving = False
            jobs = self._waiting.take(self._running)
        decoder, self._decoder = self._decoder, None
        for job in [*(decoder.jobs if decoder else ()), *jobs]:
            job.emit(
                ModelUnavailable(
                    f"{self._name} failed: {type(error).__name__}.",
                    remedy="See the log; the model may need more memory, or a smaller CATCHUP_MODEL_BATCH.",
                )
            )
            job.done()

    def _work(self) -> None:
        """Admit and step until nothing runs and nothing waits.

        One job joins in every step, so that a crowd's prompts do not hold up those who are being answered.
        """
        while True:
            room = self._decoder.room if self._decoder else 1
            active = self._decoder.active if self._decoder else 0
            with self._books:
                jobs = self._waiting.take(min(1, room))
                if not jobs and not active:
                    self._serving = False
                    return
            for job in jobs:
                self._admit(job)
            if self._decoder:
                self._decoder.step()

    def _admit(self, job: Job) -> None:
        """Let a job join, the model loaded if this is its first; whatever goes wrong is delivered."""
        try:
            if not job.cancelled():
                self._ready().admit(job)
                return
        except CatchupError as error:
            job.emit(error)
        job.done()

    def _ready(self) -> Decoder:
        """Return the decoder, the model loaded if need be; raises ModelUnavailable."""
        if self._decoder is None:
            loaded = self.load()
            from gpu.decoding import Decoder

            self._decoder = Decoder(loaded, max_batch=self._max_batch)
        return self._decoder

    def _closed_error(self) -> ModelUnavailable:
        return ModelUnavailable(f"{self._name} was closed.", remedy="Make a new LocalChatModel.")

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
