"""`catchup eval`: what a summarizer does on a pinned dataset, with intervals, beside a baseline, through the gate."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.console import Console, RenderableType

from core.errors import InvalidFile
from gateway.app import Services
from gateway.cli.common import run as run_with
from gateway.cli.eval_tables import progress_bar, report_lines, run_lines
from gateway.cli.prompts import login
from gateway.eval_task import summarize_task
from prompt_eval.baselines import BASELINES
from prompt_eval.dataset import CaseSet, load
from prompt_eval.models import Result
from prompt_eval.policy import DEFAULT, read_policy
from prompt_eval.report import Report, to_json
from prompt_eval.scorers import all_scorers
from prompt_eval.scorers.rouge import rouge_scorer
from prompt_eval.service import Evaluation, Plan
from summarize.models import Detail

app = typer.Typer(
    name="eval",
    no_args_is_help=True,
    help="Score a summarizer on a dataset, compare it with a baseline, and hear the gate's verdict.",
)


class BaselineName(StrEnum):
    """What a candidate can be compared with."""

    LEAD_3 = "lead-3"
    LONGEST_3 = "longest-3"


class TaskName(StrEnum):
    """What can be evaluated."""

    SUMMARIZE = "summarize"


_TASKS = {TaskName.SUMMARIZE: summarize_task}


class References(StrEnum):
    """What several references make of a score."""

    MEAN = "mean"
    MAX = "max"


class Format(StrEnum):
    """How the rows of a dataset are laid out."""

    CASES = "cases"
    DIALOGSUM = "dialogsum"


@app.command()
def run(
    *,
    dataset: Annotated[Path, typer.Option(help="JSONL, CSV or Parquet.")],
    task: Annotated[TaskName, typer.Option(help="What to evaluate.")] = TaskName.SUMMARIZE,
    baseline: Annotated[
        BaselineName | None, typer.Option(help="What to compare with; needed for a verdict.")
    ] = None,
    policy: Annotated[
        Path, typer.Option(help="What the candidate must show, YAML.", show_default="the shipped one")
    ] = DEFAULT,
    format: Annotated[Format, typer.Option(help="Layout of the rows.")] = Format.CASES,
    detail: Annotated[Detail, typer.Option(help="How much the summarizer is asked for.")] = Detail.STANDARD,
    references: Annotated[References, typer.Option(help="ROUGE over several references.")] = References.MEAN,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first so many cases.")] = None,
    concurrency: Annotated[int, typer.Option(min=1, max=256, help="Cases at a time.")] = 4,
    json_out: Annotated[
        Path | None, typer.Option("--json", help="Write the report and every case, texts too, to this file.")
    ] = None,
    by: Annotated[str, typer.Option(help="Who runs it, for the audit log; your login if left out.")] = "",
) -> None:
    """Run a task over a dataset, through the same summarizer that serves, and keep the report.

    A case is {id, messages: [{id, author, ts, text, thread}], references: [...], slices: {...}}, one a line.

    Example: catchup eval run --dataset cases.jsonl --task summarize --baseline lead-3
    """
    _writable(json_out)
    console = Console(stderr=True)
    cases = _load(console, dataset, format, limit)
    plan = partial(
        Plan,
        cases=cases,
        policy=read_policy(policy),
        baseline=BASELINES[baseline] if baseline else None,
        scorers=[rouge_scorer(references.value) if s.name == "rouge" else s for s in all_scorers()],
        concurrency=concurrency,
    )

    async def work(services: Services) -> Evaluation:
        async with _TASKS[task](services.settings, detail) as candidate:
            with progress_bar(console, len(cases) * (2 if baseline else 1)) as bar:
                return await services.evaluator.evaluate(
                    plan(candidate=candidate), by=by or login(), progress=bar
                )

    evaluation = run_with(work)
    _print(report_lines(evaluation.report))
    if json_out is not None:
        json_out.write_bytes(_whole(evaluation, cases))
        console.print(f"Written to {json_out}.")


@app.command("list")
def list_runs(limit: Annotated[int, typer.Option(min=1, max=1000, help="How many.")] = 20) -> None:
    """List the newest evaluations.

    Example: catchup eval list
    """

    async def work(services: Services) -> list[Report]:
        return await services.evaluator.latest(limit)

    _print(run_lines(run_with(work)))


@app.command()
def show(
    id: Annotated[str, typer.Argument(help="The evaluation's id.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show one evaluation: figures, differences, verdict.

    Example: catchup eval show eval_5f0c2f8e1a7b4c3d9e6f0a1b
    """

    async def work(services: Services) -> Report:
        return await services.evaluator.find(id)

    report = run_with(work)
    if as_json:
        typer.echo(orjson.dumps(orjson.loads(to_json(report)), option=orjson.OPT_INDENT_2).decode())
    else:
        _print(report_lines(report))


def _load(console: Console, path: Path, format: Format, limit: int | None) -> CaseSet:
    with console.status("Loading the dataset"):
        return load(path, format=format, limit=limit)


def _print(lines: Iterable[RenderableType]) -> None:
    console = Console(highlight=False)
    for line in lines:
        console.print(line)


def _whole(evaluation: Evaluation, cases: CaseSet) -> bytes:
    """Return the report with every case; the file holds text of the dataset, as the dataset does."""
    theirs: list[Result | None] = list(evaluation.baseline) or [None] * len(cases)
    rows = [
        {"id": case.id, "slices": dict(case.slices), "candidate": mine, "baseline": other}
        for case, mine, other in zip(cases, evaluation.candidate, theirs, strict=True)
    ]
    report = orjson.loads(to_json(evaluation.report))
    return orjson.dumps({"report": report, "cases": rows}, option=orjson.OPT_INDENT_2)


def _writable(path: Path | None) -> None:
    """Raise before the work, not after it, if the report cannot be written."""
    if path is not None and not path.parent.is_dir():
        raise InvalidFile(
            "--json", str(path), "is in a folder that does not exist", remedy="Make the folder."
        )
