"""How many nodes a workspace's traffic needs, and every number on the way there."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from core.errors import InvalidInput
from gpu.capacity.node import (
    BANDWIDTH_SHARE,
    COMPUTE_SHARE,
    MEMORY_SHARE,
    STEP_OVERHEAD_S,
    WORKSPACE_BYTES,
    Demand,
    Node,
    Operating,
    operating_point,
)

DAY_SECONDS: Final = 86_400
UTILIZATION: Final = 0.7


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """Summaries asked for: `peak` is the busiest hour's rate over the day's mean; token counts are means a summary.

    `reused` is the share of a summary's input that finished segments already answer, so that it is never sent, `cached`
    the share of what is sent that a node's prefix cache knows.
    """

    summaries_a_day: float
    tokens_in: float = 2_000
    tokens_out: float = 200
    peak: float = 3.0
    reused: float = 0.0
    cached: float = 0.3
    ttft_s: float = 2.0
    itl_s: float = 0.05

    def __post_init__(self) -> None:
        for field, value in (("--reused", self.reused), ("--cached", self.cached)):
            if not 0 <= value <= 1:
                raise InvalidInput(field, value, "must be a share from 0 to 1", remedy="Give 0.3 for 30%.")
        for field, value, least in self._numbers():
            if not (math.isfinite(value) and value >= least):
                raise InvalidInput(
                    field, value, f"must be a number of at least {least:g}", remedy="Give another."
                )

    @property
    def demand(self) -> Demand:
        """What a node is asked a summary."""
        return Demand(
            tokens_in=max(1.0, self.tokens_in * (1 - self.reused)),
            tokens_out=self.tokens_out,
            cached=self.cached,
            ttft_s=self.ttft_s,
            itl_s=self.itl_s,
        )

    @property
    def peak_rate(self) -> float:
        """Summaries a second in the busiest hour."""
        return self.summaries_a_day * self.peak / DAY_SECONDS

    def _numbers(self) -> tuple[tuple[str, float, float], ...]:
        return (
            ("--summaries", self.summaries_a_day, 0),
            ("--tokens-in", self.tokens_in, 1),
            ("--tokens-out", self.tokens_out, 1),
            ("--peak", self.peak, 1),
            ("--ttft", self.ttft_s, 0.001),
            ("--itl", self.itl_s, 0.0001),
        )


def summaries_a_day(messages_a_day: float, window: float, reads: float) -> float:
    """Return the summaries asked for where each window of messages is summarized for so many readers."""
    return messages_a_day / window * reads


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The answer: `loaded` nodes carry the peak at `utilization` of their rate, `spares` may be down meanwhile."""

    traffic: Traffic
    node: Node
    point: Operating
    loaded: int
    spares: int
    utilization: float
    price: float | None = None

    @property
    def nodes(self) -> int:
        """Nodes to run."""
        return self.loaded + self.spares

    @property
    def gpus(self) -> int:
        """GPUs to run."""
        return self.nodes * self.node.gpus

    @property
    def cost_a_day(self) -> float | None:
        """What the GPUs cost a day, in the currency of the price."""
        return None if self.price is None else self.gpus * 24 * self.price


def plan(
    node: Node,
    traffic: Traffic,
    *,
    spares: int = 1,
    utilization: float = UTILIZATION,
    price: float | None = None,
) -> Plan:
    """Return the nodes that carry the busiest hour; `price` is a GPU's for an hour. Raises InvalidInput."""
    if not 0 < utilization <= 1:
        raise InvalidInput("--utilization", utilization, "must be above 0, up to 1", remedy="Give 0.7, say.")
    if spares < 0:
        raise InvalidInput(
            "--spares", spares, "must not be negative", remedy="Give 1 to lose a node in peace."
        )
    point = operating_point(node, traffic.demand)
    loaded = max(1, math.ceil(traffic.peak_rate / (point.rate * utilization)))
    return Plan(
        traffic=traffic,
        node=node,
        point=point,
        loaded=loaded,
        spares=spares,
        utilization=utilization,
        price=price,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One number of a plan, with the formula that made it."""

    part: str
    name: str
    value: float
    unit: str
    formula: str


def lines(made: Plan) -> Iterator[Line]:
    """Yield every number of a plan, in the order in which they follow from one another."""
    yield from _memory(made)
    yield from _speed(made)
    yield from _answer(made)


def _memory(made: Plan) -> Iterator[Line]:
    node, shape, demand = made.node, made.node.shape, made.traffic.demand
    gib, part = 2**30, "memory"
    yield Line(
        part=part,
        name="parameters",
        value=shape.parameters / 1e9,
        unit="10^9",
        formula="attention + experts x MLP + vocabulary",
    )
    yield Line(
        part=part,
        name="weights",
        value=shape.weight_bytes / gib,
        unit="GiB",
        formula=f"matrices x {shape.precision.bits} bits + vocabulary x 16",
    )
    yield Line(
        part=part,
        name="KV a token",
        value=shape.kv_bytes / 1024,
        unit="KiB",
        formula="2 x layers x KV heads x head size x bytes",
    )
    yield Line(
        part=part,
        name="room for KV",
        value=node.cache_bytes / gib,
        unit="GiB",
        formula=f"GPUs x ({MEMORY_SHARE:g} memory - {WORKSPACE_BYTES / gib:g} GiB) - weights",
    )
    yield Line(
        part=part,
        name="answers that fit",
        value=node.fitting(demand),
        unit="at once",
        formula=f"room / (KV a token x {demand.tokens_in + demand.tokens_out:,.0f}), at most {node.sequences}",
    )


def _speed(made: Plan) -> Iterator[Line]:
    point, demand, part = made.point, made.traffic.demand, "one node"
    overhead = f"{STEP_OVERHEAD_S * 1000:g}"
    yield Line(
        part=part,
        name="reading a prompt",
        value=point.prompt_s * 1000,
        unit="ms",
        formula=f"(2 x active x {demand.new:,.0f} new + attention) / (peak operations x {COMPUTE_SHARE:g})",
    )
    yield Line(
        part=part,
        name="decoding step",
        value=point.step_s * 1000,
        unit="ms",
        formula=f"max(bytes / (bandwidth x {BANDWIDTH_SHARE:g}), operations) + {overhead} ms, at {point.batch} answers",
    )
    yield Line(
        part=part,
        name="between tokens",
        value=point.itl_s * 1000,
        unit="ms",
        formula=f"step + answers x reading / tokens out; target {demand.itl_s * 1000:g}",
    )
    yield Line(
        part=part,
        name="first token, p99",
        value=point.ttft_s * 1000,
        unit="ms",
        formula=f"reading + step + wait (M/D/1); target {demand.ttft_s * 1000:g}",
    )
    yield Line(
        part=part,
        name="summaries",
        value=point.rate,
        unit="1/s",
        formula="answers / (tokens out x between tokens), within both targets",
    )
    yield Line(
        part=part,
        name="tokens out",
        value=point.rate * demand.tokens_out,
        unit="1/s",
        formula="summaries x tokens out",
    )


def _answer(made: Plan) -> Iterator[Line]:
    traffic, demand, part = made.traffic, made.traffic.demand, "all"
    yield Line(
        part=part,
        name="summaries at peak",
        value=traffic.peak_rate,
        unit="1/s",
        formula=f"{traffic.summaries_a_day:,.0f} a day x {traffic.peak:g} / 86,400",
    )
    yield Line(
        part=part,
        name="tokens sent at peak",
        value=traffic.peak_rate * demand.tokens_in,
        unit="1/s",
        formula="summaries x tokens in x (1 - reused)",
    )
    yield Line(
        part=part,
        name="nodes",
        value=made.nodes,
        unit="",
        formula=f"ceil(peak / ({made.utilization:g} x one node)) = {made.loaded}, and {made.spares} spare",
    )
    yield Line(part=part, name="GPUs", value=made.gpus, unit="", formula=f"nodes x {made.node.gpus}")
    if made.cost_a_day is not None:
        thousands = traffic.summaries_a_day / 1000
        yield Line(part=part, name="cost a day", value=made.cost_a_day, unit="", formula="GPUs x 24 x price")
        if thousands:
            yield Line(
                part=part,
                name="cost of 1,000",
                value=made.cost_a_day / thousands,
                unit="",
                formula="cost a day / thousands of summaries",
            )
