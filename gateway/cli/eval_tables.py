"""How evaluations look in a terminal."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager

from rich.box import SIMPLE_HEAD
from rich.console import Console, RenderableType
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from core.releases import Decision
from core.statistics import Interval
from prompt_eval.models import Result
from prompt_eval.report import Arm, Report

_COLOURS = {Decision.PASS: "bold green", Decision.FAIL: "bold red", Decision.INCONCLUSIVE: "bold yellow"}


class RateColumn(ProgressColumn):
    """Cases a second."""

    def render(self, task: Task) -> Text:
        """Return the rate, once there is one."""
        return Text(f"{task.speed:.1f}/s" if task.speed else "", style="dim")


@contextmanager
def progress_bar(console: Console, total: int) -> Generator[Callable[[Result], None]]:
    """Show a bar with rate and time left; give the function that is told of each result."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        RateColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    failed = 0
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("Evaluating", total=total)

        def advance(result: Result) -> None:
            nonlocal failed
            failed += bool(result.error)
            bar.update(
                task, advance=1, description=f"Evaluating ({failed} failed)" if failed else "Evaluating"
            )

        yield advance


def report_lines(report: Report) -> Iterator[RenderableType]:
    """Yield a report: what ran on what, the table, failures, the verdict with its reasons."""
    mine, other = report.candidate, report.baseline
    yield Text(f"{report.id}  {report.at:%Y-%m-%d %H:%MZ}  by {report.by}", style="dim")
    yield f"{report.dataset}: {report.cases} cases, sha256 {report.digest[:12]}"
    for side in filter(None, (mine, other)):
        model = f", {side.model}" if side.model else ""
        yield f"{side.task}@{side.version}{model}: {side.seconds_per_case * 1000:.1f} ms a case{_failed(side)}"
    yield _figures(report)
    yield Text("95% BCa bootstrap intervals over cases; a failed case counts as 0.", style="dim")
    if report.verdict is None:
        yield "No verdict: there was no baseline. Add --baseline lead-3."
        return
    decision = report.verdict.decision
    yield Text(str(decision), style=_COLOURS[decision])
    for reason in report.verdict.reasons:
        yield f"  {reason}"


def run_lines(reports: Sequence[Report]) -> Iterator[RenderableType]:
    """Yield one line an evaluation: id, when, verdict, what on what."""
    for report in reports:
        decision = report.verdict.decision if report.verdict else None
        against = f" against {report.baseline.task}" if report.baseline else ""
        yield Text.assemble(
            f"{report.id}  {report.at:%Y-%m-%d %H:%MZ}  ",
            (decision or "no verdict", _COLOURS[decision] if decision else "dim"),
            f"  {report.candidate.task}@{report.candidate.version}{against}, "
            f"{report.cases} cases of {report.dataset}, by {report.by}",
        )


def _figures(report: Report) -> Table:
    mine, other = report.candidate, report.baseline
    table = Table("metric", mine.task, box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    if other and report.evidence:
        table.add_column(other.task)
        table.add_column("difference")
    for metric in dict.fromkeys([*mine.means, *(other.means if other else ())]):
        row = [metric, _shown(mine.means.get(metric))]
        if other and report.evidence:
            row += [
                _shown(other.means.get(metric)),
                _shown(report.evidence.differences.get(metric), sign="+"),
            ]
        table.add_row(*row)
    return table


def _shown(interval: Interval | None, *, sign: str = "") -> str:
    """Return .271 [.265, .278], a bare .271 where there is no spread."""
    if interval is None:
        return "not measured"
    values = (interval.estimate, interval.low, interval.high)
    estimate, low, high = (f"{value:{sign}.3f}".replace("0.", ".", 1) for value in values)
    return estimate if interval.low == interval.high else f"{estimate} [{low}, {high}]"


def _failed(side: Arm) -> str:
    if not side.errors:
        return ""
    kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(side.errors.items()))
    return f", {sum(side.errors.values())} failed ({kinds})"
