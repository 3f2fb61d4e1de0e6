from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from gpu.bench.dummy import make_dummy_model
from gpu.bench.workload import QUESTION, Workload
from gpu.capacity.presets import find_model
from gpu.capacity.shape import ModelShape

workloads = st.builds(
    Workload, seed=st.integers(0, 99), word=st.sampled_from(["", "a"]), messages=st.integers(1, 40)
)
channels = st.integers(0, 10_000)


def history(workload: Workload, channel: int, *, warm: bool) -> str:
    return workload.request(channel, warm=warm).messages[1].content.removesuffix(QUESTION).rstrip("\n")


@given(workloads, channels, st.booleans())
def test_the_same_seed_asks_the_same(workload: Workload, channel: int, warm: bool):
    assert workload.request(channel, warm=warm) == workload.request(channel, warm=warm)


@given(workloads, channels)
def test_a_warm_request_begins_as_the_cold_one_and_goes_on(workload: Workload, channel: int):
    cold, warm = history(workload, channel, warm=False), history(workload, channel, warm=True)

    assert warm.startswith(cold + "\n")
    assert len(warm.splitlines()) == len(cold.splitlines()) + workload.grown


@given(workloads, channels, channels)
def test_all_channels_share_the_system_prompt_and_nothing_else(workload: Workload, one: int, other: int):
    first, second = (workload.request(channel, warm=False) for channel in (one, other))

    assert first.messages[0] == second.messages[0]
    assert (first.messages[1] == second.messages[1]) == (one == other)
    assert (first.affinity == second.affinity) == (one == other)


@given(workloads, channels, st.booleans())
def test_what_can_be_cited_are_the_windows_own_ids(workload: Workload, channel: int, warm: bool):
    request = workload.request(channel, warm=warm)

    assert request.schema is not None
    item = request.schema["properties"]["items"]["items"]  # type: ignore[index, call-overload]
    ids = item["properties"]["cites"]["items"]["enum"]  # type: ignore[index, call-overload]
    shown = [
        line.split("]")[0][1:] for line in request.messages[1].content.splitlines() if line.startswith("[")
    ]
    assert ids == shown


def test_free_text_has_no_schema():
    assert Workload(structured=False).request(0, warm=False).schema is None


SMALL = ModelShape(
    name="small",
    layers=2,
    hidden=64,
    intermediate=128,
    heads=4,
    kv_heads=2,
    head_dim=16,
    vocabulary=3_000,
    tied=True,
)


@pytest.fixture(scope="module")
def dummy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_dummy_model(SMALL, tmp_path_factory.mktemp("dummy") / "model", context=2048)


@pytest.fixture(scope="module")
def tokenizer(dummy: Path) -> Tokenizer:
    return Tokenizer.from_file(str(dummy / "tokenizer.json"))


def test_a_dummy_model_has_the_shape_that_it_was_made_of(dummy: Path):
    found = find_model(str(dummy))

    assert (found.layers, found.hidden, found.heads, found.kv_heads) == (2, 64, 4, 2)
    assert found.parameters == SMALL.parameters
    assert found.kv_bytes == SMALL.kv_bytes


def test_whatever_token_random_weights_say_has_a_text(tokenizer: Tokenizer):
    assert tokenizer.get_vocab_size() == SMALL.vocabulary
    assert all(tokenizer.decode([token], skip_special_tokens=False) for token in range(SMALL.vocabulary))


@given(st.text(alphabet=st.characters(codec="utf-8")))
def test_a_dummy_tokenizer_writes_any_text(tokenizer: Tokenizer, text: str):
    assert (
        tokenizer.decode(tokenizer.encode(text, add_special_tokens=False).ids, skip_special_tokens=False)
        == text
    )


def test_fillers_are_never_written(tokenizer: Tokenizer):
    written = tokenizer.encode("filler2999 " + history(Workload(), 0, warm=False)).tokens

    assert not any(token.startswith("filler") for token in written)


def test_a_mixture_of_experts_is_refused(tmp_path: Path):
    with pytest.raises(ValueError, match="mixture"):
        make_dummy_model(find_model("qwen3-30b-a3b"), tmp_path)


@pytest.mark.slow
def test_transformers_says_the_template_of_a_dummy_model(dummy: Path):
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(dummy)

    said = tokenizer.apply_chat_template(
        [{"role": "user", "content": "Hi"}], tokenize=False, add_generation_prompt=True
    )

    assert said == "<|begin|><|user|>Hi<|end|><|assistant|>"
