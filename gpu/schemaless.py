"""A ChatModel that keeps JSON schemas whether or not its server does, found out as it is used.

Servers refuse `json_schema` (400), refuse `json_object` but not `json_schema` (LM Studio), ignore either (Ollama's
and llama.cpp's older versions; llama.cpp when it cannot parse the grammar), wrap JSON in prose and fences.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from core.chat import ChatDelta, ChatMessage, ChatModel, ChatRequest, Json, TokenLogprob, Usage
from core.errors import GenerationFailed, ModelRefused
from gpu.json_shape import JSON_OBJECT, Fitting, fit, outline
from gpu.json_text import JsonScanner, objects_in

BYTES_A_TOKEN: Final = 3
_REFUSALS: Final = frozenset({400, 415, 422, 500, 501})
_PLEA: Final = (
    "\n\nAnswer with one JSON object and nothing else: no explanation, no code fence. "
    "It must satisfy this JSON Schema:\n"
)


class Mode(StrEnum):
    """How a server is brought to answer in a schema, strictest first."""

    JSON_SCHEMA = "json_schema"
    JSON_OBJECT = "json_object"
    PROMPT = "prompt"


class _NotKept(Exception):
    """An answer was not of the schema; `problem` says in what, without any of its text."""


@dataclass(slots=True)
class _Told:
    """What the caller was given: `given` in this attempt, `stale` in one before it, to be voided."""

    given: bool = False
    stale: bool = False

    def again(self) -> None:
        """Begin another attempt."""
        self.stale, self.given = self.stale or self.given, False

    def delta(
        self, text: str, *, restart: bool = False, logprobs: tuple[TokenLogprob, ...] = ()
    ) -> ChatDelta:
        """Return the next piece, which voids those of an attempt before it."""
        restart, self.stale = restart or self.stale, False
        self.given = self.given or bool(text)
        return ChatDelta(text=text, restart=restart, logprobs=logprobs)


@dataclass(slots=True, kw_only=True)
class _Reading:
    """One answer as it comes in."""

    request: ChatRequest
    mode: Mode
    told: _Told
    scanner: JsonScanner = field(default_factory=JsonScanner)
    last: ChatDelta = field(default_factory=lambda: ChatDelta(text="", finish="stop"))

    def read(self, delta: ChatDelta) -> ChatDelta | None:
        """Return what is passed on of a delta: the JSON in it; raises _NotKept for text where none may be."""
        if delta.restart:
            self.scanner = JsonScanner()
        piece = self.scanner.push(delta.text)
        if self.scanner.stray and self.mode is not Mode.PROMPT:
            raise _NotKept("text stood before the JSON")
        self.last = delta
        if piece or delta.logprobs or delta.restart:
            return self.told.delta(piece, restart=delta.restart, logprobs=delta.logprobs)
        return None

    def enough(self) -> bool:
        """Tell whether the answer is there although the model goes on talking."""
        if self.mode is not Mode.PROMPT or not self.scanner.ended or self.last.finish:
            return False
        if _fitted(self.scanner, self.request) is None:
            return False
        self.last = ChatDelta(text="", finish="stop")
        return True


class AnySchemaChatModel:
    """Asks with `json_schema`, then `json_object`, then by prompt alone, and remembers what the server keeps.

    Answers to requests with a schema are checked in code: what breaks its shape is mended or asked for anew (the caller
    sees `restart`), a value outside an enum is let through for the caller to judge. Usage that a server does not
    report is estimated from bytes.
    """

    def __init__(self, model: ChatModel) -> None:
        self._model = model
        self._proven = False
        self.mode = Mode.JSON_SCHEMA

    @property
    def name(self) -> str:
        """The served model's name."""
        return self._model.name

    @property
    def counts_exactly(self) -> bool:
        """Whether the server counts tokens itself, as far as is known."""
        return bool(getattr(self._model, "counts_exactly", True))

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ChatDelta, None]:
        """Yield the answer; see the port. GenerationFailed once no way of asking brought the schema's shape."""
        if request.schema is None or "properties" not in request.schema:
            async with aclosing(self._model.stream(request)) as deltas:
                async for delta in _with_usage(deltas, request):
                    yield delta
            return
        deadline = asyncio.get_running_loop().time() + request.deadline_s
        told, failures = _Told(), list[Exception]()
        for mode in self._modes():
            left = max(0.001, deadline - asyncio.get_running_loop().time())
            told.again()
            try:
                async with aclosing(self._attempt(replace(request, deadline_s=left), mode, told)) as deltas:
                    async for delta in deltas:
                        yield delta
            except (_NotKept, GenerationFailed, ModelRefused) as error:
                if self._final(error, mode, told):
                    raise
                failures.append(error)
            else:
                return
        raise self._given_up(failures)

    async def count_tokens(self, text: str) -> int:
        """Return how many tokens the server says that a text has."""
        return await self._model.count_tokens(text)

    async def close(self) -> None:
        """Close the model behind."""
        await self._model.close()

    def _modes(self) -> Sequence[Mode]:
        """Return the ways of asking that are left, in order."""
        every = list(Mode)
        return every[every.index(self.mode) :]

    def _final(self, error: Exception, mode: Mode, told: _Told) -> bool:
        """Tell whether an error is the server's last word rather than a sign that it keeps no schemas."""
        if isinstance(error, ModelRefused):
            return (self._proven and mode is self.mode) or told.given or error.status not in _REFUSALS
        return isinstance(error, GenerationFailed)

    def _given_up(self, failures: Sequence[Exception]) -> Exception:
        """Return the error for what no way of asking brought; the server's first refusal if it refused all."""
        if all(isinstance(failure, ModelRefused) for failure in failures):
            return failures[0]
        return GenerationFailed(
            f"{self.name} answered, but not in the schema's shape ({failures[-1]}).",
            remedy="Use a server that keeps response_format json_schema (vLLM, llama.cpp, Ollama), or a larger model.",
        )

    async def _attempt(
        self, request: ChatRequest, mode: Mode, told: _Told
    ) -> AsyncGenerator[ChatDelta, None]:
        """Yield an answer asked for in one way; raises _NotKept if its shape is not the schema's."""
        reading = _Reading(request=request, mode=mode, told=told)
        try:
            async with aclosing(self._model.stream(_asked(request, mode))) as deltas:
                async for delta in deltas:
                    if piece := reading.read(delta):
                        yield piece
                    if reading.enough():
                        break
        except GenerationFailed as error:
            if mode is Mode.PROMPT or reading.scanner.ended:
                raise  # there is JSON, so it failed for another reason: it was filtered, say
            raise _NotKept("it is no JSON") from error
        if reading.last.finish == "stop":
            fitting = self._judged(reading.scanner, request, mode)
            if _strict(reading.scanner.text) != fitting.value:
                yield told.delta(json.dumps(fitting.value, ensure_ascii=False), restart=True)
        usage = reading.last.usage or _estimate(request, reading.scanner.whole)
        yield ChatDelta(text="", finish=reading.last.finish, usage=usage)

    def _judged(self, scanner: JsonScanner, request: ChatRequest, mode: Mode) -> Fitting:
        """Return the answer as it fits the schema, and learn from it; raises _NotKept."""
        fitting = _fitted(scanner, request)
        if fitting is None:
            raise _NotKept(_problem(scanner, request))
        if not self._proven:
            self._learn(mode, kept=not (fitting.strangers or fitting.mended) or mode is Mode.PROMPT)
        return fitting

    def _learn(self, mode: Mode, *, kept: bool) -> None:
        """Remember a mode that was kept; one that was not gives way to the next, however many answers say so."""
        order = list(Mode)
        if kept:
            self.mode, self._proven = mode, True
        elif mode is self.mode:
            self.mode = order[order.index(mode) + 1]
        elif order.index(mode) > order.index(self.mode):
            self.mode = mode


def _asked(request: ChatRequest, mode: Mode) -> ChatRequest:
    """Return the request in the words of a mode."""
    if mode is Mode.JSON_SCHEMA or request.schema is None:
        return request
    *before, last = request.messages
    schema = json.dumps(outline(dict(request.schema)), ensure_ascii=False, separators=(",", ":"))
    told = ChatMessage(role=last.role, content=f"{last.content}{_PLEA}{schema}")
    return replace(
        request, messages=(*before, told), schema=JSON_OBJECT if mode is Mode.JSON_OBJECT else None
    )


def _fitted(scanner: JsonScanner, request: ChatRequest) -> Fitting | None:
    """Return the first JSON object of an answer that has the schema's shape."""
    schema = request.schema or {}
    fittings = (fit(value, schema) for value in objects_in(scanner.whole))
    return next((fitting for fitting in fittings if not fitting.problems), None)


def _problem(scanner: JsonScanner, request: ChatRequest) -> str:
    """Return what is wrong with an answer, by place and never by text."""
    first = next(iter(objects_in(scanner.whole)), None)
    if first is None:
        return "it holds no JSON object"
    return fit(first, request.schema or {}).problems[0]


def _strict(text: str) -> Json:
    """Return what strict JSON text says, None for other text."""
    try:
        return json.loads(text)
    except ValueError:
        return None


async def _with_usage(
    deltas: AsyncGenerator[ChatDelta, None], request: ChatRequest
) -> AsyncGenerator[ChatDelta, None]:
    """Yield the deltas, the last with a usage."""
    said = 0
    async for delta in deltas:
        said += len(delta.text)
        if delta.finish and delta.usage is None:
            delta = replace(delta, usage=_estimate(request, "x" * said))
        yield delta


def _estimate(request: ChatRequest, said: str) -> Usage:
    """Return tokens guessed from bytes, for a server that does not count them."""
    prompt = sum(len(message.content.encode("utf-8", "replace")) for message in request.messages)
    return Usage(
        prompt_tokens=-(-prompt // BYTES_A_TOKEN),
        completion_tokens=-(-len(said.encode("utf-8", "replace")) // BYTES_A_TOKEN),
    )
