"""Is a server the node that we need? The model's promise, and what the pool and the budget rely on beside it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace
from typing import Final

import aiohttp

from core.chat import BATCH, INTERACTIVE, ChatAnswer, ChatMessage, ChatRequest, complete
from core.errors import CatchupError, ModelUnavailable
from gpu.check import PROBES, REMEDIES, Broken, CheckItem, CheckReport, outcome
from gpu.node.metrics import NodeMetrics, missing_names, named_values, scrape, scrape_text
from gpu.openai_client import OpenAIChatModel

FREED_SECONDS: Final = 2.0
SETTLE_SECONDS: Final = 0.05
_ADVISED: Final = frozenset({"gives logprobs", "counts tokens"})

Seen = Callable[[CheckItem], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeUnderTest:
    """A node, how long it may take, and a word that no earlier check used, so that its prompts are new to it."""

    url: str
    model: OpenAIChatModel
    session: aiohttp.ClientSession
    deadline_s: float
    freed_s: float
    word: str

    def request(self, text: str, *, max_tokens: int, priority: int = INTERACTIVE) -> ChatRequest:
        """Return a question to the node."""
        return ChatRequest(
            messages=(ChatMessage(role="user", content=text),),
            max_tokens=max_tokens,
            priority=priority,
            deadline_s=self.deadline_s,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """One part of what a node must do; what is not required makes it slower, or blinder.

    What is `seen_in_metrics` cannot be required of a server that has none.
    """

    name: str
    probe: Callable[[NodeUnderTest], Awaitable[str]]
    remedy: str
    required: bool = False
    seen_in_metrics: bool = False


async def check_node(
    url: str,
    *,
    word: str,
    name: str = "",
    api_key: str | None = None,
    deadline_s: float = 60.0,
    freed_s: float = FREED_SECONDS,
    seen: Seen = lambda _: None,
) -> CheckReport:
    """Ask a node some twenty short questions; `seen` hears each finding as it comes.

    `word` must be new for each check, else the prefix cache knows its prompts already. Without a `name`, the only model
    that the node lists. Raises InvalidInput for a URL that is none; never for what the node does.
    """
    async with aiohttp.ClientSession() as session:
        lister = OpenAIChatModel(url, name or "server", api_key=api_key)
        items: list[CheckItem] = []
        try:
            served, listed = await _listed(lister, name)
            _keep(items, listed, seen)
            if served is None:
                return CheckReport(model=name or url, items=items)
        finally:
            await lister.close()
        model = OpenAIChatModel(url, served, api_key=api_key)
        node = NodeUnderTest(
            url=url.rstrip("/").removesuffix("/v1"),
            model=model,
            session=session,
            deadline_s=deadline_s,
            freed_s=freed_s,
            word=word,
        )
        try:
            await _ask(node, items, seen)
        finally:
            await model.close()
    return CheckReport(model=served, items=items)


async def _listed(lister: OpenAIChatModel, name: str) -> tuple[str | None, CheckItem]:
    """Return the model to ask, and whether the node lists it."""
    remedy = "Check the URL and the key; give --model, one of those that GET /v1/models lists."
    try:
        names = await lister.served()
    except (CatchupError, TimeoutError, LookupError, TypeError) as error:
        said = str(error) or type(error).__name__
        return None, CheckItem(name="lists its model", ok=False, detail=said, remedy=remedy)
    shown = ", ".join(names) or "none"
    served = name or (names[0] if len(names) == 1 else "")
    if served not in names:
        detail = f"it lists {shown}" + ("" if name else ": which one is meant?")
        return None, CheckItem(name="lists its model", ok=False, detail=detail, remedy=remedy)
    return served, CheckItem(name="lists its model", ok=True, detail=shown)


async def _ask(node: NodeUnderTest, items: list[CheckItem], seen: Seen) -> None:
    """Ask every part in turn; nothing more where the node does not answer at all."""
    for name, probe in PROBES.items():
        required = name not in _ADVISED
        asked = probe(node.model, node.deadline_s)
        item = await outcome(name, asked, remedy=REMEDIES[name], required=required)
        _keep(items, item, seen)
        if name == "answers" and not item.ok:
            return
    watched = await outcome(_METRICS.name, _METRICS.probe(node), remedy=_METRICS.remedy, required=False)
    _keep(items, watched, seen)
    for part in _PARTS:
        required = part.required and (watched.ok or not part.seen_in_metrics)
        _keep(items, await outcome(part.name, part.probe(node), remedy=part.remedy, required=required), seen)


def _keep(items: list[CheckItem], item: CheckItem, seen: Seen) -> None:
    items.append(item)
    seen(item)


async def _counts_exactly(node: NodeUnderTest) -> str:
    await node.model.count_tokens(node.word)
    if not node.model.counts_exactly:
        raise Broken("the server has no /tokenize: tokens are estimated from bytes")
    return "by the model's own tokenizer"


async def _takes_priority(node: NodeUnderTest) -> str:
    for priority in (BATCH, -1):
        await complete(node.model, node.request("Who was it?", max_tokens=1, priority=priority))
    return f"priorities {BATCH} and -1 are served"


async def _names_its_metrics(node: NodeUnderTest) -> str:
    values = named_values(await scrape_text(node.session, node.url))
    if missing := missing_names(values):
        raise Broken(f"/metrics lacks {', '.join(missing)}")
    return f"all that are read are in /metrics ({len(values)})"


async def _reuses_prefixes(node: NodeUnderTest) -> str:
    before = await scrape(node.session, node.url)
    _, second = await _twice(node, f"metrics {node.word}")
    after = await scrape(node.session, node.url)
    hits = after.prefix_hits - before.prefix_hits
    if hits < second.usage.prompt_tokens / 2:
        raise Broken(
            f"a prompt of {second.usage.prompt_tokens} tokens, asked twice, had {hits:.0f} of them cached"
        )
    return (
        f"{hits:.0f} of {second.usage.prompt_tokens} tokens of a repeated prompt were cached, says /metrics"
    )


async def _tells_of_prefixes(node: NodeUnderTest) -> str:
    first, second = await _twice(node, f"usage {node.word}")
    cached, prompt = second.usage.cached_tokens, second.usage.prompt_tokens
    if cached < prompt / 2:
        raise Broken(f"usage says that {cached} of {prompt} tokens of a repeated prompt were cached")
    return f"{first.usage.cached_tokens}, then {cached} of {prompt} tokens were cached, says usage"


async def _twice(node: NodeUnderTest, what: str) -> tuple[ChatAnswer, ChatAnswer]:
    """Ask one long, new question twice; return both answers."""
    request = node.request(f"{what}: " + "we rolled the release back on Friday. " * 64, max_tokens=1)
    return await complete(node.model, request), await complete(node.model, request)


async def _frees_what_streams(node: NodeUnderTest) -> str:
    """Leave after the first piece."""
    before = await scrape(node.session, node.url)
    async with aclosing(node.model.stream(_endless(node))) as deltas:
        async for _ in deltas:
            break
    return await _freed(node, before)


async def _frees_what_has_not_begun(node: NodeUnderTest) -> str:
    """Leave before the first piece."""
    before = await scrape(node.session, node.url)
    call = asyncio.create_task(complete(node.model, _endless(node)))
    await asyncio.sleep(SETTLE_SECONDS)
    call.cancel()
    with suppress(asyncio.CancelledError):
        await call
    return await _freed(node, before)


def _endless(node: NodeUnderTest) -> ChatRequest:
    return replace(node.request(f"Count on, {node.word}: one, two,", max_tokens=1024), temperature=1.0)


async def _freed(node: NodeUnderTest, before: NodeMetrics) -> str:
    """Wait until the node is no busier than before; say how long that took."""
    loop = asyncio.get_running_loop()
    start, busy = loop.time(), before.running + before.waiting
    while True:
        now = await scrape(node.session, node.url)
        passed = loop.time() - start
        if now.running + now.waiting <= busy:
            return f"after {passed * 1000:.0f} ms, {now.running} running and {now.waiting} waiting"
        if passed > node.freed_s:
            raise Broken(
                f"after {passed:.1f} s, {now.running} running and {now.waiting} waiting ({busy} before)"
            )
        await asyncio.sleep(SETTLE_SECONDS)


async def _is_healthy(node: NodeUnderTest) -> str:
    try:
        async with asyncio.timeout(node.deadline_s), node.session.get(f"{node.url}/health") as answer:
            if answer.status != 200:
                raise Broken(f"GET /health answered {answer.status}")
    except (aiohttp.ClientError, OSError) as error:
        raise ModelUnavailable(f"GET /health failed: {type(error).__name__}.") from error
    return "GET /health answers 200"


_NO_PROXY: Final = "Put no proxy before the node that keeps reading when its client leaves."
_METRICS: Final = _Part(
    name="names its metrics",
    probe=_names_its_metrics,
    remedy="Serve with vLLM, without --disable-log-stats; else the pool routes on its own ledger alone.",
)
_PARTS: Final = (
    _Part(
        name="tells its health",
        probe=_is_healthy,
        remedy="Serve with vLLM; the pool asks /health beside watching progress.",
    ),
    _Part(
        name="counts exactly",
        probe=_counts_exactly,
        remedy="Serve with vLLM: budgets then use its tokenizer, not a cautious guess.",
    ),
    _Part(
        name="takes priorities",
        probe=_takes_priority,
        remedy="Serve with --scheduling-policy priority: else recaps are refused.",
        required=True,
    ),
    _Part(
        name="reuses prefixes",
        probe=_reuses_prefixes,
        remedy="Serve with --enable-prefix-caching: else every prompt is read anew.",
    ),
    _Part(
        name="tells what it reused",
        probe=_tells_of_prefixes,
        remedy="Serve with --enable-prompt-tokens-details; else usage cannot say what the cache saved.",
    ),
    _Part(
        name="frees a closed stream",
        probe=_frees_what_streams,
        remedy=_NO_PROXY,
        required=True,
        seen_in_metrics=True,
    ),
    _Part(
        name="frees what never began",
        probe=_frees_what_has_not_begun,
        remedy=_NO_PROXY,
        required=True,
        seen_in_metrics=True,
    ),
)
