"""How well an item is borne out by what it cites, beyond what must hold: a score, and a judge's opinion of it.

Never on the way of an answer: for samples of live traffic, evaluations and tests. The score joins how much of a claim
stands in the cited words with how near it is to them in meaning, and counts what the checks find wrong.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import orjson

from core.chat import ChatAnswer, ChatModel, TokenLogprob, complete
from core.embedding import Embedder
from core.errors import GenerationFailed
from prompts.models import Prompt
from prompts.parse import read_prompt
from prompts.registry import LIBRARY
from prompts.template import render
from summarize.ground import Grounding
from summarize.ground.lexicon import content
from summarize.material import Entry, Material
from summarize.models import Item

PROMPT = "judge-support"
_TOP = 8  # alternatives of the token that tells the verdict
_AT_ONCE = 4
_FAULTY: Mapping[str, float] = {
    "": 1.0,
    "participant": 0.5,
    "due": 0.7,
    "unsupported": 0.4,
    "superseded": 0.4,
    "contradicted": 0.3,
    "active-content": 0.3,
    "citation": 0.0,
}
"""What is left of a score in the face of a fault."""


class SupportVerdict(StrEnum):
    """What a judge makes of a claim."""

    SUPPORTED = "supported"
    UNSUPPORTED = "unsupported"
    CONTRADICTED = "contradicted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Support:
    """How well one item is borne out: `score` from 0 to 1 by rule; `judged`, a judge's probability, and `verdict`."""

    score: float
    fault: str = ""
    judged: float | None = None
    verdict: SupportVerdict | None = None


async def check(
    items: Sequence[Item],
    material: Material,
    *,
    judge: ChatModel | None,
    embedder: Embedder,
    prompt: Prompt | None = None,
) -> tuple[Support, ...]:
    """Return the support of each item, in order; `prompt` is the served version of judge-support, else the shipped one.

    Raises ModelUnavailable and its kinds, GenerationFailed of the judge.
    """
    found = await asyncio.to_thread(scores, items, material, embedder)
    if judge is None:
        return found
    served = prompt or read_prompt(LIBRARY / f"{PROMPT}.md")
    gate = asyncio.Semaphore(_AT_ONCE)
    entries = {entry.message.id: entry for entry in material.entries}

    async def one(item: Item, support: Support) -> Support:
        cited = [entries[id] for id in item.citations if id in entries]
        async with gate:
            claim = _claim(item, material)
            return await _judged(claim, cited, support, judge=judge, prompt=served)

    return tuple(await asyncio.gather(*map(one, items, found)))


def scores(items: Sequence[Item], material: Material, embedder: Embedder) -> tuple[Support, ...]:
    """Return the support of each item by words, meaning and rule. Synchronous; one call of the embedder."""
    grounding = Grounding(material)
    entries = {entry.message.id: entry for entry in material.entries}
    sources = [_sources([entries[id] for id in item.citations if id in entries]) for item in items]
    texts = [text for item, some in zip(items, sources, strict=True) for text in (item.text, *some)]
    if not texts:
        return ()
    rows = embedder.embed(texts)
    found: list[Support] = []
    start = 0
    for item, some in zip(items, sources, strict=True):
        alike = rows[start + 1 : start + 1 + len(some)] @ rows[start] if some else None
        start += 1 + len(some)
        near = 0.0 if alike is None else max(0.0, float(alike.max()))
        fault = grounding.fault(item)
        score = (0.5 * _share(item.text, some) + 0.5 * near) * _FAULTY.get(fault, 0.4)
        found.append(Support(score=round(min(1.0, score), 4), fault=fault))
    return tuple(found)


def _sources(cited: Sequence[Entry]) -> list[str]:
    """Return what a claim is compared with: each sentence, each message, and all together."""
    whole = [f"{entry.author}: {entry.text}" for entry in cited]
    parts = [sentence.text for entry in cited for sentence in entry.sentences]
    return [*parts, *whole, *(["\n".join(whole)] if len(whole) > 1 else [])]


def _share(text: str, sources: Sequence[str]) -> float:
    """Return the share of a claim's own words that stand in what it cites."""
    own = content(text)
    return len(own & content("\n".join(sources))) / len(own) if own else 0.5


async def _judged(
    claim: Mapping[str, str], cited: Sequence[Entry], support: Support, *, judge: ChatModel, prompt: Prompt
) -> Support:
    ordered = sorted(cited, key=lambda entry: entry.message.at)
    rows = [_row(number, entry) for number, entry in enumerate(ordered, start=1)]
    request = replace(render(prompt, {"messages": rows, "claim": claim}), top_logprobs=_TOP)
    answer = await complete(judge, request)
    verdict = _verdict(answer)
    return replace(support, verdict=verdict, judged=_probability(answer, verdict))


def _row(number: int, entry: Entry) -> Mapping[str, str]:
    at = f"{entry.message.at:%Y-%m-%dT%H:%MZ}"
    return {"id": f"m{number}", "at": at, "from": entry.author, "text": entry.text}


def _claim(item: Item, material: Material) -> Mapping[str, str]:
    claim = {"text": item.text}
    if item.owner is not None:
        claim["owner"] = material.names.person(item.owner)
    if item.due is not None:
        claim["due"] = item.due
    return claim


def _verdict(answer: ChatAnswer) -> SupportVerdict:
    try:
        return SupportVerdict(orjson.loads(answer.text)["verdict"])
    except (ValueError, KeyError, TypeError) as error:
        raise GenerationFailed(
            f"{answer.model} gave no verdict on a claim.", remedy="Use a model that keeps to a JSON Schema."
        ) from error


def _probability(answer: ChatAnswer, verdict: SupportVerdict) -> float:
    """Return how likely the judge found "supported", by the token that begins its verdict; else 1 or 0."""
    certain = float(verdict is SupportVerdict.SUPPORTED)
    token = _deciding(answer.logprobs)
    if token is None:
        return certain
    weight = dict.fromkeys(SupportVerdict, 0.0)
    for text, logprob in {**token.top, token.token: token.logprob}.items():
        bare = text.strip(' "\n:')
        for one in SupportVerdict:
            if bare and one.startswith(bare):
                weight[one] += math.exp(logprob)
    total = sum(weight.values())
    return round(weight[SupportVerdict.SUPPORTED] / total, 4) if total else certain


def _deciding(tokens: Sequence[TokenLogprob]) -> TokenLogprob | None:
    """Return the first token that holds a letter of the verdict's value."""
    for before, token in _with_text(tokens):
        head, _, value = (before + token.token).partition('"verdict"')
        begun = value.partition(":")[2].strip(' "\n')
        if len(head) < len(before + token.token) and begun:
            return token
    return None


def _with_text(tokens: Sequence[TokenLogprob]) -> Iterator[tuple[str, TokenLogprob]]:
    text = ""
    for token in tokens:
        yield text, token
        text += token.token
