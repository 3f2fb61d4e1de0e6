"""Nodes that the bench starts for itself: a model, or a shape with random weights, with and without speculation."""

from __future__ import annotations

import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from core.errors import InvalidInput
from gpu.bench.dummy import make_dummy_model
from gpu.bench.server import free_port, started
from gpu.capacity.presets import find_model
from gpu.node.build import inspect_build
from gpu.node.options import CONTEXT_TOKENS, Device, NodeOptions, Speculative
from gpu.node.serve import node_command

NAME = "bench"


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """What to start: a `model`, or the `shape` of a preset with random weights; `flags` go to vLLM as they are."""

    python: str
    model: str = ""
    shape: str = ""
    device: Device = Device.AUTO
    context: int = CONTEXT_TOKENS
    kv_cache_gb: int | None = None
    flags: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """What it is, in a report."""
        return self.model or f"{self.shape}, random weights"


@contextmanager
def own_node(own: Own, speculative: Speculative) -> Generator[str]:
    """Start one node and give its URL; its log is kept in a temporary folder until it stops.

    Raises InvalidInput, and ModelUnavailable with the end of the log where it does not start.
    """
    with tempfile.TemporaryDirectory(prefix="catchup-bench-") as folder:
        port = free_port()
        options = NodeOptions(
            model=_made(own, Path(folder)) if own.shape else own.model,
            port=port,
            served_name=NAME,
            device=own.device,
            context=own.context,
            kv_cache_gb=own.kv_cache_gb,
            speculative=speculative,
            load_format="dummy" if own.shape else "auto",
            extra=own.flags,
        )
        command = node_command(options, own.python, inspect_build(own.python))
        with started(command, port, Path(folder) / "vllm.log") as url:
            yield url


def _made(own: Own, folder: Path) -> str:
    shape = find_model(own.shape)
    if shape.experts > 1:
        raise InvalidInput(
            "--shape", own.shape, "is a mixture of experts", remedy="Give a dense preset, or --model."
        )
    return str(make_dummy_model(shape, folder / "model"))
