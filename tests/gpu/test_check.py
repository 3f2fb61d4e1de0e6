from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from core.chat import ChatDelta, ChatRequest, Usage
from core.errors import ModelUnavailable
from gpu.check import CheckReport, check
from prompts.chat import ScriptedChatModel


class Careless:
    """A server that ignores what it does not know: no schema, no logprobs, one piece; counting hangs."""

    name = "careless"

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ChatDelta, None]:
        yield ChatDelta(text="It is m2.")
        yield ChatDelta(text="", finish="stop", usage=Usage(prompt_tokens=9, completion_tokens=3))

    async def count_tokens(self, text: str) -> int:
        await asyncio.sleep(60)
        return len(text)

    async def close(self) -> None:
        pass


def failed(report: CheckReport) -> dict[str, str]:
    return {item.name: item.detail for item in report.items if not item.ok}


async def test_a_model_that_does_not_answer_is_asked_nothing_more():
    report = await check(ScriptedChatModel([ModelUnavailable("nobody is here")]))

    assert [item.name for item in report.items] == ["answers"]
    assert failed(report) == {"answers": "nobody is here"}
    assert not report.ok


async def test_every_part_that_is_not_kept_is_named():
    report = await check(Careless(), deadline_s=0.1)

    assert set(failed(report)) == {"streams", "keeps a JSON schema", "gives logprobs", "counts tokens"}
    assert failed(report)["counts tokens"] == "nothing came in time"


async def test_a_model_that_fails_in_the_middle_is_reported_not_raised():
    lines = iter(["fine, fine, fine", ModelUnavailable("gone")])

    report = await check(ScriptedChatModel(lambda _: next(lines, ModelUnavailable("still gone"))))

    assert failed(report)["streams"] == "gone"
    assert report.model == "scripted"
