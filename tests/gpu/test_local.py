"""What only the model on this machine does; the rest is in the contract."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.chat import ChatMessage, ChatRequest, complete
from core.errors import ModelTimeout, ModelUnavailable
from gpu.job import ModelSource
from gpu.local import LocalChatModel
from tests.support import tiny_llama

pytestmark = pytest.mark.slow

ASKED = ChatRequest(messages=(ChatMessage(role="user", content="What did I miss?"),), max_tokens=30)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_llama.build(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
async def model(tiny: Path) -> AsyncIterator[LocalChatModel]:
    model = LocalChatModel(ModelSource(path_or_hub_id=str(tiny), threads=1))
    model.load()
    yield model
    await model.close()


async def test_another_seed_says_something_else(model: LocalChatModel):
    texts = [(await complete(model, replace(ASKED, temperature=1.0, seed=seed))).text for seed in range(4)]

    assert len(set(texts)) == 4


async def test_seeded_requests_at_once_do_not_disturb_each_other(model: LocalChatModel):
    requests = [replace(ASKED, temperature=1.0, seed=seed) for seed in range(4)]
    alone = [(await complete(model, request)).text for request in requests]

    together = await asyncio.gather(*(complete(model, request) for request in requests))

    assert [answer.text for answer in together] == alone


async def test_a_request_that_waits_too_long_times_out_and_never_runs(model: LocalChatModel):
    long = asyncio.create_task(complete(model, replace(ASKED, max_tokens=500)))
    await asyncio.sleep(0)

    with pytest.raises(ModelTimeout):
        await complete(model, replace(ASKED, deadline_s=0.01))

    assert (await long).usage.completion_tokens == 500


async def test_the_same_seed_builds_the_same_model(tiny: Path, tmp_path: Path):
    again = tiny_llama.build(tmp_path)

    assert (again / "model.safetensors").read_bytes() == (tiny / "model.safetensors").read_bytes()
    assert (again / "tokenizer.json").read_text() == (tiny / "tokenizer.json").read_text()


async def test_closing_ends_what_runs_and_what_waits(tiny: Path):
    model = LocalChatModel(ModelSource(path_or_hub_id=str(tiny), threads=1))
    calls = [asyncio.create_task(complete(model, replace(ASKED, max_tokens=4000))) for _ in range(3)]
    while not model.running:  # noqa: ASYNC110 (the books are kept by a thread)
        await asyncio.sleep(0.01)

    async with asyncio.timeout(20):
        await model.close()
        outcomes = await asyncio.gather(*calls, return_exceptions=True)

    assert [type(outcome) for outcome in outcomes] == [ModelUnavailable] * 3
    with pytest.raises(ModelUnavailable, match="was closed"):
        await complete(model, ASKED)


def test_a_model_without_a_chat_template_says_which_to_take(tiny: Path, tmp_path: Path):
    for file in tiny.iterdir():
        if file.suffix != ".jinja":
            (tmp_path / file.name).write_bytes(file.read_bytes())
    settings = json.loads((tmp_path / "tokenizer_config.json").read_text())
    settings.pop("chat_template", None)
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(settings))
    model = LocalChatModel(ModelSource(path_or_hub_id=str(tmp_path)))

    with pytest.raises(ModelUnavailable, match=r"no chat template.*instruct"):
        model.load()


@pytest.mark.parametrize("damage", ["config.json", "tokenizer.json", "model.safetensors"])
def test_a_folder_with_a_damaged_file_is_unavailable_with_a_remedy(tiny: Path, tmp_path: Path, damage: str):
    for file in tiny.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes() if file.name != damage else b"{")
    model = LocalChatModel(ModelSource(path_or_hub_id=str(tmp_path)))

    with pytest.raises(ModelUnavailable, match="cannot be loaded on cpu") as refused:
        model.load()

    assert "safetensors" in refused.value.remedy


def test_a_device_that_is_not_there_is_unavailable(tiny: Path):
    model = LocalChatModel(ModelSource(path_or_hub_id=str(tiny), device="cuda:99"))

    with pytest.raises(ModelUnavailable, match="cannot be loaded on cuda:99"):
        model.load()
