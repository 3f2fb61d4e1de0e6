"""`catchup gpu plan`: how many nodes the traffic needs, with every formula's value."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import orjson
import typer

from core.errors import InvalidInput
from gpu.capacity.node import Node
from gpu.capacity.plan import UTILIZATION, Plan, Traffic, lines, plan, summaries_a_day
from gpu.capacity.presets import find_gpu, find_model
from gpu.capacity.shape import Precision

_TRAFFIC = "Traffic"
_KV_BITS = {"bf16": 16, "fp8": 8}

Model = Annotated[str, typer.Argument(help="A config.json, its folder, or a preset such as llama-3.1-8b.")]
GpuName = Annotated[str, typer.Option("--gpu", help="h100, h200, b200, a100, l40s, l4 or a10.")]
Gpus = Annotated[int, typer.Option(min=1, max=16, help="GPUs of one node (tensor parallel).")]
Weights = Annotated[
    Precision | None, typer.Option(help="How weights are kept.", show_default="what the config says")
]
Kv = Annotated[str, typer.Option(help="How keys and values are kept: bf16 or fp8.")]
Sequences = Annotated[int, typer.Option(min=1, max=4096, help="Answers at once, at most (--max-num-seqs).")]
Summaries = Annotated[
    float | None, typer.Option(help="Summaries a day; or give --messages.", rich_help_panel=_TRAFFIC)
]
Messages = Annotated[float | None, typer.Option(help="Messages a day.", rich_help_panel=_TRAFFIC)]
Window = Annotated[float, typer.Option(min=1, help="Messages a summary covers.", rich_help_panel=_TRAFFIC)]
Reads = Annotated[
    float, typer.Option(min=0, help="Summaries made of one window of messages.", rich_help_panel=_TRAFFIC)
]
TokensIn = Annotated[
    float | None,
    typer.Option(
        help="Tokens of one prompt.",
        show_default="600 + 25 a message of the window",
        rich_help_panel=_TRAFFIC,
    ),
]
TokensOut = Annotated[float, typer.Option(help="Tokens of one answer.", rich_help_panel=_TRAFFIC)]
Peak = Annotated[float, typer.Option(help="Busiest hour over the mean.", rich_help_panel=_TRAFFIC)]
Reused = Annotated[
    float, typer.Option(help="Share of the input that finished segments answer.", rich_help_panel=_TRAFFIC)
]
Cached = Annotated[
    float, typer.Option(help="Share of what is sent that the prefix cache knows.", rich_help_panel=_TRAFFIC)
]
Ttft = Annotated[float, typer.Option(help="Seconds to the first token, p99.", rich_help_panel=_TRAFFIC)]
Itl = Annotated[float, typer.Option(help="Seconds between two tokens, mean.", rich_help_panel=_TRAFFIC)]
Spares = Annotated[int, typer.Option(help="Nodes that may be down at the peak.")]
Utilization = Annotated[float, typer.Option(help="How full a node may be at the peak.")]
Price = Annotated[float | None, typer.Option(min=0, help="Of one GPU for an hour.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]

INSTRUCTION_TOKENS = 600
MESSAGE_TOKENS = 25


def plan_nodes(
    *,
    model: Model = "llama-3.1-8b",
    gpu: GpuName = "h100",
    gpus: Gpus = 1,
    weights: Weights = None,
    kv: Kv = "bf16",
    sequences: Sequences = 256,
    summaries: Summaries = None,
    messages: Messages = None,
    window: Window = 100,
    reads: Reads = 1.0,
    tokens_in: TokensIn = None,
    tokens_out: TokensOut = 200,
    peak: Peak = 3.0,
    reused: Reused = 0.0,
    cached: Cached = 0.3,
    ttft: Ttft = 2.0,
    itl: Itl = 0.05,
    spares: Spares = 1,
    utilization: Utilization = UTILIZATION,
    price: Price = None,
    as_json: AsJson = False,
) -> None:
    """Compute the nodes that carry the busiest hour; the formulae are in docs/reference/gpu.md.

    An estimate to begin with: `catchup gpu bench` measures what a node really does.

    Example: catchup gpu plan llama-3.1-8b --gpu h100 --weights fp8 --messages 2000000 --price 2.5
    """
    traffic = Traffic(
        summaries_a_day=_asked(summaries, messages, window, reads),
        tokens_in=INSTRUCTION_TOKENS + MESSAGE_TOKENS * window if tokens_in is None else tokens_in,
        tokens_out=tokens_out,
        peak=peak,
        reused=reused,
        cached=cached,
        ttft_s=ttft,
        itl_s=itl,
    )
    shape = find_model(model, weights=weights, kv_bits=_kv_bits(kv))
    node = Node(shape=shape, gpu=find_gpu(gpu), gpus=gpus, sequences=sequences)
    _print(plan(node, traffic, spares=spares, utilization=utilization, price=price), as_json=as_json)


def _asked(summaries: float | None, messages: float | None, window: float, reads: float) -> float:
    """Return the summaries a day, given as they are or through messages."""
    if (summaries is None) == (messages is None):
        raise InvalidInput(
            "--summaries", summaries, "or --messages is needed, and not both", remedy="Give one of the two."
        )
    return summaries if summaries is not None else summaries_a_day(messages or 0.0, window, reads)


def _kv_bits(kv: str) -> int:
    if kv not in _KV_BITS:
        raise InvalidInput("--kv", kv, "is not known", remedy="Give bf16 or fp8.")
    return _KV_BITS[kv]


def _print(made: Plan, *, as_json: bool) -> None:
    if as_json:
        body = {
            "nodes": made.nodes,
            "gpus": made.gpus,
            "cost_a_day": made.cost_a_day,
            "model": made.node.shape.name,
            "gpu": made.node.gpu.name,
            "traffic": asdict(made.traffic),
            "lines": [asdict(line) for line in lines(made)],
        }
        typer.echo(orjson.dumps(body, option=orjson.OPT_INDENT_2).decode())
        return
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    console.print(f"{made.node.shape.name} on nodes of {made.node.gpus} x {made.node.gpu.name}")
    table = Table("", "", box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("value", justify="right")
    table.add_column("formula", style="dim")
    part = ""
    for line in lines(made):
        value = f"{line.value:,.0f}" if line.value == int(line.value) else f"{line.value:,.2f}"
        table.add_row(line.part if line.part != part else "", line.name, f"{value} {line.unit}", line.formula)
        part = line.part
    console.print(table)
    console.print(
        "An estimate from a roofline and a queue; measure a node with `catchup gpu bench`.", style="dim"
    )
