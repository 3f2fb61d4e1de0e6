"""One suite for every ChatModel: scripted, transformers on this machine, a real vLLM server over HTTP."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path

import aiohttp
import pytest

from core.chat import ChatDelta, ChatMessage, ChatModel, ChatRequest, complete
from core.errors import ModelRefused, ModelTimeout, ModelUnavailable
from gpu.check import check
from gpu.factory import chat_model_from, served_models
from gpu.job import ModelSource
from gpu.local import LocalChatModel
from gpu.openai_client import OpenAIChatModel
from gpu.pool.pool import PooledChatModel
from prompts.chat import ScriptedChatModel
from tests.support.vllm_server import NAME

pytestmark = pytest.mark.xdist_group("vllm")

IDS = ["m1", "m2", "m3"]
SCHEMA = {
    "type": "object",
    "properties": {
        "items": {
            "type": "array",
            "minItems": 1,
            "maxItems": 3,
            "items": {
                "type": "object",
                "properties": {
                    "id": {"enum": IDS},
                    "kind": {"type": "string", "enum": ["decision", "question"]},
                },
                "required": ["id", "kind"],
                "additionalProperties": False,
            },
        }
    },
    "required": ["items"],
    "additionalProperties": False,
}
ASKED = ChatRequest(messages=(ChatMessage(role="user", content="What did I miss?"),), max_tokens=40)
LONG = replace(ASKED, max_tokens=3000)
FREED_SECONDS = 6.0  # measured: at most 0.3; on a busy machine an answer from /metrics alone can take seconds


@dataclass(frozen=True)
class Subject:
    """A model, and what its own books say of how many generations it is busy with."""

    model: ChatModel
    running: Callable[[], Awaitable[float]]


@pytest.fixture
async def scripted() -> AsyncIterator[Subject]:
    model = ScriptedChatModel(
        lambda request: None if request.schema else "Nothing was decided, and nobody asked. " * 1000,
        seconds_per_token=0.001,
        context_tokens=8192,
    )

    async def running() -> float:
        return model.record.running

    yield Subject(model, running)
    await model.close()


@pytest.fixture
async def local(tiny: Path) -> AsyncIterator[Subject]:
    model = LocalChatModel(ModelSource(path_or_hub_id=str(tiny), threads=1))
    model.load()

    async def running() -> float:
        return model.running

    yield Subject(model, running)
    await model.close()


@pytest.fixture
async def vllm(vllm_url: str) -> AsyncIterator[Subject]:
    model = OpenAIChatModel(vllm_url, NAME)

    async def running() -> float:
        return await metric(vllm_url, "vllm:num_requests_running", "vllm:num_requests_waiting")

    yield Subject(model, running)
    await model.close()


@pytest.fixture
async def pooled(vllm_url: str) -> AsyncIterator[Subject]:
    model = PooledChatModel([vllm_url], NAME)

    async def running() -> float:
        return await metric(vllm_url, "vllm:num_requests_running", "vllm:num_requests_waiting")

    yield Subject(model, running)
    await model.close()


@pytest.fixture(
    params=[
        "scripted",
        pytest.param("local", marks=pytest.mark.slow),
        pytest.param("vllm", marks=[pytest.mark.slow, pytest.mark.vllm]),
        pytest.param("pooled", marks=[pytest.mark.slow, pytest.mark.vllm]),
    ]
)
def subject(request: pytest.FixtureRequest) -> Subject:
    return request.getfixturevalue(request.param)


async def metric(url: str, *names: str) -> float:
    """Return the sum of vLLM's metrics over their labels."""
    async with aiohttp.ClientSession() as session, session.get(f"{url}/metrics") as answer:
        lines = (await answer.text()).splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.partition("{")[0] in names)


async def deltas_of(model: ChatModel, request: ChatRequest) -> list[ChatDelta]:
    return [delta async for delta in model.stream(request)]


async def assert_freed(subject: Subject) -> None:
    """Wait for the model to be idle: much less than the ten seconds that LONG takes on vLLM."""
    async with asyncio.timeout(FREED_SECONDS):
        while await subject.running():  # noqa: ASYNC110 (the books are the server's)
            await asyncio.sleep(0.02)


async def test_the_pieces_of_a_stream_join_to_the_whole(subject: Subject):
    whole = await complete(subject.model, ASKED)

    pieces = await deltas_of(subject.model, ASKED)

    assert "".join(piece.text for piece in pieces) == whole.text
    assert len([piece for piece in pieces if piece.text]) > 2


async def test_only_the_last_piece_has_finish_and_usage(subject: Subject):
    *others, last = await deltas_of(subject.model, ASKED)

    assert last.finish is not None
    assert last.usage is not None
    assert all(piece.finish is None and piece.usage is None for piece in others)


async def test_an_answer_cut_at_max_tokens_says_length(subject: Subject):
    answer = await complete(subject.model, replace(ASKED, max_tokens=7))

    assert answer.finish == "length"
    assert answer.usage.completion_tokens == 7


async def test_a_longer_prompt_costs_more_prompt_tokens(subject: Subject):
    longer = (*ASKED.messages, ChatMessage(role="assistant", content="Little. " * 20), *ASKED.messages)

    short = await complete(subject.model, ASKED)
    long = await complete(subject.model, replace(ASKED, messages=longer))

    assert long.usage.prompt_tokens > short.usage.prompt_tokens + 20


async def test_temperature_zero_says_the_same_again(subject: Subject):
    first = await complete(subject.model, ASKED)
    second = await complete(subject.model, ASKED)

    assert first.text == second.text


async def test_a_seed_says_the_same_again(subject: Subject):
    warm = replace(ASKED, temperature=1.0, seed=7)

    first = await complete(subject.model, warm)
    second = await complete(subject.model, warm)

    assert first.text == second.text


async def test_requests_at_once_are_answered_as_each_alone(subject: Subject):
    requests = [replace(ASKED, max_tokens=n) for n in (5, 10, 15, 20)]
    alone = [await complete(subject.model, request) for request in requests]

    together = await asyncio.gather(*(complete(subject.model, request) for request in requests))

    assert [answer.usage for answer in together] == [answer.usage for answer in alone]
    assert [answer.finish for answer in together] == ["length"] * 4


@pytest.mark.parametrize("seed", range(4))
async def test_an_answer_with_a_schema_is_json_of_that_schema(subject: Subject, seed: int):
    request = replace(ASKED, schema=SCHEMA, max_tokens=200, temperature=0.7 * bool(seed), seed=seed)

    answer = await complete(subject.model, request)

    assert answer.finish == "stop"
    items = json.loads(answer.text)["items"]
    assert 1 <= len(items) <= 3
    assert all(set(item) == {"id", "kind"} for item in items)
    assert all(item["id"] in IDS and item["kind"] in ("decision", "question") for item in items)


async def test_json_is_written_without_blanks(subject: Subject):
    answer = await complete(subject.model, replace(ASKED, schema=SCHEMA, max_tokens=200))

    assert answer.text == json.dumps(json.loads(answer.text), separators=(",", ":"))


async def test_json_cut_at_max_tokens_says_length_and_is_no_error(subject: Subject):
    answer = await complete(subject.model, replace(ASKED, schema=SCHEMA, max_tokens=3))

    assert answer.finish == "length"


@pytest.mark.parametrize("schema", [{"type": "nonsense"}, {"$ref": "#/$defs/Missing"}])
async def test_a_schema_that_cannot_be_used_is_refused(subject: Subject, schema: dict[str, str]):
    with pytest.raises(ModelRefused) as refused:
        await complete(subject.model, replace(ASKED, schema=schema))

    assert refused.value.status == 400
    assert refused.value.remedy


async def test_logprobs_come_with_every_token_and_their_alternatives(subject: Subject):
    answer = await complete(subject.model, replace(ASKED, top_logprobs=5, max_tokens=12))

    assert len(answer.logprobs) == answer.usage.completion_tokens == 12
    for one in answer.logprobs:
        assert one.logprob <= 0
        assert 1 <= len(one.top) <= 5
        assert sum(math.exp(logprob) for logprob in one.top.values()) <= 1 + 1e-4
        assert one.logprob == pytest.approx(max(one.top.values()), abs=1e-4)


async def test_no_logprobs_come_unasked(subject: Subject):
    answer = await complete(subject.model, ASKED)

    assert answer.logprobs == ()


async def test_an_answer_ends_before_a_stop_string(subject: Subject):
    whole = (await complete(subject.model, replace(ASKED, max_tokens=100))).text
    stop = next(whole[i : i + 3] for i in range(10, len(whole)) if whole[i : i + 3].isascii())

    answer = await complete(subject.model, replace(ASKED, max_tokens=100, stop=(stop, "never said 4711")))

    assert answer.text == whole[: whole.index(stop)]
    assert answer.finish == "stop"


async def test_closing_a_stream_early_frees_the_model(subject: Subject):
    async with aclosing(subject.model.stream(LONG)) as stream:
        async for _ in stream:
            break

    await assert_freed(subject)
    assert (await complete(subject.model, ASKED)).text


async def test_cancelling_the_caller_frees_the_model(subject: Subject):
    begun = asyncio.Event()

    async def call() -> None:
        async for _ in subject.model.stream(LONG):
            begun.set()

    caller = asyncio.create_task(call())
    await begun.wait()
    caller.cancel()

    with pytest.raises(asyncio.CancelledError):
        await caller
    await assert_freed(subject)


async def test_a_deadline_ends_the_generation_and_frees_the_model(subject: Subject):
    with pytest.raises(ModelTimeout, match=r"did not finish within 0\.3 s"):
        await complete(subject.model, replace(LONG, deadline_s=0.3))

    await assert_freed(subject)


async def test_a_prompt_that_does_not_fit_is_refused(subject: Subject):
    huge = (ChatMessage(role="user", content="Who was it? " * 3000),)

    with pytest.raises(ModelRefused, match=r"Shorten the prompt") as refused:
        await complete(subject.model, replace(ASKED, messages=huge))

    assert refused.value.status == 400
    assert "Who was it" not in str(refused.value)


@pytest.mark.parametrize("content", ["", " ", "\x00", "\ud800", "<|end|>", "👩‍👩‍👧 日本語", "\u202e\u200b"])
async def test_any_text_can_be_said_and_counted(subject: Subject, content: str):
    said = (ChatMessage(role="system", content=content), ChatMessage(role="user", content=content))

    answer = await complete(subject.model, replace(ASKED, messages=said, max_tokens=4))

    assert answer.usage.prompt_tokens > 0
    assert await subject.model.count_tokens(content) >= 0


async def test_longer_texts_have_more_tokens(subject: Subject):
    counts = [await subject.model.count_tokens("Who broke the build? " * n) for n in (0, 1, 2, 8, 64)]

    assert counts[0] == 0
    assert counts == sorted(set(counts))


async def test_the_name_is_on_the_answer(subject: Subject):
    assert (await complete(subject.model, ASKED)).model == subject.model.name


async def test_closing_twice_does_nothing_more(subject: Subject):
    await complete(subject.model, ASKED)

    await subject.model.close()
    await subject.model.close()


async def test_the_check_finds_the_whole_promise_kept(subject: Subject):
    report = await check(subject.model)

    assert report.ok, report.items
    assert {item.name for item in report.items} >= {"answers", "streams", "keeps a JSON schema", "cancels"}


@pytest.mark.slow
@pytest.mark.parametrize(
    "absent",
    [
        ScriptedChatModel([ModelUnavailable("nobody is here")]),
        chat_model_from(path_or_hub_id="/nowhere/at-all", local_files_only=True),
        chat_model_from(path_or_hub_id="no-such-owner/no-such-model", local_files_only=True),
        chat_model_from(url="http://127.0.0.1:9", model="nobody"),
    ],
    ids=["scripted", "folder", "hub", "url"],
)
async def test_a_model_that_cannot_be_had_is_unavailable(absent: ChatModel):
    with pytest.raises(ModelUnavailable):
        await complete(absent, ASKED)

    await absent.close()


@pytest.mark.slow
@pytest.mark.vllm
async def test_transformers_and_vllm_read_and_say_the_same(local: Subject, vllm: Subject):
    text = "Ünïcode 🎉, and who broke the build?"

    ours = await complete(local.model, replace(ASKED, top_logprobs=1))
    theirs = await complete(vllm.model, replace(ASKED, top_logprobs=1))

    assert ours.usage == theirs.usage
    assert ours.text == theirs.text
    assert [one.logprob for one in ours.logprobs] == pytest.approx(
        [one.logprob for one in theirs.logprobs], abs=1e-3
    )
    assert await local.model.count_tokens(text) == await vllm.model.count_tokens(text)


@pytest.mark.slow
@pytest.mark.vllm
async def test_a_prompt_that_vllm_saw_before_comes_from_its_prefix_cache(vllm: Subject):
    long = replace(ASKED, messages=(ChatMessage(role="user", content="We shipped on Friday. " * 60),))
    first = await complete(vllm.model, long)

    second = await complete(vllm.model, long)

    assert first.usage.prompt_tokens > 256
    assert second.usage.cached_tokens >= 128


@pytest.mark.slow
@pytest.mark.vllm
async def test_vllm_takes_a_priority(vllm: Subject):
    assert (await complete(vllm.model, replace(ASKED, priority=-5))).text


@pytest.mark.slow
@pytest.mark.vllm
async def test_vllm_refuses_a_model_it_does_not_serve_and_lists_what_it_does(vllm_url: str):
    stranger = OpenAIChatModel(f"{vllm_url}/v1/", "stranger")

    with pytest.raises(ModelRefused, match=r"answered 404.*GET /v1/models") as refused:
        await complete(stranger, ASKED)

    assert refused.value.status == 404
    assert await served_models(vllm_url) == (NAME,)
    await stranger.close()
