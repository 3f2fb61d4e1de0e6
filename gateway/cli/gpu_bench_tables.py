"""How the figures of a node look, in a terminal and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict

from rich.box import SIMPLE_HEAD
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from gpu.bench.figures import Level, Measured, Phase, Ratio, Spread, compare
from gpu.bench.measure import Bench

NOTABLE = 1.05
_COLUMNS = ("n", "", "asked", "tok/s", "ans/s", "ttft50", "ttft99", "itl50", "itl99", "stall", "cached")
_LEGEND = (
    "n at once; ttft: ms to the first token, itl: ms between two tokens, each p50 and p99 over answers;"
    " stall: p99 of an answer's longest silence, ms."
)


def report_lines(load: Bench, found: Sequence[Measured]) -> Iterator[RenderableType]:
    """Yield the tables, one a node, and what was not measured."""
    work = load.workload
    answers = "JSON of a schema" if work.structured else "free text"
    yield Text(
        f"Windows of {work.messages} messages, answers of up to {work.tokens_out} tokens, {answers}; closed loop."
        f" Warm: the same channels, {work.grown} messages longer.",
        style="dim",
    )
    yield Text(_LEGEND, style="dim")
    for measured in found:
        yield Text(f"{measured.label} ({measured.model})", style="bold")
        yield _figures(measured)
        yield from _failures(measured)
        yield f"Prefix cache, cold over warm first token (p50): {_gains(measured)}"
    if len(found) == 2:
        yield from _comparison(found[0], found[1])
    yield "Not measured: " + "; ".join(_not_measured(found)) + "."


def report_json(load: Bench, found: Sequence[Measured]) -> dict[str, object]:
    """Return everything that was measured, with the load and what was not."""
    return {
        "load": asdict(load),
        "nodes": [
            {
                "label": measured.label,
                "model": measured.model,
                "levels": [_level(level) for level in measured.levels],
            }
            for measured in found
        ],
        "second_over_first": [asdict(ratio) for ratio in _ratios(found)],
        "not_measured": _not_measured(found),
    }


def _level(level: Level) -> dict[str, object]:
    return {
        "concurrency": level.concurrency,
        "gain": level.gain,
        **{name: _phase(phase) for name, phase in (("cold", level.cold), ("warm", level.warm))},
    }


def _phase(phase: Phase) -> dict[str, object]:
    return {
        **asdict(phase),
        "tokens_a_second": phase.tokens_a_second,
        "answers_a_second": phase.answers_a_second,
    }


def _figures(measured: Measured) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for title in _COLUMNS:
        table.add_column(title, justify="right", no_wrap=True)
    for level in measured.levels:
        for name, phase in (("cold", level.cold), ("warm", level.warm)):
            table.add_row(str(level.concurrency), name, *_row(phase))
    return table


def _row(phase: Phase) -> tuple[str, ...]:
    return (
        str(phase.asked),
        f"{phase.tokens_a_second:,.1f}",
        f"{phase.answers_a_second:,.2f}",
        *_milliseconds(phase.first),
        *_milliseconds(phase.between),
        _milliseconds(phase.stall)[1],
        "-" if (share := phase.hit if phase.hit is not None else phase.cached) is None else f"{share:.0%}",
    )


def _milliseconds(spread: Spread | None) -> tuple[str, str]:
    if spread is None:
        return "-", "-"
    p50, p99 = (
        f"{value * 1000:,.0f}" if value >= 0.1 else f"{value * 1000:,.1f}"
        for value in (spread.p50, spread.p99)
    )
    return p50, p99


def _failures(measured: Measured) -> Iterator[str]:
    """Yield one line a phase in which answers failed."""
    for level in measured.levels:
        for name, phase in (("cold", level.cold), ("warm", level.warm)):
            if phase.failed:
                kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(phase.failed.items()))
                yield f"Failed at {level.concurrency}, {name}: {kinds}."


def _gains(measured: Measured) -> str:
    return ", ".join(
        f"{level.gain:.2f}x at {level.concurrency}" for level in measured.levels if level.gain is not None
    )


def _comparison(first: Measured, second: Measured) -> Iterator[RenderableType]:
    """Yield the second node's speed over the first's; what helps is what helps at the load that is expected."""
    yield Text(f"{second.label} over {first.label}, cold; above 1 the second is faster", style="bold")
    table = Table("n", "tok/s", "itl50", "ttft50", "guesses kept", box=SIMPLE_HEAD, pad_edge=False)
    ratios = compare(first, second)
    for ratio in ratios:
        kept = "-" if ratio.accepted is None else f"{ratio.accepted:.0%}"
        table.add_row(
            str(ratio.concurrency), f"{ratio.tokens:.2f}", _times(ratio.between), _times(ratio.first), kept
        )
    yield table
    helps = [str(ratio.concurrency) for ratio in ratios if ratio.tokens >= NOTABLE]
    hurts = [str(ratio.concurrency) for ratio in ratios if ratio.tokens <= 1 / NOTABLE]
    yield (
        f"More tokens a second, by 5% or more, at {', '.join(helps) or 'no concurrency'};"
        f" fewer at {', '.join(hurts) or 'none'}."
    )


def _times(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _ratios(found: Sequence[Measured]) -> list[Ratio]:
    return compare(found[0], found[1]) if len(found) == 2 else []


def _not_measured(found: Sequence[Measured]) -> list[str]:
    gaps = list(dict.fromkeys(gap for measured in found for gap in measured.not_measured))
    return gaps if len(found) == 2 else [*gaps, "speculation (--compare URL, or --speculative)"]
