"""`catchup gpu serve`: become a vLLM node."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from gpu.node.options import CONTEXT_TOKENS, Device, KvDtype, NodeOptions, Speculative

_OURS = Path(".venv-vllm/bin/python")

Model = Annotated[str, typer.Argument(help="A folder, or a Hugging Face hub id.")]
Extra = Annotated[list[str] | None, typer.Argument(help="After --: flags for vLLM as they are; they win.")]
Python = Annotated[
    str, typer.Option(help="The Python that has vLLM.", show_default=".venv-vllm's, else this one")
]
DeviceOption = Annotated[Device, typer.Option(help="auto: what the vLLM build is made for.")]
Host = Annotated[str, typer.Option(help="0.0.0.0 opens it to the network: vLLM asks nobody for a key.")]
Port = Annotated[int, typer.Option(min=1, max=65535, help="Where it listens.")]
ServedName = Annotated[str, typer.Option(help="Its name in requests.", show_default="MODEL")]
Context = Annotated[int, typer.Option(help="Tokens of prompt and answer together.")]
Sequences = Annotated[
    int | None, typer.Option(help="Answers that decode at once.", show_default="256; on a CPU 16")
]
Queued = Annotated[
    int | None, typer.Option(help="Requests inside, running or waiting.", show_default="twice --sequences")
]
QueuedTokens = Annotated[
    int | None, typer.Option(help="Prompt tokens that may wait to be read.", show_default="no bound")
]
TensorParallel = Annotated[int, typer.Option(help="GPUs that share the model.")]
KvDtypeOption = Annotated[KvDtype, typer.Option(help="How keys and values are kept.")]
KvCacheGb = Annotated[
    int | None,
    typer.Option(envvar="VLLM_CPU_KVCACHE_SPACE", help="GiB for them on a CPU.", show_default="4"),
]
SpeculativeOption = Annotated[
    Speculative, typer.Option(help="Only where `catchup gpu bench --compare` shows that it helps.")
]
LoadFormat = Annotated[str, typer.Option(help="`dummy`: random weights, to measure a shape.")]
Offline = Annotated[bool, typer.Option("--offline", help="Fetch nothing: HF_HUB_OFFLINE=1.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print the command, start nothing.")]
Unchecked = Annotated[bool, typer.Option("--unchecked", help="Do not ask vLLM which flags it knows.")]


def serve(
    *,
    model: Model,
    extra: Extra = None,
    python: Python = "",
    device: DeviceOption = Device.AUTO,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    served_name: ServedName = "",
    context: Context = CONTEXT_TOKENS,
    sequences: Sequences = None,
    queued: Queued = None,
    queued_tokens: QueuedTokens = None,
    tensor_parallel: TensorParallel = 1,
    kv_dtype: KvDtypeOption = KvDtype.AUTO,
    kv_cache_gb: KvCacheGb = None,
    speculative: SpeculativeOption = Speculative.NONE,
    load_format: LoadFormat = "auto",
    offline: Offline = False,
    dry_run: DryRun = False,
    unchecked: Unchecked = False,
) -> None:
    """Become a vLLM server with the flags for this workload (docs/reference/gpu.md says why each).

    Example: catchup gpu serve Qwen/Qwen3-8B --port 8000 -- --gpu-memory-utilization 0.95
    """
    options = NodeOptions(
        model=model,
        host=host,
        port=port,
        served_name=served_name,
        device=device,
        context=context,
        sequences=sequences,
        queued=queued,
        queued_tokens=queued_tokens,
        tensor_parallel=tensor_parallel,
        kv_dtype=kv_dtype,
        kv_cache_gb=kv_cache_gb,
        speculative=speculative,
        load_format=load_format,
        offline=offline,
        extra=tuple(extra or ()),
    )
    _become(options, python or default_python(), unchecked=unchecked, dry_run=dry_run)


def _become(options: NodeOptions, python: str, *, unchecked: bool, dry_run: bool) -> None:
    """Print the command, or turn into it."""
    from gpu.node.build import inspect_build
    from gpu.node.serve import node_command

    command = node_command(options, python, None if unchecked else inspect_build(python))
    for note in command.notes:
        typer.secho(note, err=True, fg=typer.colors.YELLOW)
    if dry_run:
        typer.echo(str(command))
        return
    typer.secho(str(command), err=True, dim=True)
    sys.stdout.flush()
    os.execvp(command.program[0], command.program)  # noqa: S606  it becomes vLLM, so that signals reach it


def default_python() -> str:
    """Return the Python of `make vllm` where there is one, else this one."""
    return str(_OURS) if _OURS.exists() else sys.executable
