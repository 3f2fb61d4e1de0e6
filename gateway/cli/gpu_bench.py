"""`catchup gpu bench`: what a node really does with this workload."""

from __future__ import annotations

import asyncio
import secrets
import shlex
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Annotated

import orjson
import typer

from core.errors import InvalidFile, InvalidInput
from gateway.cli.gpu_bench_tables import report_json, report_lines
from gateway.cli.gpu_check import node_key
from gateway.cli.gpu_serve import default_python
from gpu.bench.figures import Measured
from gpu.bench.measure import Bench, measure_node
from gpu.bench.own import NAME, Own, own_node
from gpu.bench.workload import Workload
from gpu.node.options import CONTEXT_TOKENS, Device, Speculative

_HERE = "A node of its own"
_LOAD = "Load"
_MOST = 4096

Url = Annotated[str, typer.Argument(help="A node that runs; or give --model or --shape.", show_default=False)]
Compare = Annotated[str, typer.Option(help="A second node, one that speculates say.", show_default=False)]
Name = Annotated[str, typer.Option(help="The model's name there.", show_default="the only one")]
ApiKey = Annotated[str, typer.Option(help="The key they expect.", show_default="CATCHUP_LLM_API_KEY")]
Concurrency = Annotated[str, typer.Option(help="Requests at once, level by level.", rich_help_panel=_LOAD)]
Each = Annotated[
    int, typer.Option(min=1, help="Requests a client, cold and again warm.", rich_help_panel=_LOAD)
]
Least = Annotated[int, typer.Option(min=1, help="Requests of a level at least.", rich_help_panel=_LOAD)]
Messages = Annotated[int, typer.Option(min=1, help="Messages of a window.", rich_help_panel=_LOAD)]
Grown = Annotated[int, typer.Option(min=0, help="Messages more when asked again.", rich_help_panel=_LOAD)]
TokensOut = Annotated[int, typer.Option(min=2, help="Tokens of an answer at most.", rich_help_panel=_LOAD)]
Plain = Annotated[
    bool, typer.Option("--plain", help="Free text instead of JSON of a schema.", rich_help_panel=_LOAD)
]
Seed = Annotated[int, typer.Option(min=0, help="Of the generated channels.", rich_help_panel=_LOAD)]
JsonOut = Annotated[Path | None, typer.Option("--json", help="Write every figure to this file.")]
Model = Annotated[
    str, typer.Option(help="Start this model, folder or hub id.", show_default=False, rich_help_panel=_HERE)
]
Shape = Annotated[
    str,
    typer.Option(help="Start a preset's shape, random weights.", show_default=False, rich_help_panel=_HERE),
]
SpeculativeOption = Annotated[Speculative, typer.Option(help="Measure again with it.", rich_help_panel=_HERE)]
DeviceOption = Annotated[Device, typer.Option(help="As for `catchup gpu serve`.", rich_help_panel=_HERE)]
Context = Annotated[int, typer.Option(help="As for `catchup gpu serve`.", rich_help_panel=_HERE)]
KvCacheGb = Annotated[
    int | None,
    typer.Option(
        envvar="VLLM_CPU_KVCACHE_SPACE",
        help="As for `catchup gpu serve`.",
        show_default="4",
        rich_help_panel=_HERE,
    ),
]
Python = Annotated[
    str, typer.Option(help="The Python that has vLLM.", show_default="as for serve", rich_help_panel=_HERE)
]
Flags = Annotated[
    str,
    typer.Option(help='More flags for vLLM: "--dtype float32".', show_default=False, rich_help_panel=_HERE),
]
Target = tuple[str, Callable[[], AbstractContextManager[str]]]


def bench(
    *,
    url: Url = "",
    compare: Compare = "",
    name: Name = "",
    api_key: ApiKey = "",
    concurrency: Concurrency = "1,2,4,8,16,32",
    each: Each = 4,
    least: Least = 16,
    messages: Messages = 100,
    grown: Grown = 5,
    tokens_out: TokensOut = 200,
    plain: Plain = False,
    seed: Seed = 0,
    model: Model = "",
    shape: Shape = "",
    speculative: SpeculativeOption = Speculative.NONE,
    device: DeviceOption = Device.AUTO,
    context: Context = CONTEXT_TOKENS,
    kv_cache_gb: KvCacheGb = None,
    python: Python = "",
    flags: Flags = "",
    json_out: JsonOut = None,
) -> None:
    """Measure tokens a second, latencies and the prefix cache's gain by concurrency; say what was not measured.

    Example: catchup gpu bench http://127.0.0.1:8000 --compare http://127.0.0.1:8001

    Example: catchup gpu bench --shape llama-3.1-8b --speculative ngram
    """
    load = Bench(
        workload=_workload(seed, messages, grown, tokens_out, structured=not plain),
        concurrencies=_levels(concurrency),
        each=each,
        least=least,
    )
    _check(url, compare, model, shape, json_out)
    own = Own(
        python=python or default_python(),
        model=model,
        shape=shape,
        device=device,
        context=context,
        kv_cache_gb=kv_cache_gb,
        flags=tuple(shlex.split(flags)),
    )
    targets = _running(url, compare) if url else _own(own, speculative)
    _report(load, _measured(load, targets, name if url else NAME, node_key(api_key)), json_out)


def _workload(seed: int, messages: int, grown: int, tokens_out: int, *, structured: bool) -> Workload:
    """Return what is asked, of channels that no earlier run asked about."""
    return Workload(
        seed=seed,
        word=secrets.token_hex(4),
        messages=messages,
        grown=grown,
        tokens_out=tokens_out,
        structured=structured,
    )


def _running(url: str, compare: str) -> Iterator[Target]:
    """Yield the nodes that run already."""
    for each in (url, compare):
        if each:
            yield each, lambda each=each: nullcontext(each)


def _own(own: Own, speculative: Speculative) -> Iterator[Target]:
    """Yield the node to start, and the same with speculation where that is asked for."""
    yield own.label, lambda: own_node(own, Speculative.NONE)
    if speculative is not Speculative.NONE:
        yield f"{own.label}, {speculative} speculation", lambda: own_node(own, speculative)


def _measured(load: Bench, targets: Iterator[Target], name: str, key: str | None) -> list[Measured]:
    """Measure one node after the other."""
    found: list[Measured] = []
    for label, opened in targets:
        with _progress(label, load.total) as (begin, advance), opened() as url:
            begin()
            found.append(
                asyncio.run(measure_node(load, url, label=label, name=name, api_key=key, done=advance))
            )
    return found


@contextmanager
def _progress(label: str, total: int) -> Generator[tuple[Callable[[], None], Callable[[], None]]]:
    """Show a bar on stderr; give what begins the count and what advances it."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(f"{label}: starting", total=None)
        yield (
            lambda: progress.update(task, description=f"{label}: measuring", total=total),
            lambda: progress.update(task, advance=1),
        )


def _report(load: Bench, found: list[Measured], json_out: Path | None) -> None:
    """Print the tables, and write the file."""
    from rich.console import Console

    console = Console(highlight=False)
    for line in report_lines(load, found):
        console.print(line)
    if json_out is not None:
        json_out.write_bytes(orjson.dumps(report_json(load, found), option=orjson.OPT_INDENT_2))
        Console(stderr=True).print(f"Written to {json_out}.")


def _levels(given: str) -> tuple[int, ...]:
    """Return the concurrencies of a list such as 1,2,4."""
    try:
        levels = tuple(int(level) for level in given.split(","))
    except ValueError:
        levels = ()
    if not levels or not all(1 <= level <= _MOST for level in levels):
        raise InvalidInput(
            "--concurrency", given, f"must be numbers from 1 to {_MOST} with commas", remedy="Give 1,2,4,8."
        )
    return levels


def _check(url: str, compare: str, model: str, shape: str, json_out: Path | None) -> None:
    """Raise before the work, not after it, for what cannot be done."""
    if sum(map(bool, (url, model, shape))) != 1:
        raise InvalidInput(
            "URL",
            url or None,
            "exactly one of URL, --model and --shape is needed",
            remedy="Give one of them.",
        )
    if compare and not url:
        raise InvalidInput("--compare", compare, "needs a URL to compare with", remedy="Give two URLs.")
    if json_out is not None and not json_out.parent.is_dir():
        raise InvalidFile(
            "--json", str(json_out), "is in a folder that does not exist", remedy="Make the folder."
        )
