"""What we rely on in vLLM, asked of a real one: a metric, a flag or an answer that it renames fails here."""

from __future__ import annotations

import asyncio
import uuid

import aiohttp
import orjson
import pytest

from core.chat import ChatMessage, ChatRequest, complete
from gpu.bench.measure import Bench, measure_node
from gpu.bench.workload import Workload
from gpu.node import metric_names
from gpu.node.build import Build, inspect_build
from gpu.node.check import check_node
from gpu.node.flags import flags_for
from gpu.node.metrics import named_values, scrape, scrape_text
from gpu.node.options import Device, KvDtype, NodeOptions, Speculative
from gpu.openai_client import OpenAIChatModel
from tests.conftest import not_tested
from tests.support.vllm_server import NAME, PYTHON, why_absent

pytestmark = [pytest.mark.vllm, pytest.mark.slow, pytest.mark.xdist_group("vllm")]

EVERY_OPTION = NodeOptions(
    model="org/name",
    served_name="name",
    tensor_parallel=2,
    kv_dtype=KvDtype.FP8,
    speculative=Speculative.SUFFIX,
    load_format="dummy",
    queued_tokens=100_000,
)


@pytest.fixture(scope="module")
def build() -> Build:
    if reason := why_absent():
        not_tested("the flags of a real vLLM", reason)
    return inspect_build(str(PYTHON))


async def text_of(url: str) -> str:
    async with aiohttp.ClientSession() as session:
        return await scrape_text(session, url, timeout_s=30)


@pytest.mark.parametrize("name", [*metric_names.REQUIRED, metric_names.ADMISSION_REJECTIONS])
async def test_every_metric_that_is_read_is_in_a_real_scrape(vllm_url: str, name: str):
    values = named_values(await text_of(vllm_url))

    assert name in values


async def test_a_generation_moves_the_counters_by_what_it_cost(vllm_url: str):
    model = OpenAIChatModel(vllm_url, NAME)
    asked = ChatMessage(role="user", content=f"{uuid.uuid4()}: " + "we shipped on Friday. " * 40)
    async with aiohttp.ClientSession() as session:
        before = await scrape(session, vllm_url, timeout_s=30)

        answer = await complete(model, ChatRequest(messages=(asked,), max_tokens=9))

        after = before
        async with asyncio.timeout(10):  # the engine's counters come a step after its answer
            while after.queue_count == before.queue_count:
                after = await scrape(session, vllm_url, timeout_s=30)
    await model.close()
    assert after.prompt_tokens - before.prompt_tokens == answer.usage.prompt_tokens
    assert after.prefix_queries - before.prefix_queries == answer.usage.prompt_tokens
    assert after.generation_tokens - before.generation_tokens == answer.usage.completion_tokens == 9
    assert after.iterations - before.iterations >= 9
    assert after.queue_count - before.queue_count == after.ttft_count - before.ttft_count == 1


async def test_a_real_node_keeps_every_part(vllm_url: str):
    report = await check_node(vllm_url, word=uuid.uuid4().hex, freed_s=6.0)

    assert [item for item in report.items if not item.ok] == []
    assert report.model == NAME
    assert len(report.items) == len({item.name for item in report.items}) == 15


async def test_a_model_that_is_not_served_is_not_asked(vllm_url: str):
    report = await check_node(vllm_url, word="w", name="stranger")

    assert [(item.name, item.ok) for item in report.items] == [("lists its model", False)]
    assert NAME in report.items[0].detail


@pytest.mark.parametrize("device", [Device.CPU, Device.CUDA])
def test_every_flag_that_we_give_is_one_that_the_installed_vllm_knows(build: Build, device: Device):
    unknown = [flag.name for flag in flags_for(EVERY_OPTION, device) if flag.name not in build.flags]

    assert unknown == []


def test_the_installed_vllm_says_what_it_is_made_for(build: Build):
    assert build.version
    assert build.device in {"cpu", "cuda"}


async def test_text_of_any_length_is_json_whatever_a_random_model_says(vllm_url: str):
    """Bounded by minLength or maxLength it is not: xgrammar then lets raw control characters in (vLLM 0.32)."""
    schema = {"type": "object", "properties": {"t": {"type": "string"}}, "required": ["t"]}
    model = OpenAIChatModel(vllm_url, NAME)

    answers = [
        await complete(
            model,
            ChatRequest(
                messages=(ChatMessage(role="user", content="Say something."),),
                max_tokens=200,
                temperature=1.0,
                seed=seed,
                schema=schema,
            ),
        )
        for seed in range(12)
    ]

    await model.close()
    ended = [answer for answer in answers if answer.finish == "stop"]
    assert ended
    assert all("t" in orjson.loads(answer.text) for answer in ended)


async def test_a_real_node_is_measured_and_its_books_show_the_prefix_cache(vllm_url: str):
    work = Workload(word=uuid.uuid4().hex, messages=20, grown=2, tokens_out=12)
    heard: list[None] = []

    found = await measure_node(
        Bench(workload=work, concurrencies=(1, 2), each=1, least=3),
        vllm_url,
        done=lambda: heard.append(None),
    )

    assert found.model == NAME
    assert len(heard) == 2 + 2 * (3 + 3)
    for level in found.levels:
        assert (level.cold.failed, level.warm.failed) == ({}, {})
        assert level.cold.hit is not None
        assert level.warm.hit is not None
        assert level.warm.hit > level.cold.hit + 0.2
        assert level.cold.first is not None
        assert 0 < level.cold.first.p50 <= level.cold.first.p99
    assert any("quality" in gap for gap in found.not_measured)
