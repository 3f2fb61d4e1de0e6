"""What one node can do: memory, a decoding step, a prompt, and the rate of summaries that keeps the targets.

Source: the roofline (Williams et al. 2009) as applied to decoders by Pope et al., "Efficiently scaling transformer
inference" (2022); the queue is M/D/1 with an exponential tail. docs/reference/gpu.md derives each formula.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from core.errors import InvalidInput
from gpu.capacity.presets import Gpu
from gpu.capacity.shape import ModelShape

MEMORY_SHARE: Final = 0.92
WORKSPACE_BYTES: Final = 2 * 2**30
COMPUTE_SHARE: Final = 0.4
BANDWIDTH_SHARE: Final = 0.8
STEP_OVERHEAD_S: Final = 0.001
PARALLEL_SHARE: Final = 0.9
CHUNK_TOKENS: Final = 8192
_TAIL: Final = 100  # one request in so many may wait longer: p99
_HALVINGS: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """One summary, on average: tokens in (of which a share `cached` is not read again), tokens out, and the targets.

    `ttft_s` bounds the 99th percentile of the time to first token, `itl_s` the mean time between two tokens; seconds.
    """

    tokens_in: float
    tokens_out: float
    cached: float = 0.0
    ttft_s: float = 2.0
    itl_s: float = 0.05

    @property
    def new(self) -> float:
        """Tokens of a prompt that must be read; the last one always is."""
        return max(1.0, self.tokens_in * (1 - self.cached))


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """GPUs that hold one copy of a model; `sequences` bounds how many answers decode at once."""

    shape: ModelShape
    gpu: Gpu
    gpus: int = 1
    sequences: int = 256

    @property
    def scale(self) -> float:
        """How many times one GPU the node is: tensor parallelism loses a tenth with each doubling."""
        return self.gpus * PARALLEL_SHARE ** math.log2(self.gpus)

    @property
    def operations(self) -> float:
        """Operations a second that products reach."""
        return self.gpu.operations(self.shape.precision) * COMPUTE_SHARE * self.scale

    @property
    def bandwidth(self) -> float:
        """Bytes a second that decoding reaches."""
        return self.gpu.bandwidth * BANDWIDTH_SHARE * self.scale

    @property
    def cache_bytes(self) -> float:
        """Bytes left for keys and values; negative where the weights do not fit."""
        return self.gpus * (self.gpu.memory * MEMORY_SHARE - WORKSPACE_BYTES) - self.shape.weight_bytes

    def fitting(self, demand: Demand) -> int:
        """Return how many sequences fit in memory at their full length, up to `sequences`."""
        one = self.shape.kv_bytes * (demand.tokens_in + demand.tokens_out)
        return max(0, min(self.sequences, int(self.cache_bytes / one)))

    def prompt_s(self, demand: Demand) -> float:
        """Return the seconds of computing that one prompt takes."""
        new = demand.new
        return self.shape.prefill_operations(new, demand.tokens_in - new) / self.operations

    def step_s(self, batch: int, demand: Demand) -> float:
        """Return the seconds of one decoding step: the longer of reading and computing, and the overhead."""
        context = demand.tokens_in + demand.tokens_out / 2
        read = self.shape.bytes_read(batch) + batch * context * self.shape.kv_bytes
        attended = 4 * self.shape.layers * self.shape.heads * self.shape.head_dim * context
        computed = batch * (2 * self.shape.active + attended)
        return max(read / self.bandwidth, computed / self.operations) + STEP_OVERHEAD_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Operating:
    """Where a node works best: answers at once, summaries a second, and the latencies there, in seconds."""

    batch: int
    rate: float
    prompt_s: float
    step_s: float
    itl_s: float
    ttft_s: float

    @property
    def busy(self) -> float:
        """The share of time that goes to reading prompts."""
        return self.rate * self.prompt_s


def operating_point(node: Node, demand: Demand) -> Operating:
    """Return the batch with the highest rate that keeps both targets; raise InvalidInput if there is none."""
    fits = node.fitting(demand)
    if fits < 1:
        need = node.shape.weight_bytes + node.shape.kv_bytes * (demand.tokens_in + demand.tokens_out)
        raise InvalidInput(
            "--gpus",
            node.gpus,
            f"of {node.gpu.name} cannot hold {node.shape.name} and one summary ({need / 2**30:.1f} GiB)",
            remedy="Give more --gpus a node, smaller --weights, or another --gpu.",
        )
    points = [point for batch in range(1, fits + 1) if (point := _at(node, demand, batch))]
    if not points:
        raise InvalidInput(
            "--ttft",
            demand.ttft_s,
            f"and --itl {demand.itl_s:g} cannot be kept by {node.gpus} x {node.gpu.name}, however little it has to do",
            remedy="Allow more time, or give a faster or larger node.",
        )
    return max(points, key=lambda point: point.rate)


def _at(node: Node, demand: Demand, batch: int) -> Operating | None:
    """Return the operating point of a batch size, or None where a target cannot be kept."""
    prompt, step = node.prompt_s(demand), node.step_s(batch, demand)
    itl = step + batch * prompt / demand.tokens_out
    steps = math.ceil(demand.new / CHUNK_TOKENS)
    # While prompts wait, each engine step reads a chunk of them and decodes once: decoding slows reading by this much.
    chunk = node.shape.prefill_operations(CHUNK_TOKENS, 0) / node.operations
    service = prompt * (chunk + step) / chunk
    idle = prompt + steps * step
    if itl > demand.itl_s or idle > demand.ttft_s:
        return None
    most = min(batch / (demand.tokens_out * itl), 1 / service)
    rate = _highest(lambda rate: idle + _wait(rate, service), most, demand.ttft_s)
    return Operating(
        batch=batch, rate=rate, prompt_s=prompt, step_s=step, itl_s=itl, ttft_s=idle + _wait(rate, service)
    )


def _wait(rate: float, service: float) -> float:
    """Return the 99th percentile of the wait of an M/D/1 queue, with the exponential tail of its mean."""
    busy = rate * service
    if busy >= 1:
        return math.inf
    if busy * _TAIL <= 1:
        return 0.0
    return service / (2 * (1 - busy)) * math.log(_TAIL * busy)


def _highest(latency: Callable[[float], float], most: float, target: float) -> float:
    """Return the highest rate up to `most` whose latency, which grows with it, keeps the target."""
    if latency(most) <= target:
        return most
    low, high = 0.0, most
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if latency(middle) <= target else (low, middle)
    return low
