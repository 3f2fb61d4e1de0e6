"""Does a model keep the ChatModel promise? Asked of the real thing, once, before it is trusted with work.

`gpu.node.check` asks a whole vLLM node.
"""

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
    """One part of the promise: whether it is kept, and what was seen.

    What is not `required` makes things slower or poorer where it is not kept; `remedy` says what to do then.
    """

    name: str
    ok: bool
    detail: str
    remedy: str = ""
    required: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """What a model was found to keep of the promise."""

    model: str
    items: Sequence[CheckItem]

    @property
    def ok(self) -> bool:
        """Whether every required part is kept."""
        return all(item.ok for item in self.items if item.required)


class Broken(Exception):
    """A part of the promise is not kept."""


async def check(model: ChatModel, *, deadline_s: float = 60.0) -> CheckReport:
    """Ask a model a handful of short questions, one after another; never raises for what the model does.

    If it does not answer at all, the other parts are not asked.
    """
    items: list[CheckItem] = []
    for name, probe in PROBES.items():
        items.append(await outcome(name, probe(model, deadline_s), remedy=REMEDIES[name]))
        if not items[0].ok:
            break
    return CheckReport(model=model.name, items=items)


async def outcome(name: str, probe: Awaitable[str], *, remedy: str = "", required: bool = True) -> CheckItem:
    """Return what became of one probe: what it saw, or why it failed."""
    try:
        return CheckItem(name=name, ok=True, detail=await probe, required=required)
    except (Broken, CatchupError) as error:
        detail = str(error)
    except TimeoutError:
        detail = "nothing came in time"
    return CheckItem(name=name, ok=False, detail=detail, remedy=remedy, required=required)


async def _answers(model: ChatModel, deadline_s: float) -> str:
    answer = await complete(model, _request(deadline_s, max_tokens=8))
    if not answer.usage.completion_tokens:
        raise Broken("it answered, but does not report usage")
    return f"{answer.usage.prompt_tokens} prompt and {answer.usage.completion_tokens} completion tokens"


async def _streams(model: ChatModel, deadline_s: float) -> str:
    pieces = 0
    async with aclosing(model.stream(_request(deadline_s, max_tokens=32))) as deltas:
        async for delta in deltas:
            pieces += bool(delta.text)
    if pieces < 2:
        raise Broken(f"the answer came in {pieces} piece(s)")
    return f"{pieces} pieces"


async def _keeps_schema(model: ChatModel, deadline_s: float) -> str:
    answer = await complete(model, _request(deadline_s, max_tokens=64, schema=SCHEMA))
    if not _fits(answer):
        raise Broken("the answer is not JSON of the schema asked for (is response_format supported?)")
    return answer.text


async def _gives_logprobs(model: ChatModel, deadline_s: float) -> str:
    answer = await complete(model, _request(deadline_s, max_tokens=4, top_logprobs=3))
    if not answer.logprobs:
        raise Broken("no logprobs (judges then have no confidence)")
    return f"{len(answer.logprobs)} tokens, up to {max(len(one.top) for one in answer.logprobs)} alternatives"


async def _counts_tokens(model: ChatModel, deadline_s: float) -> str:
    async with asyncio.timeout(deadline_s):
        count = await model.count_tokens("The build is green again.")
    if count <= 0:
        raise Broken(f"it counts {count} tokens in a sentence")
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
        raise Broken(f"closing a stream took {closed:.1f} s")
    return f"closed in {closed * 1000:.0f} ms"


PROBES: Final[Mapping[str, Probe]] = {
    "answers": _answers,
    "streams": _streams,
    "keeps a JSON schema": _keeps_schema,
    "gives logprobs": _gives_logprobs,
    "counts tokens": _counts_tokens,
    "cancels": _cancels,
}
REMEDIES: Final[Mapping[str, str]] = {
    "answers": "See the server's log; does the model have a chat template?",
    "streams": "Serve with a server that streams (stream: true), and no proxy that buffers before it.",
    "keeps a JSON schema": "Serve with --structured-outputs-config (see `catchup gpu serve --dry-run`).",
    "gives logprobs": "Allow logprobs (vLLM: --max-logprobs 5 or more); judges are unsure without them.",
    "counts tokens": "Serve with vLLM; where /tokenize is missing, tokens are estimated from bytes.",
    "cancels": "Put no proxy before the server that keeps reading when its client leaves.",
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
