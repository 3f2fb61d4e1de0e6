"""Does a model keep the ChatModel promise? Asked of the real thing, once, before it is trusted with work."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final, cast

from core.chat import ChatAnswer, ChatMessage, ChatModel, ChatRequest, Json, complete
from core.errors import CatchupError

IDS: Final = ("m1", "m2", "m3")
SCHEMA: Final[Mapping[str, Json]] = {
    "type": "object",
    "properties": {"id": {"enum": list(IDS)}, "sure": {"type": "boolean"}},
    "required": ["id", "sure"],
    "additionalProperties": False,
}
CLOSE_SECONDS: Final = 2.0

Probe = Callable[[ChatModel, float], Awaitable[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckItem:
    """One part of the promise: whether it is kept, and what was seen."""

    name: str
    ok: bool
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """What a model was found to keep of the promise."""

    model: str
    items: Sequence[CheckItem]

    @property
    def ok(self) -> bool:
        """Whether every part is kept."""
        return all(item.ok for item in self.items)


class _Broken(Exception):
    """A part of the promise is not kept."""


async def check(model: ChatModel, *, deadline_s: float = 60.0) -> CheckReport:
    """Ask a model a handful of short questions, one after another; never raises for what the model does.

    If it does not answer at all, the other parts are not asked.
    """
    items = [await _item(model, "answers", _answers, deadline_s)]
    if items[0].ok:
        items += [await _item(model, name, probe, deadline_s) for name, probe in _PROBES.items()]
    return CheckReport(model=model.name, items=items)


async def _item(model: ChatModel, name: str, probe: Probe, deadline_s: float) -> CheckItem:
    """Return the outcome of one probe."""
    try:
        return CheckItem(name=name, ok=True, detail=await probe(model, deadline_s))
    except (_Broken, CatchupError) as error:
        return CheckItem(name=name, ok=False, detail=str(error))
    except TimeoutError:
        return CheckItem(name=name, ok=False, detail=f"nothing came within {deadline_s:g} s")


async def _answers(model: ChatModel, deadline_s: float) -> str:
    answer = await complete(model, _request(deadline_s, max_tokens=8))
    if not answer.usage.completion_tokens:
        raise _Broken("it answered, but does not report usage")
    return f"{answer.usage.prompt_tokens} prompt and {answer.usage.completion_tokens} completion tokens"


async def _streams(model: ChatModel, deadline_s: float) -> str:
    pieces = 0
    async with aclosing(model.stream(_request(deadline_s, max_tokens=32))) as deltas:
        async for delta in deltas:
            pieces += bool(delta.text)
    if pieces < 2:
        raise _Broken(f"the answer came in {pieces} piece(s)")
    return f"{pieces} pieces"


async def _keeps_schema(model: ChatModel, deadline_s: float) -> str:
    answer = await complete(model, _request(deadline_s, max_tokens=64, schema=SCHEMA))
    if not _fits(answer):
        raise _Broken("the answer is not JSON of the schema asked for (is response_format supported?)")
    return answer.text


async def _gives_logprobs(model: ChatModel, deadline_s: float) -> str:
    answer = await complete(model, _request(deadline_s, max_tokens=4, top_logprobs=3))
    if not answer.logprobs:
        raise _Broken("no logprobs (judges then have no confidence)")
    return f"{len(answer.logprobs)} tokens, up to {max(len(one.top) for one in answer.logprobs)} alternatives"


async def _counts_tokens(model: ChatModel, deadline_s: float) -> str:
    async with asyncio.timeout(deadline_s):
        count = await model.count_tokens("The build is green again.")
    if count <= 0:
        raise _Broken(f"it counts {count} tokens in a sentence")
    exact = getattr(model, "counts_exactly", True)
    return f"{count} tokens in a sentence" + ("" if exact else " (estimated: the server has no /tokenize)")


async def _cancels(model: ChatModel, deadline_s: float) -> str:
    """Close a long stream after its first piece: it must end at once, and the next request must be answered."""
    loop = asyncio.get_running_loop()
    async with aclosing(model.stream(_request(deadline_s, max_tokens=512))) as deltas:
        async for _ in deltas:
            break
        start = loop.time()
    closed = loop.time() - start
    await complete(model, _request(deadline_s, max_tokens=1))
    if closed > CLOSE_SECONDS:
        raise _Broken(f"closing a stream took {closed:.1f} s")
    return f"closed in {closed * 1000:.0f} ms"


_PROBES: Final[Mapping[str, Probe]] = {
    "streams": _streams,
    "keeps a JSON schema": _keeps_schema,
    "gives logprobs": _gives_logprobs,
    "counts tokens": _counts_tokens,
    "cancels": _cancels,
}


def _request(
    deadline_s: float, *, max_tokens: int, schema: Mapping[str, Json] | None = None, top_logprobs: int = 0
) -> ChatRequest:
    question = "Which of m1, m2 and m3 is the second message? Explain step by step."
    return ChatRequest(
        messages=(ChatMessage(role="user", content=question),),
        max_tokens=max_tokens,
        schema=schema,
        top_logprobs=top_logprobs,
        deadline_s=deadline_s,
    )


def _fits(answer: ChatAnswer) -> bool:
    """Return whether an answer is what SCHEMA says."""
    try:
        value: object = json.loads(answer.text)
    except ValueError:
        return False
    if not isinstance(value, dict):
        return False
    found = cast("dict[str, object]", value)
    return set(found) == {"id", "sure"} and found["id"] in IDS and isinstance(found["sure"], bool)
