"""The pool over real vLLM servers: one that freezes and dies, clients that leave, an answer that goes on elsewhere."""

from __future__ import annotations

import asyncio
import os
import signal
import time
import uuid
from collections.abc import AsyncGenerator, Generator
from contextlib import aclosing
from pathlib import Path

import aiohttp
import orjson
import pytest

from core.chat import ChatAnswer, ChatMessage, ChatRequest, Json, complete
from gpu.node.metrics import scrape
from gpu.openai_client import OpenAIChatModel
from gpu.pool.events import PoolEvent, PoolEventKind
from gpu.pool.policy import PoolPolicy
from gpu.pool.pool import PooledChatModel
from gpu.watch import ENDLESS
from tests.support.vllm_server import NAME, free_port, launch, stop, wait_until_healthy

pytestmark = [pytest.mark.vllm, pytest.mark.slow, pytest.mark.xdist_group("vllm")]

STREAMS, TOKENS, CITED, DEADLINE_S = 16, 200, 30, 60.0
IDS: list[Json] = [f"m{number:02d}" for number in range(50)]
LEFT_S = 10.0  # 2 s is the claim (benchmarks.vllm_disconnect); a test run shares its cores


@pytest.fixture
def second(vllm_url: str, tiny: Path, tmp_path: Path) -> Generator[tuple[str, int]]:
    """A further server: its URL and its process group; in need of the first, so that both are skipped together."""
    assert vllm_url
    port = free_port()
    process = launch(tiny, tmp_path / "second.log", port)
    try:
        wait_until_healthy(f"http://127.0.0.1:{port}", process, tmp_path / "second.log")
        yield f"http://127.0.0.1:{port}", process.pid
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGCONT)
        stop(process)


def request(number: int, *, sentences: int = 4, tokens: int = TOKENS, schema: bool = False) -> ChatRequest:
    text = f"{uuid.uuid4()} {number}: " + "the deploy failed because the migration was missing. " * sentences
    ids: Json = {"type": "array", "items": {"enum": IDS}, "minItems": CITED, "maxItems": CITED}
    return ChatRequest(
        messages=(ChatMessage(role="user", content=text),),
        max_tokens=tokens,
        schema={"type": "object", "properties": {"ids": ids}, "required": ["ids"]} if schema else None,
        deadline_s=DEADLINE_S,
    )


def is_whole(answer: ChatAnswer, *, schema: bool) -> bool:
    if not schema:
        return answer.finish == "length" and answer.usage.completion_tokens == TOKENS
    ids = orjson.loads(answer.text)["ids"]
    return answer.finish == "stop" and len(ids) == CITED and set(ids) <= set(IDS)


def has_schema(number: int) -> bool:
    """Two plain, two with a schema: requests that go to two nodes in turn bring each some of both."""
    return number % 4 >= 2


async def asked_while(pool: PooledChatModel, group: int, sign: signal.Signals) -> list[ChatAnswer]:
    """Ask for many answers, half with a schema; signal to the second node when all of its own have begun.

    A node that has just come back may get none of them: then the signal comes when they have ended.
    """
    requests = [
        request(number, tokens=TOKENS * (3 if has_schema(number) else 1), schema=has_schema(number))
        for number in range(STREAMS)
    ]
    asking = asyncio.gather(*(complete(pool, each) for each in requests))
    async with asyncio.timeout(DEADLINE_S):
        node = pool.report()[1]
        while not asking.done() and (not node.decode_tokens or node.queued_tokens):
            await asyncio.sleep(0.005)
            node = pool.report()[1]
    os.killpg(group, sign)
    return await asking


async def until_state(pool: PooledChatModel, state: str) -> None:
    """Ask small things until the second node is in a state."""
    async with asyncio.timeout(60):
        while pool.report()[1].state != state:
            await complete(pool, request(0, sentences=1, tokens=2))


async def test_every_answer_is_whole_though_a_node_freezes_and_later_dies(
    vllm_url: str, second: tuple[str, int]
):
    url, group = second
    events: list[PoolEvent] = []
    policy = PoolPolicy(idle_s=2.0, health_s=0.5, health_timeout_s=1.0)
    pool = PooledChatModel([vllm_url, url], NAME, policy=policy, hook=events.append)

    frozen = await asked_while(pool, group, signal.SIGSTOP)
    await until_state(pool, "open")
    os.killpg(group, signal.SIGCONT)
    await until_state(pool, "up")
    dead = await asked_while(pool, group, signal.SIGKILL)
    await until_state(pool, "open")

    await pool.close()
    for answers in (frozen, dead):
        assert [is_whole(answer, schema=has_schema(number)) for number, answer in enumerate(answers)] == (
            [True] * STREAMS
        )
    kinds = [event.kind for event in events]
    assert PoolEventKind.RESUME in kinds
    assert PoolEventKind.RESTART in kinds
    assert kinds.count(PoolEventKind.BREAKER_CLOSED) == 1


async def test_an_answer_that_goes_on_is_what_the_model_says_after_the_text_so_far(vllm_url: str):
    """The node's own completion of the same raw prompt is the measure: no turn ends between text and continuation."""
    asked, said = "What did I miss?", "We decided to ship on"
    model = OpenAIChatModel(vllm_url, NAME)
    whole = ChatRequest(messages=(ChatMessage(role="user", content=asked),), max_tokens=24)
    half = ChatRequest(messages=(*whole.messages, ChatMessage(role="assistant", content=said)), max_tokens=24)
    raw = {
        "model": NAME,
        "prompt": f"<|begin|><|user|>{asked}<|end|><|assistant|>{said}",
        "add_special_tokens": False,
        "max_tokens": 24,
        "temperature": 0,
    }

    afresh = await complete(model, whole)
    async with aclosing(model.attempt(half, ENDLESS, continuing=True)) as stream:
        deltas = [delta async for delta in stream]
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{vllm_url}/v1/completions", json=raw) as answer,
    ):
        expected = (await answer.json())["choices"][0]["text"]
    tokens = await model.count_tokens(said)

    await model.close()
    usage = deltas[-1].usage
    assert usage is not None
    assert usage.prompt_tokens == afresh.usage.prompt_tokens + tokens
    assert "".join(delta.text for delta in deltas) == expected


@pytest.fixture
async def pool(vllm_url: str) -> AsyncGenerator[PooledChatModel]:
    opened = PooledChatModel([vllm_url], NAME)
    yield opened
    await opened.close()


@pytest.mark.parametrize(
    ("sentences", "streamed", "begun"),
    [(4, True, True), (400, True, False), (4, False, True)],
    ids=["in the middle of a stream", "before the first token", "during a whole answer"],
)
async def test_twenty_clients_that_leave_free_the_node(
    vllm_url: str, pool: PooledChatModel, sentences: int, streamed: bool, begun: bool
):
    async def read(number: int) -> None:
        async with aclosing(pool.stream(request(number, sentences=sentences, tokens=2000))) as deltas:
            async for _ in deltas:
                pass

    async def whole(number: int) -> None:
        await complete(pool, request(number, sentences=sentences, tokens=2000))

    async with aiohttp.ClientSession() as session:
        before = await scrape(session, vllm_url, timeout_s=30)
        clients = [asyncio.create_task((read if streamed else whole)(number)) for number in range(20)]
        async with asyncio.timeout(60):
            load = before
            while load.running + load.waiting < 15 or (begun and load.ttft_count < before.ttft_count + 10):
                load = await scrape(session, vllm_url, timeout_s=30)

        for client in clients:
            client.cancel()
        left = time.monotonic()
        while load.running + load.waiting and time.monotonic() < left + 30:
            load = await scrape(session, vllm_url, timeout_s=30)
        seconds = time.monotonic() - left

    ended = await asyncio.gather(*clients, return_exceptions=True)
    assert all(isinstance(end, asyncio.CancelledError) for end in ended)
    assert seconds < LEFT_S
    assert pool.running == 0
