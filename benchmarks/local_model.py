"""Tokens a second of the model in this process, by how many answers are decoded at once.

    python -m benchmarks.local_model [--folder MODEL] [--tokens 64] [--requests 8] [--threads 1] [--device cpu]

Two random models: the tiny one of the tests, where bookkeeping is most of it, and one of about 100 million parameters,
where reading the weights is, which several answers share. `--folder` takes a real one instead. The same requests, with
prompts of different lengths, are asked one after another and then all at once at batch 1, 4 and 8, in one run; the
answers must be the same. Every second request has a JSON schema.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from core.chat import ChatAnswer, ChatMessage, ChatRequest, complete
from gpu.job import ModelSource
from gpu.local import LocalChatModel
from tests.support import tiny_llama

BATCHES = (1, 4, 8)
SCHEMA = {
    "type": "object",
    "properties": {"notes": {"type": "array", "items": {"type": "string", "minLength": 200}, "minItems": 3}},
    "required": ["notes"],
    "additionalProperties": False,
}


def main() -> None:
    """Print one table for each model."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name, default in (("tokens", 64), ("requests", 8), ("threads", 1)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--device", default="cpu")
    given = parser.parse_args()
    os.environ["TRANSFORMERS_VERBOSITY"] = "error"
    with tempfile.TemporaryDirectory() as made:
        folders = (
            [given.folder] if given.folder else [tiny_llama.build(Path(made) / "tiny"), larger(Path(made))]
        )
        for folder in folders:
            asyncio.run(measured(folder, given))


def larger(made: Path) -> Path:
    """Build a random Llama of about 100 million parameters around the tiny one's tokenizer."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    folder = made / "larger"
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=tiny_llama.VOCABULARY,
        hidden_size=768,
        intermediate_size=2048,
        num_hidden_layers=14,
        num_attention_heads=12,
        num_key_value_heads=4,
        max_position_embeddings=tiny_llama.CONTEXT,
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=2,
        initializer_range=0.2,
        tie_word_embeddings=False,
    )
    model = LlamaForCausalLM(config)
    with torch.no_grad():
        model.lm_head.weight[1] = 0.0  # it has no wish to end
    model.save_pretrained(folder)
    for file in (made / "tiny").iterdir():
        if file.name.startswith("token") or file.suffix == ".jinja":
            (folder / file.name).write_bytes(file.read_bytes())
    return folder


def requests(count: int, tokens: int) -> list[ChatRequest]:
    """Return requests whose prompts differ in length."""
    return [
        ChatRequest(
            messages=(ChatMessage(role="user", content="Who broke the build? " * (4 + 5 * n)),),
            max_tokens=tokens,
            schema=SCHEMA if n % 2 else None,
            deadline_s=3600.0,
        )
        for n in range(count)
    ]


async def measured(folder: Path, given: argparse.Namespace) -> None:
    """Print tokens a second of one model."""
    source = ModelSource(path_or_hub_id=str(folder), device=given.device, threads=given.threads)
    asked = requests(given.requests, given.tokens)
    rows: list[tuple[str, float, float]] = []
    alone: list[str] = []
    for batch in BATCHES:
        model = LocalChatModel(source, max_batch=batch)
        model.load()
        await complete(model, asked[-1])  # the grammar's vocabulary is prepared, memory is warm
        if batch == 1:
            answers, seconds = await one_by_one(model, asked)
            alone = [answer.text for answer in answers]
            rows.append(("one after another", spoken(answers) / seconds, 1.0))
        answers, seconds = await at_once(model, asked)
        same = sum(answer.text == text for answer, text in zip(answers, alone, strict=True))
        rows.append((f"at once, batch {batch}", spoken(answers) / seconds, same / len(asked)))
        await model.close()
    show(folder, rows, given)


async def one_by_one(model: LocalChatModel, asked: Sequence[ChatRequest]) -> tuple[list[ChatAnswer], float]:
    began = time.perf_counter()
    answers = [await complete(model, request) for request in asked]
    return answers, time.perf_counter() - began


async def at_once(model: LocalChatModel, asked: Sequence[ChatRequest]) -> tuple[list[ChatAnswer], float]:
    began = time.perf_counter()
    answers = list(await asyncio.gather(*(complete(model, request) for request in asked)))
    return answers, time.perf_counter() - began


def spoken(answers: Sequence[ChatAnswer]) -> int:
    return sum(answer.usage.completion_tokens for answer in answers)


def show(folder: Path, rows: Sequence[tuple[str, float, float]], given: argparse.Namespace) -> None:
    table = Table("", "tokens/s", "ratio", "answers the same")
    for name, rate, same in rows:
        table.add_row(name, f"{rate:.0f}", f"{rate / rows[0][1]:.2f}", f"{same:.0%}")
    size = sum(file.stat().st_size for file in folder.glob("*.safetensors")) / 1e6
    Console().print(
        f"{folder.name}: {size:.0f} MB of weights, {given.requests} requests of {given.tokens} tokens, "
        f"{given.threads} thread(s) on {given.device}"
    )
    Console().print(table)


if __name__ == "__main__":
    main()
