from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidFile, InvalidInput
from gpu.capacity.presets import find_gpu, find_model, gpu_names, model_names
from gpu.capacity.shape import Precision

CONFIG = {
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "vocab_size": 512,
    "dtype": "float32",
}


def written(folder: Path, config: object) -> str:
    (folder / "config.json").write_text(json.dumps(config))
    return str(folder)


@pytest.mark.parametrize(
    ("name", "billions"),
    [
        ("llama-3.1-8b", 8.03),
        ("llama-3.2-3b", 3.21),
        ("llama-3.3-70b", 70.55),
        ("mistral-small-24b", 23.57),
        ("qwen3-4b", 4.02),
        ("qwen3-8b", 8.19),
        ("qwen3-14b", 14.77),
        ("qwen3-32b", 32.76),
        ("qwen3-30b-a3b", 30.53),
    ],
)
def test_the_parameters_are_those_that_the_makers_publish(name: str, billions: float):
    assert find_model(name).parameters / 1e9 == pytest.approx(billions, rel=0.001)


def test_every_preset_can_be_used():
    assert all(find_model(name).kv_bytes > 0 for name in model_names())
    assert all(find_gpu(name).bandwidth > 0 for name in gpu_names())


def test_a_token_of_llama_8b_keeps_128_kib():
    assert find_model("llama-3.1-8b").kv_bytes == 128 * 1024
    assert find_model("llama-3.1-8b", kv_bits=8).kv_bytes == 64 * 1024


def test_a_quantized_model_keeps_its_vocabulary_in_16_bits():
    """RedHatAI/Meta-Llama-3.1-8B-Instruct-FP8 is 9.08 GB on the hub."""
    assert find_model("llama-3.1-8b", weights=Precision.FP8).weight_bytes == pytest.approx(9.08e9, rel=0.001)


@pytest.mark.slow
def test_the_tiny_model_of_the_tests_is_counted_exactly(tiny: Path):
    """Its file holds every parameter as float32; only norms are not counted: 5 of 64."""
    file = (tiny / "model.safetensors").read_bytes()
    header = json.loads(file[8 : 8 + int.from_bytes(file[:8], "little")])
    header.pop("__metadata__", None)
    held = sum(part["data_offsets"][1] - part["data_offsets"][0] for part in header.values())

    shape = find_model(str(tiny))

    assert shape.precision is Precision.FP32
    assert shape.weight_bytes == held - 5 * 64 * 4


def test_one_answer_of_a_mixture_reads_its_own_experts_and_many_read_them_all():
    shape = find_model("qwen3-30b-a3b")

    alone, many = shape.bytes_read(1), shape.bytes_read(10_000)

    assert alone == pytest.approx(2 * shape.active)
    assert many == pytest.approx(shape.weight_bytes - 2 * shape.embedding)


@given(st.floats(1, 1e5), st.floats(0, 1e5))
def test_reading_after_a_cached_prefix_costs_less_than_reading_it_all(new: float, cached: float):
    shape = find_model("llama-3.1-8b")

    rest, whole = shape.prefill_operations(new, cached), shape.prefill_operations(new + cached, 0)

    assert rest <= whole * (1 + 1e-12)
    assert rest + shape.prefill_operations(cached, 0) == pytest.approx(whole)


@pytest.mark.parametrize(
    ("quantized", "precision"),
    [
        ({"quant_method": "fp8"}, Precision.FP8),
        ({"quant_method": "awq", "bits": 4}, Precision.INT4),
        ({"quant_method": "gptq", "bits": 8}, Precision.FP8),
        ({"quant_method": "mxfp4"}, Precision.INT4),
    ],
)
def test_a_config_says_how_its_weights_are_kept(
    tmp_path: Path, quantized: dict[str, object], precision: Precision
):
    config = CONFIG | {"quantization_config": quantized}

    assert find_model(written(tmp_path, config)).precision is precision


def test_the_language_model_of_a_model_that_sees_is_read(tmp_path: Path):
    config = {"text_config": CONFIG, "quantization_config": {"quant_method": "fp8"}}

    shape = find_model(written(tmp_path, config))

    assert (shape.layers, shape.precision) == (2, Precision.FP8)


def test_a_config_of_before_dtype_was_renamed_is_read(tmp_path: Path):
    old = {key: value for key, value in CONFIG.items() if key != "dtype"} | {"torch_dtype": "float16"}

    assert find_model(written(tmp_path, old)).precision is Precision.BF16


@pytest.mark.parametrize(
    "config",
    [
        [],
        {},
        CONFIG | {"hidden_size": 0},
        CONFIG | {"dtype": "int3"},
        CONFIG | {"kv_lora_rank": 512},
        CONFIG | {"quantization_config": {"quant_method": "secret"}},
    ],
)
def test_a_config_that_cannot_be_planned_with_is_refused(tmp_path: Path, config: object):
    with pytest.raises(InvalidInput):
        find_model(written(tmp_path, config))


def test_what_is_no_json_is_refused(tmp_path: Path):
    (tmp_path / "config.json").write_text("{")

    with pytest.raises(InvalidFile, match="is not JSON"):
        find_model(str(tmp_path))


def test_unknown_names_are_refused_with_the_known_ones():
    with pytest.raises(InvalidInput, match=r"no preset.*llama-3\.1-8b"):
        find_model("nobody/nothing")
    with pytest.raises(InvalidInput, match="h100"):
        find_gpu("abacus")
