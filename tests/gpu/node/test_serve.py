from __future__ import annotations

import json
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidInput, ModelUnavailable
from gpu.node.build import Build, inspect_build
from gpu.node.flags import flags_for
from gpu.node.options import Device, KvDtype, NodeOptions, Speculative
from gpu.node.serve import NodeCommand, node_command

EVERYTHING = NodeOptions(
    model="org/name",
    served_name="name",
    tensor_parallel=2,
    kv_dtype=KvDtype.FP8,
    speculative=Speculative.NGRAM,
    load_format="dummy",
    queued_tokens=50_000,
)
KNOWN = frozenset(
    flag.name for device in Device for flag in flags_for(EVERYTHING, device) if device is not Device.AUTO
)
GPU = Build(version="0.32.0", device="cuda", flags=KNOWN)
CPU = Build(version="0.32.0", device="cpu", flags=KNOWN, has_command=False)
MODEL = NodeOptions(model="org/name")


def value(command: NodeCommand, flag: str) -> str:
    """Return what follows a flag the last time that it is given, as vLLM reads it."""
    words = command.arguments
    return words[len(words) - 1 - words[::-1].index(flag) + 1]


def without(name: str) -> Build:
    return Build(version="0.9.0", device="cuda", flags=KNOWN - {name})


def test_a_gpu_node_has_what_the_workload_needs():
    command = node_command(MODEL, "python", GPU)

    assert command.arguments[:5] == ("python", "-m", "vllm.entrypoints.cli.main", "serve", "org/name")
    assert {"--enable-prefix-caching", "--enable-chunked-prefill"} <= set(command.arguments)
    assert value(command, "--max-num-batched-tokens") == "8192"
    assert value(command, "--scheduling-policy") == "priority"
    assert json.loads(value(command, "--structured-outputs-config")) == {
        "backend": "xgrammar",
        "disable_any_whitespace": True,
    }
    assert "--enforce-eager" not in command.arguments
    assert "--speculative-config" not in command.arguments
    assert command.notes == ()


def test_a_cpu_node_starts_without_graphs_or_compilers_and_in_a_stated_memory():
    command = node_command(MODEL, "python", CPU)

    environment = dict(command.environment)
    assert command.arguments[:5] == (
        "python",
        "-m",
        "vllm.entrypoints.openai.api_server",
        "--model",
        "org/name",
    )
    assert "--enforce-eager" in command.arguments
    assert environment["TORCHDYNAMO_DISABLE"] == "1"
    assert environment["VLLM_CPU_KVCACHE_SPACE"] == "4"
    assert "HF_HUB_OFFLINE" not in environment


def test_what_the_operator_asks_for_is_in_the_command():
    command = node_command(EVERYTHING, "python", GPU)

    assert value(command, "--served-model-name") == "name"
    assert value(command, "--tensor-parallel-size") == "2"
    assert value(command, "--kv-cache-dtype") == "fp8"
    assert value(command, "--load-format") == "dummy"
    assert value(command, "--max-num-queued-tokens") == "50000"
    assert json.loads(value(command, "--speculative-config"))["method"] == "ngram"


def test_extra_flags_come_last_and_win():
    command = node_command(NodeOptions(model="m", extra=("--max-num-seqs", "3")), "python", GPU)

    assert value(command, "--max-num-seqs") == "3"
    assert command.arguments[-2:] == ("--max-num-seqs", "3")


@pytest.mark.parametrize(
    "name", ["--scheduling-policy", "--structured-outputs-config", "--max-model-len", "--port"]
)
def test_a_flag_that_cannot_be_left_out_is_an_error_that_says_what_it_means(name: str):
    with pytest.raises(InvalidInput, match=rf"{name}: vLLM 0\.9\.0 has no such flag: \w+"):
        node_command(MODEL, "python", without(name))


@pytest.mark.parametrize(
    "name", ["--max-num-queued-reqs", "--shutdown-timeout", "--enable-prompt-tokens-details"]
)
def test_a_flag_that_can_be_left_out_is_left_out_with_a_note(name: str):
    command = node_command(MODEL, "python", without(name))

    assert name not in command.arguments
    assert len(command.notes) == 1
    assert command.notes[0].startswith(f"{name} left out: ")


def test_what_was_asked_for_is_never_dropped_in_silence():
    with pytest.raises(InvalidInput, match="what you asked for"):
        node_command(EVERYTHING, "python", without("--kv-cache-dtype"))


def test_suffix_speculation_without_its_package_says_what_to_install():
    with pytest.raises(InvalidInput, match="arctic-inference") as missing:
        node_command(NodeOptions(model="m", speculative=Speculative.SUFFIX), "python", GPU)

    assert "pip install" in missing.value.remedy


def test_a_build_that_sees_no_device_says_so():
    with pytest.raises(InvalidInput, match="sees nothing to compute on"):
        node_command(MODEL, "python", Build(version="0.32.0", device="", flags=KNOWN))


def test_unchecked_the_device_must_be_named():
    with pytest.raises(InvalidInput, match="--device"):
        node_command(MODEL, "python", None)

    assert node_command(NodeOptions(model="m", device=Device.CUDA), "python", None).notes == ()


@pytest.mark.parametrize(("positions", "context"), [(4096, "4096"), (131_072, "16384")])
def test_the_context_is_no_more_than_the_model_was_made_for(tmp_path: Path, positions: int, context: str):
    (tmp_path / "config.json").write_text(json.dumps({"text_config": {"max_position_embeddings": positions}}))

    command = node_command(NodeOptions(model=str(tmp_path)), "python", GPU)

    assert value(command, "--max-model-len") == context
    assert bool(command.notes) == (context == "4096")


@pytest.mark.parametrize(
    "config", ["", "[]", "{", '{"max_position_embeddings": "many"}', '{"text_config": 3}']
)
def test_a_config_that_says_nothing_changes_nothing(tmp_path: Path, config: str):
    (tmp_path / "config.json").write_text(config)

    assert value(node_command(NodeOptions(model=str(tmp_path)), "python", GPU), "--max-model-len") == "16384"


@pytest.mark.parametrize(
    ("field", "bad"),
    [
        ("model", ""),
        ("model", " "),
        ("model", "--port"),
        ("model", "a\0b"),
        ("context", 0),
        ("tensor_parallel", -1),
        ("queued", 0),
        ("kv_cache_gb", 0),
    ],
)
def test_options_that_make_no_sense_are_refused(field: str, bad: object):
    with pytest.raises(InvalidInput):
        NodeOptions(**({"model": "m"} | {field: bad}))  # type: ignore[arg-type]


@given(
    st.text(alphabet=st.characters(exclude_characters="\0", codec="utf-8"), min_size=1).filter(
        lambda name: name.strip() and not name.startswith("-")
    )
)
def test_the_printed_command_is_read_back_by_a_shell_as_it_is(name: str):
    command = node_command(NodeOptions(model=name, served_name=name), "python", GPU)

    assert tuple(shlex.split(str(command))) == command.program


def test_every_flag_says_why_and_what_its_absence_means():
    for flag in flags_for(EVERYTHING, "cpu"):
        assert flag.why
        assert flag.without


def test_a_python_without_vllm_says_what_to_install():
    with pytest.raises(InvalidInput, match="has no vLLM") as missing:
        inspect_build(sys.executable)

    assert "pip install vllm" in missing.value.remedy


@pytest.mark.parametrize("python", ["/nowhere/python", "true"])
def test_what_is_no_python_is_refused(python: str):
    with pytest.raises(InvalidInput, match="--python"):
        inspect_build(python)


def test_a_vllm_that_cannot_be_imported_is_named_with_its_error():
    with pytest.raises(ModelUnavailable, match="cannot be imported"):
        inspect_build("false")


def test_the_node_replaces_the_command_so_that_signals_reach_it(tmp_path: Path):
    program = tmp_path / "python"
    program.write_text('#!/bin/sh\necho $$ "$@"\nexec sleep 60\n')
    program.chmod(0o755)
    options = ["--python", str(program), "--device", "cuda", "--unchecked"]

    with subprocess.Popen(
        [sys.executable, "-m", "gateway", "gpu", "serve", "org/name", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        pid, *arguments = process.stdout.readline().split()
        process.send_signal(signal.SIGTERM)
        code = process.wait(timeout=20)

    assert int(pid) == process.pid
    assert arguments[:4] == ["-m", "vllm.entrypoints.cli.main", "serve", "org/name"]
    assert code == -signal.SIGTERM
