"""What only the model on this machine does; the rest is in the contract."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest

from core.chat import ChatAnswer, ChatMessage, ChatRequest, Json, complete
from core.errors import ModelRefused, ModelTimeout, ModelUnavailable
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


def asked(n: int) -> ChatRequest:
    """One of several requests that differ in the length of prompt and answer."""
    said = "Who broke the build? " * (1 + 7 * n % 5 * 4)
    return replace(
        ASKED, messages=(ChatMessage(role="user", content=said),), max_tokens=10 + 9 * n, top_logprobs=1
    )


def of_kind(kind: str, tiny: Path, folder: Path) -> Path:
    """Build another kind of model around the tiny one's tokenizer."""
    import torch
    from transformers import MambaConfig, MambaForCausalLM, MistralConfig, MistralForCausalLM

    ids = {"bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 2}
    size = {"vocab_size": tiny_llama.VOCABULARY, "hidden_size": 64, "num_hidden_layers": 2}
    torch.manual_seed(0)
    if kind == "sliding":
        heads = {"num_attention_heads": 2, "num_key_value_heads": 1, "intermediate_size": 128}
        model = MistralForCausalLM(
            MistralConfig(**size, **heads, **ids, sliding_window=16, initializer_range=0.2)
        )
    else:
        model = MambaForCausalLM(MambaConfig(**size, **ids))
    model.save_pretrained(folder)
    for file in tiny.iterdir():
        if file.name.startswith("token") or file.suffix == ".jinja":
            (folder / file.name).write_bytes(file.read_bytes())
    return folder


async def answers(folder: Path, many: int, *, max_batch: int, at_once: bool) -> list[ChatAnswer]:
    model = LocalChatModel(ModelSource(path_or_hub_id=str(folder), threads=1), max_batch=max_batch)
    requests = [asked(n) for n in range(many)]
    try:
        if at_once:
            return list(await asyncio.gather(*(complete(model, request) for request in requests)))
        return [await complete(model, request) for request in requests]
    finally:
        await model.close()


@pytest.mark.parametrize(("kind", "many"), [("llama", 7), ("sliding", 7), ("recurrent", 2)])
async def test_answers_made_together_are_those_made_alone(kind: str, many: int, tiny: Path, tmp_path: Path):
    folder = tiny if kind == "llama" else of_kind(kind, tiny, tmp_path)
    alone = await answers(folder, many, max_batch=1, at_once=False)

    together = await answers(folder, many, max_batch=3, at_once=True)

    assert [answer.text for answer in together] == [answer.text for answer in alone]
    assert [answer.usage for answer in together] == [answer.usage for answer in alone]
    for ours, theirs in zip(together, alone, strict=True):
        assert [one.logprob for one in ours.logprobs] == pytest.approx(
            [one.logprob for one in theirs.logprobs], abs=1e-4
        )


async def test_an_answer_is_what_transformers_itself_generates(model: LocalChatModel):
    import torch
    from transformers import AutoModelForCausalLM

    loaded = model.load()
    prompt = loaded.prompt(asked(3))
    peer = AutoModelForCausalLM.from_pretrained(loaded.name)
    generated = peer.generate(torch.tensor([prompt]), max_new_tokens=asked(3).max_tokens, do_sample=False)

    answer = await complete(model, asked(3))

    assert answer.text == loaded.decode(generated[0, len(prompt) :].tolist()).rstrip(
        "\N{REPLACEMENT CHARACTER}"
    )


async def test_in_a_batch_each_answer_keeps_its_own_schema(model: LocalChatModel):
    def schema(word: str) -> dict[str, Json]:
        properties: dict[str, Json] = {word: {"enum": [f"{word}-{n}" for n in range(3)]}}
        return {"type": "object", "properties": properties, "required": [word], "additionalProperties": False}

    words = ["alpha", "beta", "gamma", "delta", "plain"]
    requests = [replace(ASKED, schema=schema(word), max_tokens=60) for word in words[:-1]]

    made = await asyncio.gather(*(complete(model, request) for request in [*requests, ASKED]))

    for word, answer in zip(words[:-1], made, strict=False):
        assert json.loads(answer.text)[word].startswith(f"{word}-")
    assert made[-1].usage.completion_tokens == ASKED.max_tokens


async def test_one_that_fails_or_leaves_disturbs_no_other(model: LocalChatModel):
    alone = [await complete(model, asked(n)) for n in (4, 5)]
    leaving = asyncio.create_task(complete(model, replace(ASKED, max_tokens=3000)))
    staying = [asyncio.create_task(complete(model, asked(n))) for n in (4, 5)]
    refused = asyncio.create_task(complete(model, replace(ASKED, schema={"type": "nonsense"})))
    late = asyncio.create_task(complete(model, replace(ASKED, max_tokens=3000, deadline_s=0.2)))
    await asyncio.sleep(0.1)

    leaving.cancel()

    assert [(await task).text for task in staying] == [answer.text for answer in alone]
    for task, error in ((leaving, asyncio.CancelledError), (refused, ModelRefused), (late, ModelTimeout)):
        with pytest.raises(error):
            await task


async def test_the_most_urgent_that_waits_is_answered_first(tiny: Path):
    model = LocalChatModel(ModelSource(path_or_hub_id=str(tiny), threads=1), max_batch=1)
    model.load()
    ended: list[int] = []

    async def call(priority: int) -> None:
        await complete(model, replace(ASKED, priority=priority))
        ended.append(priority)

    async with aclosing(model.stream(replace(ASKED, max_tokens=3000))) as first:
        await anext(first)
        calls = [asyncio.create_task(call(priority)) for priority in (5, 10, 0, 10, -1, 0)]
        await asyncio.sleep(0)
    await asyncio.gather(*calls)
    await model.close()

    assert ended == [-1, 0, 0, 5, 10, 10]


async def test_a_long_prompt_is_read_in_pieces_to_the_same_end(model: LocalChatModel):
    import torch

    from gpu.batch import CHUNK, Batch

    loaded = model.load()
    long = replace(ASKED, messages=(ChatMessage(role="user", content="Who was it? " * 600),))
    prompt = loaded.prompt(long)

    in_pieces = Batch(loaded).read(prompt, lambda: False)
    assert in_pieces is not None
    at_once = loaded.forward(
        torch.tensor([prompt]),
        torch.ones(1, len(prompt)).long(),
        torch.arange(len(prompt))[None],
        loaded.new_cache(),
    )

    assert len(prompt) > 2 * CHUNK
    assert torch.allclose(in_pieces.logits, at_once[0], atol=1e-4)


async def test_the_context_is_the_models_unless_less_is_wanted(tiny: Path):
    source = ModelSource(path_or_hub_id=str(tiny), threads=1)
    models = [
        LocalChatModel(source),
        LocalChatModel(source, context=1000),
        LocalChatModel(source, context=10**6),
    ]

    assert [await model.context_tokens() for model in models] == [8192, 1000, 8192]
    for model in models:
        await model.close()


def test_a_model_that_is_neither_here_nor_to_be_fetched_says_how_to_bring_it():
    model = LocalChatModel(ModelSource(path_or_hub_id="owner/of-no-such-model", local_files_only=True))

    with pytest.raises(ModelUnavailable, match=r"no such folder, it was not fetched before") as raised:
        model.load()

    assert "hf download owner/of-no-such-model --local-dir FOLDER" in raised.value.remedy
    assert "CATCHUP_MODEL" in raised.value.remedy
