"""What is said to a language model and what comes back: the ChatModel port and its values.

The values live on the lowest floor because `gpu` implements the port and `prompts` and the features call it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

Role = Literal["system", "user", "assistant"]
FinishReason = Literal["stop", "length", "cancelled"]
INTERACTIVE, BATCH = 0, 10
"""Priorities: somebody waits, or nobody does. vLLM serves the lower number first."""

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatMessage:
    """One turn of a conversation with a model."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatRequest:
    """One generation.

    `schema` is a JSON Schema the answer must satisfy; `top_logprobs` asks for that many alternatives a token
    (0: none); `priority` is lower-first as in vLLM (see INTERACTIVE, BATCH); `deadline_s` bounds the whole generation
    in seconds. Requests with the same `affinity` (a channel, say) share a prefix and are best sent to the same node.
    """

    messages: tuple[ChatMessage, ...]
    max_tokens: int = 512
    temperature: float = 0.0
    seed: int | None = None
    stop: tuple[str, ...] = ()
    schema: Mapping[str, Json] | None = None
    top_logprobs: int = 0
    priority: int = 0
    deadline_s: float = 60.0
    affinity: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenLogprob:
    """A generated token, its natural-log probability and the alternatives considered."""

    token: str
    logprob: float
    top: Mapping[str, float] = field(default_factory=dict[str, float])


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens paid for; `cached_tokens` of the prompt came from the prefix cache."""

    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatDelta:
    """A piece of an answer as it streams; only the last one has `finish` and `usage`.

    `restart` voids every piece before this one: the answer begins anew on another node.
    """

    text: str
    restart: bool = False
    logprobs: tuple[TokenLogprob, ...] = ()
    finish: FinishReason | None = None
    usage: Usage | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatAnswer:
    """A whole answer."""

    text: str
    finish: FinishReason
    usage: Usage
    model: str
    logprobs: tuple[TokenLogprob, ...] = ()


class ChatModel(Protocol):
    """A language model that chats. Closing the stream early frees the model at once."""

    @property
    def name(self) -> str:
        """The served model's name, recorded on everything it makes."""
        ...

    def stream(self, request: ChatRequest) -> AsyncGenerator[ChatDelta, None]:
        """Yield the answer piece by piece, the last piece with `finish` and `usage`.

        Raises ModelUnavailable, ModelTimeout, ModelRefused; GenerationFailed if the schema could not be kept.
        """
        ...

    async def count_tokens(self, text: str) -> int:
        """Return how many tokens the served model's own tokenizer makes of a text."""
        ...

    async def close(self) -> None:
        """Release connections and memory; a second call does nothing."""
        ...


async def complete(model: ChatModel, request: ChatRequest) -> ChatAnswer:
    """Collect a stream into one answer."""
    text: list[str] = []
    logprobs: list[TokenLogprob] = []
    finish: FinishReason = "cancelled"
    usage = Usage(prompt_tokens=0, completion_tokens=0)
    async with aclosing(model.stream(request)) as deltas:
        async for delta in deltas:
            if delta.restart:
                text, logprobs = [], []
            text.append(delta.text)
            logprobs += delta.logprobs
            finish = delta.finish or finish
            usage = delta.usage or usage
    return ChatAnswer(
        text="".join(text), finish=finish, usage=usage, model=model.name, logprobs=tuple(logprobs)
    )
